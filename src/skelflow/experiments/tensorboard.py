"""Learning curves for TensorBoard."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from skelflow.extras import MissingExtraError


def make_log(run: Path) -> Callable[[Mapping[str, Any]], None]:
    """A function that takes an epoch's line of metrics.jsonl and writes it below RUN/tensorboard.

    Raises
    ------
    MissingExtraError
        tensorboard is not installed.
    """
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise MissingExtraError("tensorboard") from None
    writer: Any = None

    def log(metrics: Mapping[str, Any]) -> None:
        nonlocal writer
        if writer is None:  # not before the run has claimed its folder
            writer = SummaryWriter(str(run / "tensorboard"))
        for key, value in metrics.items():
            if isinstance(value, int | float) and not isinstance(value, bool) and key != "epoch":
                writer.add_scalar(key, value, metrics["epoch"])
        writer.flush()

    return log
