"""How good predictions are: top-k accuracy, a table by class, the confusion matrix."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int64

from skelflow.errors import ConfigError

Probabilities = Float[np.ndarray, "sequences classes"]
Truth = Int64[np.ndarray, " sequences"]
Confusion = Int64[np.ndarray, "classes classes"]


@dataclass(frozen=True)
class ClassRow:
    """How well one action is recognized.

    Parameters
    ----------
    action, name : the data set's number and name.
    sequences : how many there are of it.
    correct : how many of them are named right.
    recall, precision, f1 : in [0, 1].
    confused_with : name of the action it is most often taken for; "" when it never is.
    """

    action: int
    name: str
    sequences: int
    correct: int
    recall: float
    precision: float
    f1: float
    confused_with: str


def top_k_accuracy(probabilities: Probabilities, truth: Truth, *, k: int = 1) -> float:
    """Share of sequences whose true class is among the k most probable.

    Of equally probable classes, the ones with lower index come first.

    Raises
    ------
    ConfigError
        k is below 1.

    Examples
    --------
    >>> top_k_accuracy(np.float64([[0.6, 0.4], [0.9, 0.1]]), np.int64([0, 1]))
    0.5
    """
    if k < 1:
        raise ConfigError(f"top_k_accuracy: k must be at least 1, found {k}")
    best = np.argsort(-probabilities, axis=1, kind="stable")[:, :k]
    return float((best == truth[:, None]).any(axis=1).mean())


def confusion_matrix(predicted: Truth, truth: Truth, *, classes: int) -> Confusion:
    """Counts: rows are the true classes, columns the predicted ones."""
    counts = np.zeros((classes, classes), np.int64)
    np.add.at(counts, (truth, predicted), 1)
    return counts


def class_table(
    predicted: Truth, truth: Truth, *, actions: Sequence[int], names: Sequence[str]
) -> tuple[ClassRow, ...]:
    """One row a class, in the order of the class indices."""
    confusion = confusion_matrix(predicted, truth, classes=len(actions))
    right, named, there = confusion.diagonal(), confusion.sum(axis=0), confusion.sum(axis=1)
    recall, precision = _share(right, there), _share(right, named)
    f1 = _share(2 * right, named + there)
    others = confusion - np.diag(confusion.diagonal())
    return tuple(
        ClassRow(
            action=int(action),
            name=names[i],
            sequences=int(there[i]),
            correct=int(right[i]),
            recall=float(recall[i]),
            precision=float(precision[i]),
            f1=float(f1[i]),
            confused_with=names[int(others[i].argmax())] if others[i].any() else "",
        )
        for i, action in enumerate(actions)
    )


def _share(part: Truth, whole: Truth) -> Float[np.ndarray, " classes"]:
    """0 of nothing."""
    return np.asarray(np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0))
