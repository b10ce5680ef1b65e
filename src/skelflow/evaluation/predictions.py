"""What a network answers to each recording, as one line of predictions.csv."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import numpy as np
from jaxtyping import Float64

from skelflow.errors import DataError
from skelflow.io.files import read_text


@dataclass(frozen=True)
class Predicted:
    """An answer beside the truth.

    Parameters
    ----------
    recording : its name.
    true_action, true : number and name of the action that it shows.
    predicted_action, predicted : those of the answer.
    probability : of the answer.
    probability_of_true : of the action that it shows.
    rank_of_true : 1 = the answer is right, 2 = the truth is second, ...
    """

    recording: str
    true_action: int
    true: str
    predicted_action: int
    predicted: str
    probability: float
    probability_of_true: float
    rank_of_true: int

    @property
    def is_right(self) -> bool:
        """Whether the answer is the truth."""
        return self.true_action == self.predicted_action

    @property
    def surer_of_wrong(self) -> float:
        """How much surer the network was of its answer; the worst mistakes have most.

        Right answers have less than nothing, the surest the least.
        """
        if self.is_right:
            return -self.probability
        return self.probability - self.probability_of_true


def describe_answer(
    recording: str,
    probabilities: Float64[np.ndarray, " classes"],
    truth: int,
    *,
    actions: Sequence[int],
    names: Sequence[str],
) -> Predicted:
    """An answer as a line.

    Parameters
    ----------
    recording : its name.
    probabilities : (classes,); of equal ones, the class with the lower index comes first.
    truth : class index of the action that it shows.
    actions, names : number and name of each class.

    Examples
    --------
    >>> line = describe_answer(
    ...     "a1", np.float64([0.7, 0.3]), 1, actions=(4, 9), names=("sit", "wave")
    ... )
    >>> line.predicted, line.true, line.rank_of_true
    ('sit', 'wave', 2)
    """
    order = np.argsort(-probabilities, kind="stable").tolist()
    best = order[0]
    return Predicted(
        recording=recording,
        true_action=int(actions[truth]),
        true=names[truth],
        predicted_action=int(actions[best]),
        predicted=names[best],
        probability=round(float(probabilities[best]), 6),
        probability_of_true=round(float(probabilities[truth]), 6),
        rank_of_true=order.index(truth) + 1,
    )


def to_csv(predictions: Iterable[Predicted]) -> str:
    """A line a recording below a line of titles."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([field.name for field in fields(Predicted)])
    writer.writerows(astuple(each) for each in predictions)
    return text.getvalue()


def read_predictions(path: Path) -> tuple[Predicted, ...]:
    """The lines of a predictions.csv.

    Raises
    ------
    DataError
        The file is missing, or none that `skelflow evaluate` wrote.
    """
    rows = csv.DictReader(io.StringIO(read_text(path, refusal=DataError)))
    try:
        return tuple(
            Predicted(
                recording=row["recording"],
                true_action=int(row["true_action"]),
                true=row["true"],
                predicted_action=int(row["predicted_action"]),
                predicted=row["predicted"],
                probability=float(row["probability"]),
                probability_of_true=float(row["probability_of_true"]),
                rank_of_true=int(row["rank_of_true"]),
            )
            for row in rows
        )
    except (KeyError, TypeError, ValueError, csv.Error) as error:
        raise DataError(
            f"{path}: not the predictions that `skelflow evaluate` writes ({error!r}); "
            "delete it and test again"
        ) from error
