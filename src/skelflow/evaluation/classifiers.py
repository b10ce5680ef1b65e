"""What simple classifiers reach: on a network's features, and on the joints alone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from jaxtyping import Float32, Float64, Int64
from torch.utils.data import DataLoader

from skelflow.datasets.catalog import find_data_set
from skelflow.datasets.loading.augment import resample
from skelflow.datasets.loading.clips import SkeletonDataset
from skelflow.datasets.protocols import split
from skelflow.datasets.sides import Side, check_side
from skelflow.datasets.store.store import Store
from skelflow.errors import ConfigError, DataError
from skelflow.evaluation.evaluate import not_trained_on, of_trained_actions
from skelflow.inference.checkpoint import Checkpoint
from skelflow.inference.compute import AUTO, make_accelerator, to_device
from skelflow.models.base import Network
from skelflow.skeleton.layouts import find_layout

Features = Float64[np.ndarray, "sequences d"]
FRAMES = 32  # of a resampled skeleton


def _svm() -> Any:
    from sklearn.pipeline import make_pipeline  # slow to import, and wanted here alone
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    return make_pipeline(StandardScaler(), SVC(kernel="linear"))


def _naive_bayes() -> Any:
    from sklearn.naive_bayes import GaussianNB
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), GaussianNB())


_CLASSIFIERS: dict[str, Callable[[], Any]] = {"svm": _svm, "naive_bayes": _naive_bayes}


@dataclass(frozen=True)
class ClassifierResult:
    """What a classifier reaches on the test side of a protocol.

    Parameters
    ----------
    classifier : "svm" or "naive_bayes".
    protocol : who trains and who tests.
    top1 : share of the test sequences named right.
    trained, tested : how many sequences.
    trained_on : further test sequences, which the network was trained on; they are left out.
    trained_by_labels : whether those are known by their labels alone, see `Evaluation`.
    truth, predicted : action number by test sequence.
    """

    classifier: str
    protocol: str
    top1: float
    trained: int
    tested: int
    truth: dict[str, int]
    predicted: dict[str, int]
    trained_on: int = 0
    trained_by_labels: bool = False


def classify_features(
    run: str | Path,
    store_path: str | Path,
    *,
    classifier: str = "svm",
    protocol: str | None = None,
    side: Side = "test",
    batch_size: int = 32,
    device: str = AUTO,
) -> ClassifierResult:
    """Fit a classifier on a trained network's last features, in place of its own head.

    Parameters
    ----------
    run : run folder, or checkpoint file; of `fused` it is the paper's comparison.
    store_path : prepared sequences.
    classifier : "svm" (linear) or "naive_bayes".
    protocol : None = the one the network was trained under.
    side : that tests the classifier. "test": all training recordings fit it; "held_out" or "train":
        those do that the network was fitted to, without the held-out subjects'.
    batch_size : samples at once.
    device : of the network, see `skelflow.inference.compute.find_device`.

    Raises
    ------
    ConfigError
        There is no such classifier, protocol, side or device.
    DataError, WeightsError
        See `skelflow.evaluation.evaluate.evaluate`.

    Notes
    -----
    Source: the paper, section 4.3. A sequence's features are the mean over its clips.
    """
    _check(classifier)
    checkpoint, store = Checkpoint.load(run), Store.open(store_path)
    check_side(side)
    name, trained_on = protocol or checkpoint.protocol, 0
    if side == "test":
        train, test = split(store.labels(), find_data_set(store.meta.source).protocol(name))
        test, trained_on = not_trained_on(checkpoint, store, test)
    else:
        train, test = (checkpoint.sequences(store, protocol, each) for each in ("train", side))
    accelerator = make_accelerator(device=device)
    features, truth, tested = [], [], []
    for chosen in (train, test):
        names, _ = of_trained_actions(checkpoint, store, chosen)
        tested.append(names)
        samples = checkpoint.samples(store, names)
        features.append(_extract(checkpoint.network, samples, accelerator, batch_size))
        truth.append(np.asarray(checkpoint.classes, np.int64)[samples.labels])
    found = _fit_and_test(classifier, name, features, truth, tested)
    return replace(found, trained_on=trained_on, trained_by_labels=not checkpoint.recordings)


def classify_joints(
    store_path: str | Path, *, classifier: str = "svm", protocol: str | None = None
) -> ClassifierResult:
    """The baseline: a classifier on root-centered joints, resampled to 32 frames.

    Raises
    ------
    ConfigError
        There is no such classifier or protocol.
    DataError
        The store has no skeletons, nothing trains or nothing tests, or a recording has no action.
    """
    _check(classifier)
    store = Store.open(store_path)
    if store.meta.layout is None:
        raise DataError(f"{store.path}: has no skeletons to classify")
    chosen, labels = find_data_set(store.meta.source).protocol(protocol), store.labels()
    sides = split(labels, chosen)
    for names, does in zip(sides, ("trains", "tests"), strict=True):
        if not names:
            raise DataError(f"{store.path}: no sequence {does} under {chosen.name!r}")
        if unlabeled := [name for name in names if labels[name].action is None]:
            raise DataError(f"{store.path}: {unlabeled[0]} has no action number")
    (train, test), truth = (
        [joint_features(store, names) for names in sides],
        [np.asarray([labels[name].action for name in names], np.int64) for names in sides],
    )
    return _fit_and_test(classifier, chosen.name, [train, test], truth, sides)


def joint_features(store: Store, names: Sequence[str]) -> Features:
    """Joints minus their body's root in each frame, 32 frames, missing ones 0, flattened."""
    layout, bodies = find_layout(str(store.meta.layout)), store.bodies()
    return np.stack([_flatten(store.joints_m(name), layout.root, bodies) for name in names])


def _flatten(
    joints_m: Float32[np.ndarray, "t bodies joints 3"], root: int, bodies: int
) -> Float64[np.ndarray, " d"]:
    centered = resample(joints_m - joints_m[:, :, root : root + 1], FRAMES)
    missing = bodies - centered.shape[1]
    padded = np.pad(centered, ((0, 0), (0, missing), (0, 0), (0, 0)))
    return np.nan_to_num(padded.astype(np.float64)).ravel()


@torch.no_grad()
def _extract(
    network: Network, samples: SkeletonDataset, accelerator: Accelerator, batch_size: int
) -> Features:
    """A network's last features of each sequence, the mean over its samples."""
    network.eval().to(accelerator.device)
    found: dict[int, list[Float64[np.ndarray, " d"]]] = {}
    for batch in DataLoader(samples, batch_size=batch_size):
        rows = network.features(to_device(batch, accelerator)).cpu().double().numpy()
        for number, row in zip(batch.index.tolist(), rows, strict=True):
            found.setdefault(number, []).append(row)
    return np.stack([np.mean(found[number], axis=0) for number in sorted(found)])


def _fit_and_test(
    classifier: str,
    protocol: str,
    features: Sequence[Float64[np.ndarray, "_ d"]],
    truth: Sequence[Int64[np.ndarray, " _"]],
    sides: Sequence[Sequence[str]],
) -> ClassifierResult:
    """Fit on the first side's rows, name those of the second."""
    fitted = _CLASSIFIERS[classifier]().fit(features[0], truth[0])
    predicted = fitted.predict(features[1])
    return ClassifierResult(
        classifier,
        protocol,
        top1=float((predicted == truth[1]).mean()),
        trained=len(sides[0]),
        tested=len(sides[1]),
        truth=dict(zip(sides[1], truth[1].tolist(), strict=True)),
        predicted=dict(zip(sides[1], predicted.tolist(), strict=True)),
    )


def _check(classifier: str) -> None:
    if classifier not in _CLASSIFIERS:
        known = ", ".join(_CLASSIFIERS)
        raise ConfigError(f"classifier: found {classifier!r}, expected one of: {known}")
