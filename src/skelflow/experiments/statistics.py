"""What a table says of its rows: mean and spread over seeds, intervals over recordings."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from skelflow.errors import DataError
from skelflow.evaluation.statistics import bootstrap_interval
from skelflow.experiments.results import RunResult

Values = Float64[np.ndarray, " recordings"]


@dataclass(frozen=True)
class Summary:
    """A row over its seeds.

    Parameters
    ----------
    row : its name.
    seeds, recordings : how many.
    top1, spread : mean, and standard deviation over seeds (NaN for a single one).
    low, high : 95 % interval of the mean, by drawing test recordings anew.
    top5 : mean; NaN where there is none.
    parameters : how many.
    seconds : of training, mean over the seeds.
    test_reads : how often the test split was read, all seeds together.
    """

    row: str
    seeds: int
    recordings: int
    top1: float
    spread: float
    low: float
    high: float
    top5: float
    parameters: int
    seconds: float
    test_reads: int


@dataclass(frozen=True)
class Difference:
    """One row minus another on the same recordings.

    Parameters
    ----------
    row, other : their names.
    top1 : mean difference of the share of right answers.
    low, high : its 95 % interval, by drawing test recordings anew, both rows' answers together.
    """

    row: str
    other: str
    top1: float
    low: float
    high: float


def summarize(results: Sequence[RunResult]) -> Summary:
    """A row over its seeds; `DataError` when they answer for different recordings."""
    shares = [result.top1 for result in results]
    right = _share_right(results)
    low, high = bootstrap_interval(right)
    top5 = [result.top5 for result in results if result.top5 is not None]
    return Summary(
        row=results[0].row,
        seeds=len(results),
        recordings=len(right),
        top1=float(np.mean(shares)),
        spread=float(np.std(shares, ddof=1)) if len(shares) > 1 else float("nan"),
        low=low,
        high=high,
        top5=float(np.mean(top5)) if top5 else float("nan"),
        parameters=results[0].parameters,
        seconds=float(np.mean([result.seconds for result in results])),
        test_reads=sum(result.test_reads for result in results),
    )


def compare(row: Sequence[RunResult], other: Sequence[RunResult]) -> Difference:
    """A row minus another, paired by recording; seeds are averaged before.

    Raises
    ------
    DataError
        They answer for different recordings.
    """
    _require_same([*row, *other])
    gain = _share_right(row) - _share_right(other)
    return Difference(row[0].row, other[0].row, float(gain.mean()), *bootstrap_interval(gain))


def _share_right(results: Sequence[RunResult]) -> Values:
    """For each recording, the share of the seeds that name it right."""
    _require_same(results)
    right: Values = np.asarray([result.right for result in results], np.float64).mean(axis=0)
    return right


def _require_same(results: Sequence[RunResult]) -> None:
    first = results[0]
    for result in results[1:]:
        if result.truth != first.truth:
            raise DataError(
                f"{first.row} and {result.row}: seeds {first.seed} and {result.seed} answer for "
                "different recordings, which cannot be compared; make one of them again"
            )
