"""What a report says, as its template is told it."""

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from scipy.cluster.hierarchy import leaves_list, linkage, optimal_leaf_ordering

from skelflow.evaluation.evaluate import why_left_out
from skelflow.evaluation.metrics import ClassRow, Confusion, class_table, confusion_matrix
from skelflow.evaluation.predictions import Predicted
from skelflow.evaluation.statistics import bootstrap_interval
from skelflow.inference.checkpoint import Checkpoint
from skelflow.training.state import RunFolder
from skelflow.version import __version__
from skelflow.viz.page import Case, Failed
from skelflow.viz.report.answers import Answers
from skelflow.viz.report.charts import draw_charts
from skelflow.viz.report.players import Drawn, worst_first
from skelflow.viz.report.settings import describe_settings, read_facts
from skelflow.wording import counted

LINES = 12  # of the table of the worst mistakes
_COLUMNS = (
    ("action", ""),
    ("n", "number"),
    ("recall", ""),
    ("precision", ""),
    ("F1", "least"),
    ("most often taken for", ""),
)
_ORDERS = (
    ("number", "action number"),
    ("name", "name"),
    ("recall", "recall, worst first"),
    ("alike", "confused together"),
)

Rows = Sequence[ClassRow]


@dataclass(frozen=True)
class Accuracy:
    """How good a network is over some recordings.

    Parameters
    ----------
    recordings : how many.
    top1, low, high : share named right, and its 95 % interval, by drawing recordings anew.
    top5 : share whose truth is among the five most probable.
    mean_recall : mean over the actions that are there.
    """

    recordings: int
    top1: float
    low: float
    high: float
    top5: float
    mean_recall: float


def measure(predictions: Sequence[Predicted]) -> Accuracy:
    """Accuracy over at least one answer."""
    right = np.array([each.is_right for each in predictions], np.float64)
    low, high = bootstrap_interval(right)
    actions = {each.true_action for each in predictions}
    recalls = [
        np.mean([each.is_right for each in predictions if each.true_action == action])
        for action in actions
    ]
    return Accuracy(
        recordings=len(predictions),
        top1=float(right.mean()),
        low=low,
        high=high,
        top5=float(np.mean([each.rank_of_true <= 5 for each in predictions])),
        mean_recall=float(np.mean(recalls)),
    )


def describe_report(
    checkpoint: Checkpoint,
    run: Path,
    answers: Answers,
    accuracy: Accuracy,
    drawn: Sequence[Drawn],
    *,
    given: int,
    failed: Sequence[Failed],
    alike: Mapping[str, int],
    title: str | None,
) -> dict[str, Any]:
    """Everything that `report.html` shows.

    Parameters
    ----------
    checkpoint : of the network.
    run : as it was named; its learning curves are shown where it is a run folder.
    answers, accuracy : see `Answers` and `measure`.
    drawn : recordings that are shown frame by frame, worst first.
    given : how many recordings were named, to be shown.
    failed : recordings that are left out.
    alike : see `skelflow.viz.report.players.Found`.
    title : None = the network and its data set.
    """
    epochs = RunFolder(run, git="").metrics() if run.is_dir() else []
    rows, confusion = _tables(checkpoint, answers.predictions)
    players = {each.answer: number for number, each in enumerate(drawn, start=1)}
    charts = draw_charts(epochs)
    joints = _joints(checkpoint, answers)
    network, source = checkpoint.network.name, checkpoint.meta.source
    return {
        "title": title or f"{network} on {source}",
        "subtitle": _subtitle(answers, accuracy),
        "parts": _parts(charts, joints),
        "tiles": _tiles(checkpoint, accuracy, epochs),
        "notes": _notes(answers, failed, alike),
        "charts": charts,
        "curves_note": _curves_note(epochs),
        "orders": _ORDERS,
        "columns": [{"name": name, "kind": kind} for name, kind in _COLUMNS],
        "rows": _rows(rows, confusion),
        "joints": joints and {"note": joints["note"]},
        "worst": _worst(answers.predictions, players, given),
        "cases": [each.section for each in drawn],
        "cost": _cost(checkpoint, answers, accuracy, epochs, [each.case for each in drawn]),
        "settings": describe_settings(checkpoint),
        "versions": _versions(checkpoint),
        "data": {
            "names": [row.name for row in rows],
            "totals": [row.sequences for row in rows],
            "cells": _cells(confusion),
            "orders": _orders(rows, confusion),
            "examples": _examples(rows, answers.predictions, players),
            "scores": joints,
            "charts": [{key: chart[key] for key in ("x", "epochs", "told")} for chart in charts],
        },
    }


def _tables(checkpoint: Checkpoint, predictions: Sequence[Predicted]) -> tuple[Rows, Confusion]:
    """A row an action, and the confusion matrix, of the actions that occur."""
    occur = {n for each in predictions for n in (each.true_action, each.predicted_action)}
    named = zip(checkpoint.classes, checkpoint.class_names, strict=True)
    known = {action: name for action, name in named if action in occur}
    index = {action: i for i, action in enumerate(known)}
    truth = np.array([index[each.true_action] for each in predictions], np.int64)
    predicted = np.array([index[each.predicted_action] for each in predictions], np.int64)
    rows = class_table(predicted, truth, actions=list(known), names=list(known.values()))
    return rows, confusion_matrix(predicted, truth, classes=len(known))


def _subtitle(answers: Answers, accuracy: Accuracy) -> str:
    side = f"{answers.split} " if answers.split else ""
    under = f", protocol {answers.protocol}" if answers.protocol else ""
    return f"{accuracy.recordings} {side}recordings{under}; {answers.source}"


def _parts(charts: Sequence[object], joints: object) -> list[tuple[str, str]]:
    """Anchors and names of the parts that are there."""
    return [
        ("accuracy", "Accuracy"),
        *([("curves", "Learning curves")] if charts else []),
        ("confusion", "Confusion matrix"),
        ("actions", "Each action"),
        *([("joints", "Joints")] if joints else []),
        ("worst", "Worst mistakes"),
        ("cost", "Cost"),
        ("settings", "Configuration"),
        ("versions", "Versions"),
    ]


def _tiles(
    checkpoint: Checkpoint, accuracy: Accuracy, epochs: Sequence[Mapping[str, Any]]
) -> list[dict[str, str]]:
    interval = f"95 % interval {100 * accuracy.low:.1f} to {100 * accuracy.high:.1f} %"
    right = round(accuracy.top1 * accuracy.recordings)
    found = [
        ("top-1", _percent(accuracy.top1), interval),
        ("named right", f"{right} / {accuracy.recordings}", "recordings"),
        ("mean recall", _percent(accuracy.mean_recall), "over the actions"),
    ]
    if len(checkpoint.classes) > 5:
        found.insert(2, ("top-5", _percent(accuracy.top5), "truth among the five likeliest"))
    found.append(("parameters", f"{_parameters(checkpoint):,}", checkpoint.network.name))
    if epochs:
        found.append(("training", _duration(_training_s(epochs)), counted(len(epochs), "epoch")))
    return [{"name": name, "value": value, "note": note} for name, value, note in found]


def _notes(answers: Answers, failed: Sequence[Failed], alike: Mapping[str, int]) -> list[str]:
    notes = []
    if answers.untrained:
        left = ", ".join(f"{name} ({count})" for name, count in answers.untrained.items())
        notes.append(f"Left out, for the network was not trained on these actions: {left}.")
    if answers.trained_on:
        left = counted(answers.trained_on, "test recording")
        notes.append(f"Left out, for {why_left_out(answers.trained_by_labels)}: {left}.")
    if alike:
        names = ", ".join(f"{name} ({count})" for name, count in alike.items())
        notes.append(
            "Not shown frame by frame, for several of the recordings named on the command line are "
            f"called so, and which of them was tested is not known: {names}."
        )
    if failed:
        notes.append(f"{counted(len(failed), 'recording')} could not be read:")
    return notes + [f"{name}: {reason}" for name, reason in failed]


def _curves_note(epochs: Sequence[Mapping[str, Any]]) -> str:
    if not epochs:
        return ""
    kept = [line["epoch"] for line in epochs if line.get("kept")]
    chosen = epochs[-1].get("chosen_by", "last epoch")
    return f"The weights are of epoch {kept[-1] if kept else epochs[-1]['epoch']}, by {chosen}."


def _rows(rows: Rows, confusion: Confusion) -> list[dict[str, Any]]:
    """A row an action; precision is None for one that is never answered."""
    index = {row.name: i for i, row in enumerate(rows)}
    answered = confusion.sum(axis=0)
    return [
        {
            "index": i,
            "name": row.name,
            "sequences": row.sequences,
            "recall": row.recall if row.sequences else None,
            "precision": row.precision if answered[i] else None,
            "f1": row.f1 if row.sequences else None,
            "confused_with": row.confused_with,
            "confused_index": index.get(row.confused_with, 0),
        }
        for i, row in enumerate(rows)
    ]


def _cells(confusion: Confusion) -> list[list[int]]:
    """Row, column and count of what is not 0."""
    return [[int(i), int(j), int(confusion[i, j])] for i, j in np.argwhere(confusion)]


def _orders(rows: Rows, confusion: Confusion) -> dict[str, list[int]]:
    """Permutations of the actions by which the matrix is sorted."""
    every = range(len(rows))
    return {
        "number": sorted(every, key=lambda i: rows[i].action),
        "name": sorted(every, key=lambda i: rows[i].name),
        "recall": sorted(every, key=lambda i: (rows[i].recall, rows[i].name)),
        "alike": _confused_together(confusion),
    }


def _confused_together(confusion: Confusion) -> list[int]:
    """Actions that are taken for each other side by side, by average linkage."""
    count = len(confusion)
    if count < 3:
        return list(range(count))
    share = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    apart = 1 - np.minimum(share + share.T, 1)
    distances = np.asarray(apart[np.triu_indices(count, 1)])
    tree = optimal_leaf_ordering(linkage(distances, "average"), distances)
    return [int(i) for i in leaves_list(tree)]


def _examples(
    rows: Rows, predictions: Sequence[Predicted], players: Mapping[int, int]
) -> list[dict[str, Any]]:
    """Every answer, the surest first."""
    index = {row.action: i for i, row in enumerate(rows)}
    return [
        {
            "name": each.recording,
            "i": index[each.true_action],
            "j": index[each.predicted_action],
            "p": each.probability,
            "of_true": each.probability_of_true,
            "player": players.get(place),
        }
        for place, each in sorted(enumerate(predictions), key=lambda pair: -pair[1].probability)
    ]


def _joints(checkpoint: Checkpoint, answers: Answers) -> dict[str, Any] | None:
    """Scores of the actions of which there are recordings."""
    if answers.scores is None or not answers.joints:
        return None
    known = np.flatnonzero(np.isfinite(answers.scores).all(axis=1))
    return {
        "actions": [checkpoint.class_names[i] for i in known],
        "joints": [name.replace("_", " ") for name in answers.joints],
        "values": np.round(answers.scores[known].astype(float), 3).tolist(),
        "note": "; where several bodies are there, of the highest",
    }


def _worst(
    predictions: Sequence[Predicted], players: Mapping[int, int], given: int
) -> dict[str, Any]:
    wrong = [place for place in worst_first(predictions) if not predictions[place].is_right]
    shown = [vars(predictions[place]) | {"player": players.get(place)} for place in wrong[:LINES]]
    note = f"{len(wrong)} of {counted(len(predictions), 'recording')} named wrong"
    note += f"; the {len(shown)} of which the network was surest" if len(wrong) > LINES else ""
    if given and not players:
        note += f". Of {counted(given, 'recording')} on the command line none can be shown: none "
        note += "that can be read is the only one with the name of an answer"
    elif not players:
        note += ". Name recordings on the command line to see the worst of them frame by frame"
    title = "Worst mistakes" if wrong else "No mistakes; the least sure answers"
    return {"title": title, "note": f"{note}.", "lines": shown}


def _cost(
    checkpoint: Checkpoint,
    answers: Answers,
    accuracy: Accuracy,
    epochs: Sequence[Mapping[str, Any]],
    cases: Sequence[Case],
) -> list[tuple[str, str]]:
    found = [
        ("parameters", f"{_parameters(checkpoint):,}"),
        ("weights file", f"{checkpoint.path.stat().st_size / 1e6:.1f} MB"),
    ]
    if epochs:
        each = _training_s(epochs) / len(epochs)
        found.append(("training", f"{_duration(_training_s(epochs))}, {each:.0f} s an epoch"))
    if answers.seconds is not None:
        ms = 1000 * answers.seconds / accuracy.recordings
        found.append(("testing", f"{answers.seconds:.1f} s, {ms:.0f} ms a prepared recording"))
    found += _stages(cases)
    return found


def _stages(cases: Sequence[Case]) -> list[tuple[str, str]]:
    """Mean time of each stage over the recordings that are shown, which were read whole."""
    spent: dict[str, list[float]] = {}
    for case in cases:
        for stage, seconds in case.explanation.result.seconds.items():
            spent.setdefault(stage, []).append(seconds)
    return [
        (f"{stage}, a recording", f"{np.mean(seconds):.2f} s, mean of {len(seconds)} shown here")
        for stage, seconds in spent.items()
    ]


def _versions(checkpoint: Checkpoint) -> list[tuple[str, str]]:
    facts = read_facts(checkpoint)
    trained = [("trained by skelflow", facts["skelflow"])]
    trained += [(name, facts[name]) for name in ("git", "seed") if facts.get(name)]
    here = [(name, version(name)) for name in ("torch", "numpy")]
    return [
        ("weights", str(checkpoint.path)),
        ("SHA-256", checkpoint.sha256()),
        *trained,
        ("reported by skelflow", __version__),
        ("Python", platform.python_version()),
        *here,
    ]


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _parameters(checkpoint: Checkpoint) -> int:
    return sum(weight.numel() for weight in checkpoint.network.parameters())


def _training_s(epochs: Sequence[Mapping[str, Any]]) -> float:
    return sum(float(line.get("seconds") or 0.0) for line in epochs)


def _duration(seconds: float) -> str:
    """In the unit that suits.

    Examples
    --------
    >>> _duration(90), _duration(5400)
    ('90 s', '1.5 h')
    """
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
