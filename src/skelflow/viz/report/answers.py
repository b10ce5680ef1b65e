"""Where a report's answers come from: a store, an earlier evaluation, or recordings."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from skelflow.datasets.sides import Side
from skelflow.datasets.store.store import Store
from skelflow.errors import DataError
from skelflow.evaluation.evaluate import evaluate, evaluation_folder
from skelflow.evaluation.joint_scores import Scores, joint_scores
from skelflow.evaluation.predictions import Predicted, describe_answer, read_predictions
from skelflow.inference import Explanation, Result
from skelflow.inference.checkpoint import Checkpoint
from skelflow.io.documents import read_json
from skelflow.skeleton.layouts import find_layout

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Answers:
    """What a network answered, and to what.

    Parameters
    ----------
    predictions : one a recording.
    source : where they come from, a sentence.
    protocol, split : which recordings; "" where recordings were named one by one.
    seconds : testing took; None where it is not known.
    untrained : action that was not trained -> its recordings, which are left out.
    trained_on : test recordings that the network was trained on, which are left out.
    trained_by_labels : whether those are known by their labels alone, see `Evaluation`.
    scores : (classes, joints), see `joint_scores`; None where they are not known.
    joints : names of the joints; empty without scores.
    """

    predictions: tuple[Predicted, ...]
    source: str
    protocol: str = ""
    split: str = ""
    seconds: float | None = None
    untrained: Mapping[str, int] = field(default_factory=dict)
    trained_on: int = 0
    trained_by_labels: bool = False
    scores: Scores | None = None
    joints: tuple[str, ...] = ()


def answers_of_store(
    checkpoint: Checkpoint,
    store: str | Path,
    *,
    protocol: str | None,
    split: Side,
    device: str,
    progress: Progress,
) -> Answers:
    """Test the network on one side of a protocol, see `evaluate` for what is raised."""
    result = evaluate(
        checkpoint.path, store, protocol=protocol, split=split, device=device, progress=progress
    )
    scores = joint_scores(checkpoint, Store.open(store), result.names)
    return Answers(
        result.predictions,
        source=f"tested for this report on {store}",
        protocol=result.protocol,
        split=result.split,
        seconds=result.seconds,
        untrained=result.untrained,
        trained_on=result.trained_on,
        trained_by_labels=result.trained_by_labels,
        scores=scores,
        joints=() if scores is None else _joint_names(checkpoint),
    )


def find_evaluation(checkpoint: Checkpoint) -> Path | None:
    """The folder that `skelflow evaluate` made beside the weights; None where there is none."""
    folder = evaluation_folder(checkpoint.path)
    return folder if (folder / "evaluation.json").exists() else None


def answers_of_evaluation(checkpoint: Checkpoint, folder: Path) -> Answers:
    """What `skelflow evaluate` left beside the weights.

    Raises
    ------
    DataError
        It is of other weights, of a version that kept no answers, or damaged.
    """
    facts = read_json(folder / "evaluation.json", refusal=DataError)
    again = "test again with `skelflow evaluate`, or name the store with --store"
    if not isinstance(facts, dict) or not (folder / "predictions.csv").exists():
        raise DataError(f"{folder}: does not hold the answer to each recording; {again}")
    if facts.get("weights_sha256") != checkpoint.sha256():
        raise DataError(f"{folder}: was made by other weights than {checkpoint.path}; {again}")
    return Answers(
        read_predictions(folder / "predictions.csv"),
        source=f"tested before, read from {folder}",
        protocol=str(facts.get("protocol", "")),
        split=str(facts.get("split", "")),
        seconds=facts.get("seconds"),
        untrained=facts.get("untrained", {}),
        trained_on=facts.get("trained_on", 0),
        trained_by_labels=facts.get("trained_by_labels", True),
    )


def answer_to(checkpoint: Checkpoint, truth: int, explanation: Explanation) -> Predicted:
    """The answer to one recording; `truth` is the class index of the action that it shows."""
    row = np.asarray(explanation.clip_probabilities.mean(axis=0), np.float64)
    return describe_answer(
        explanation.result.recording,
        row,
        truth,
        actions=checkpoint.classes,
        names=checkpoint.class_names,
    )


def answers_of_recordings(
    checkpoint: Checkpoint,
    lines: Sequence[Predicted],
    results: Sequence[Result],
    *,
    left_out: int,
) -> Answers:
    """What the network said of recordings that were named one by one.

    Parameters
    ----------
    checkpoint : of the network.
    lines, results : of each recording, in the same order.
    left_out : recordings whose action is not known, or none of the network's.
    """
    others = f"; {left_out} without a known action are left out" if left_out else ""
    scored = [
        (checkpoint.classes.index(line.true_action), result.scores)
        for line, result in zip(lines, results, strict=True)
        if result.scores
    ]
    joints = tuple(scored[0][1][0]) if scored else ()
    scores = np.full((len(checkpoint.classes), len(joints)), np.nan, np.float32)
    for action in {action for action, _ in scored}:
        best = [
            np.max([list(of.values()) for of in bodies], axis=0)
            for own, bodies in scored
            if own == action
        ]
        scores[action] = np.mean(best, axis=0)
    return Answers(
        tuple(lines),
        source=f"recognized for this report, one by one{others}",
        scores=scores if scored else None,
        joints=joints,
    )


def _joint_names(checkpoint: Checkpoint) -> tuple[str, ...]:
    layout = checkpoint.meta.layout
    return () if layout is None else tuple(find_layout(layout).joints)
