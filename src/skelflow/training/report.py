"""What a run reports: after each step, and at its end."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class StepReport:
    """How far a run is, after a step.

    Parameters
    ----------
    epoch, step : of `epochs` and `steps`, from 1.
    loss : mean over the epoch so far.
    metrics : the epoch's line of metrics.jsonl, at its last step; else None.
    """

    epoch: int
    epochs: int
    step: int
    steps: int
    loss: float
    metrics: Mapping[str, Any] | None = None


Progress = Callable[[StepReport], None]


@dataclass(frozen=True)
class TrainResult:
    """The outcome of a run.

    Parameters
    ----------
    weights : the checkpoint that was chosen.
    epoch : the epoch it is of, from 1.
    chosen_by : "held-out subjects" or "last epoch".
    held_out_top1 : its accuracy on the held-out subjects, None when there are none.
    """

    weights: Path
    epoch: int
    chosen_by: str
    held_out_top1: float | None
