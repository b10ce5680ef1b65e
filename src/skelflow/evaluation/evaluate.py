"""A trained network on the recordings of one side of a protocol."""

import csv
import io
import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, field, fields
from pathlib import Path

import numpy as np
from accelerate import Accelerator

from skelflow.datasets.loading.clips import SkeletonDataset
from skelflow.datasets.sides import Side, check_side
from skelflow.datasets.store.store import Store
from skelflow.errors import DataError
from skelflow.evaluation.metrics import (
    ClassRow,
    Confusion,
    Probabilities,
    Truth,
    class_table,
    confusion_matrix,
    top_k_accuracy,
)
from skelflow.evaluation.predictions import Predicted, describe_answer, to_csv
from skelflow.inference.checkpoint import Checkpoint
from skelflow.inference.compute import AUTO, gathered_logits, make_accelerator, shared_loader
from skelflow.inference.engines import Engine, device_of, make_engine
from skelflow.inference.exported.formats import Precision, format_of
from skelflow.io.atomic import atomic_write, storage_errors
from skelflow.models.base import Network
from skelflow.version import __version__

EVALUATION = "evaluation"  # folder of an evaluation in the folder of its run

Progress = Callable[[int, int], None]  # samples done, of how many


@dataclass(frozen=True)
class Evaluation:
    """How good a network is.

    Parameters
    ----------
    weights, model : the checkpoint and the network's name.
    protocol, split : which recordings.
    sequences, samples : how many of them, and how many clips (or skeletons) they gave.
    top1, top5 : share of the sequences named right, or among the five most probable.
    mean_recall : mean over the classes.
    classes : one row a class.
    confusion : rows are the true classes, columns the predicted ones.
    names, probabilities, truth : of each sequence.
    seconds : it took.
    untrained : name of each action that was not trained -> its sequences, which are left out.
    unlike_training : what the flow of so many sequences saw beside depth, that of none of the
        training's: intensity -> count.
    trained_on : test sequences that the network was trained on; they are left out.
    trained_by_labels : whether those are known by their labels alone, for the network, of an
        earlier version, does not say which recordings it was trained on.
    weights_sha256 : of the checkpoint's file, by which a report knows it again.
    """

    weights: str
    model: str
    protocol: str
    split: Side
    sequences: int
    samples: int
    top1: float
    top5: float
    mean_recall: float
    classes: tuple[ClassRow, ...]
    confusion: Confusion
    names: tuple[str, ...]
    probabilities: Probabilities
    truth: Truth
    seconds: float
    untrained: Mapping[str, int] = field(default_factory=dict)
    unlike_training: Mapping[str, int] = field(default_factory=dict)
    trained_on: int = 0
    trained_by_labels: bool = False
    weights_sha256: str = ""

    @property
    def class_names(self) -> tuple[str, ...]:
        """In the order of the confusion matrix."""
        return tuple(row.name for row in self.classes)

    @property
    def predictions(self) -> tuple[Predicted, ...]:
        """The answer to each sequence."""
        actions, names = [row.action for row in self.classes], self.class_names
        return tuple(
            describe_answer(name, row, int(truth), actions=actions, names=names)
            for name, row, truth in zip(self.names, self.probabilities, self.truth, strict=True)
        )

    def summary(self) -> dict[str, object]:
        """The figures alone, as evaluation.json holds them."""
        arrays = ("classes", "confusion", "names", "probabilities", "truth")
        plain = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in arrays}
        return {"skelflow": __version__, **plain}


def evaluate(
    run: str | Path,
    store_path: str | Path,
    *,
    protocol: str | None = None,
    split: Side = "test",
    batch_size: int = 32,
    device: str = AUTO,
    engine: str | None = None,
    precision: Precision = "float32",
    out: str | Path | None = None,
    progress: Progress = lambda *_: None,
) -> Evaluation:
    """Evaluate a trained network; a sequence's answer is the mean over its clips' probabilities.

    Parameters
    ----------
    run : run folder, or checkpoint file.
    store_path : prepared sequences.
    protocol : who trains and who tests; None = the one it was trained under.
    split : "test", "held_out" (the subjects that chose the checkpoint) or "train".
    batch_size : samples at once.
    device : "cpu", "cuda", "cuda:1", "mps"; "auto" takes an accelerator where there is one.
    engine, precision : what runs the network, see `skelflow.inference.recognizer.Recognizer`.
    out : folder for evaluation.json, predictions.csv, per_class.csv and confusion.csv; None =
        nothing is written.
    progress : called after each batch with (samples done, all samples).

    Raises
    ------
    WeightsError
        The checkpoint cannot be used.
    DataError
        The store was prepared differently, or holds nothing of that side, or no trained action, or
        the network was trained on all that tests.
    ConfigError
        The protocol or the split is unknown, or there is no such device, engine or precision.

    Notes
    -----
    Source: the paper, section 4.2.
    """
    check_side(split)
    before, checkpoint, store = time.monotonic(), Checkpoint.load(run), Store.open(store_path)
    accelerator = make_accelerator(device=device_of(device, engine, checkpoint.network))
    names, trained_on = checkpoint.sequences(store, protocol, split), 0
    if split == "test":
        names, trained_on = not_trained_on(checkpoint, store, names)
    names, untrained = of_trained_actions(checkpoint, store, names)
    samples = checkpoint.samples(store, names)
    logits = make_engine(engine, checkpoint.network, accelerator.device, precision)
    count = len(checkpoint.classes)
    probabilities = _predict(logits, count, samples, accelerator, batch_size, progress)
    truth = np.asarray(samples.labels, np.int64)
    predicted = probabilities.argmax(axis=1)
    actions, titles = checkpoint.classes, checkpoint.class_names
    table = class_table(predicted, truth, actions=actions, names=titles)
    result = Evaluation(
        weights=str(checkpoint.path),
        model=checkpoint.network.name,
        protocol=protocol or checkpoint.protocol,
        split=split,
        sequences=len(names),
        samples=len(samples),
        top1=top_k_accuracy(probabilities, truth, k=1),
        top5=top_k_accuracy(probabilities, truth, k=5),
        mean_recall=float(np.mean([row.recall for row in table if row.sequences])),
        classes=table,
        confusion=confusion_matrix(predicted, truth, classes=len(actions)),
        names=tuple(names),
        probabilities=probabilities,
        truth=truth,
        seconds=round(time.monotonic() - before, 3),
        untrained=untrained,
        unlike_training=_unlike_training(checkpoint, store, names),
        trained_on=trained_on,
        trained_by_labels=not checkpoint.recordings,
        weights_sha256=checkpoint.sha256(),
    )
    if out is not None and accelerator.is_main_process:
        write_evaluation(result, out)
    return result


def _unlike_training(checkpoint: Checkpoint, store: Store, names: Sequence[str]) -> dict[str, int]:
    """Intensities that flow of the training never saw, and how many sequences' flow did."""
    known = checkpoint.intensities
    if not known or not checkpoint.network.config.reads_clips:
        return {}
    seen = Counter(str(store.attributes(name)["intensity"]) for name in names)
    return {intensity: count for intensity, count in seen.items() if intensity not in known}


def not_trained_on(
    checkpoint: Checkpoint, store: Store, names: Sequence[str]
) -> tuple[list[str], int]:
    """Sequences that a network has not seen, the held-out ones neither, and how many it has.

    Raises
    ------
    DataError
        It has seen all of them.
    """
    trained = checkpoint.trained(store, names)
    others = [name for name in names if name not in trained]
    if names and not others:
        told = "" if checkpoint.recordings else ", by their labels,"
        raise DataError(
            f"{store.path}: {checkpoint.path} was trained, under {checkpoint.protocol!r}, on{told} "
            f"all {len(names)} sequences that would test it; train a network under the protocol "
            "that shall test it"
        )
    return others, len(names) - len(others)


def why_left_out(by_labels: bool) -> str:
    """Why test sequences that trained are left out, see `Evaluation.trained_by_labels`."""
    if by_labels:
        return "they train, by their labels, under the protocol of the network's own training"
    return "the network was trained on them"


def of_trained_actions(
    checkpoint: Checkpoint, store: Store, names: Sequence[str]
) -> tuple[list[str], dict[str, int]]:
    """Sequences of the classes, and how many there are of each other action.

    An action of another name is another one, though its number is the same: another data set's.

    Raises
    ------
    DataError
        None of them is of an action that was trained.
    """
    actions = {name: store.attributes(name)["labels"]["action"] for name in names}
    own, titles = checkpoint.meta.class_names, store.meta.class_names
    renamed = {action for action in {*own} & {*titles} if own[action] != titles[action]}
    trained = {*checkpoint.classes} - renamed
    known = [name for name in names if actions[name] in trained]
    others = [actions[name] for name in names if actions[name] not in trained]
    if not known:
        raise DataError(
            f"{store.path}: none of the {len(names)} sequences is of an action that "
            f"{checkpoint.path} was trained on ({', '.join(checkpoint.class_names)})"
        )
    counts = Counter(titles.get(action, f"action {action}") for action in others)
    return known, dict(counts)


def predict(
    network: Network,
    samples: SkeletonDataset,
    *,
    batch_size: int = 32,
    device: str = AUTO,
    progress: Progress = lambda *_: None,
) -> Probabilities:
    """Class probabilities of each sequence, the mean over its samples.

    Samples are shared by the processes of a launch; every process gets the whole answer. The
    network is left in evaluation mode, on the device that computed.
    """
    accelerator = make_accelerator(device=device_of(device, None, network))
    logits = make_engine(None, network, accelerator.device)
    classes = network.config.classes
    return _predict(logits, classes, samples, accelerator, batch_size, progress)


def _predict(
    logits_of: Engine,
    classes: int,
    samples: SkeletonDataset,
    accelerator: Accelerator,
    batch_size: int,
    progress: Progress,
) -> Probabilities:
    sums = np.zeros((len(samples.names), classes))
    counts, done = np.zeros(len(sums)), 0
    loader = shared_loader(samples, accelerator, batch_size=batch_size)
    for logits, _, sequence in gathered_logits(logits_of, loader, accelerator):
        index = sequence.cpu().numpy()
        np.add.at(sums, index, logits.cpu().double().softmax(dim=1).numpy())
        np.add.at(counts, index, 1)
        done += len(index)
        if accelerator.is_main_process:
            progress(done, len(samples))
    return np.asarray(sums / np.maximum(counts, 1)[:, None])


def evaluation_folder(path: str | Path) -> Path:
    """Where an evaluation is kept: in the run's folder, beside a weights file, beside an export.

    Parameters
    ----------
    path : of a run folder, or of a checkpoint in it; or of an exported network, whose evaluation
        has a name of its own, for the run's may be there too.
    """
    path = Path(path)
    if format_of(path) is not None:
        path = path.resolve()  # "." has no name
        return path.with_name(f"{path.name.replace('.', '_')}_{EVALUATION}")
    return (path if path.is_dir() else path.parent) / EVALUATION


def write_evaluation(result: Evaluation, out: str | Path) -> None:
    """Write evaluation.json and the tables beside it into a folder, which is made."""
    out = Path(out)
    with storage_errors(out):
        out.mkdir(parents=True, exist_ok=True)
    _write(out / "evaluation.json", json.dumps(result.summary(), indent=2) + "\n")
    _write(out / "predictions.csv", to_csv(result.predictions))
    titles = [f.name for f in fields(ClassRow)]
    _write(out / "per_class.csv", _csv([titles, *(astuple(row) for row in result.classes)]))
    rows = zip(result.class_names, result.confusion.tolist(), strict=True)
    counts = [[name, *row] for name, row in rows]
    _write(out / "confusion.csv", _csv([["true \\ predicted", *result.class_names], *counts]))


def _csv(rows: Iterable[Iterable[object]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _write(path: Path, text: str) -> None:
    with atomic_write(path) as aside:
        aside.write_text(text, encoding="utf-8")
