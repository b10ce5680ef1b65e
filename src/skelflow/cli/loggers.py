"""Where the learning curves of a training run go, epoch by epoch."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

Log = Callable[[Mapping[str, Any]], None]  # takes an epoch's line of metrics.jsonl


def make_logger(name: str, run: Path) -> Log:
    """The logger of that name for a run folder.

    Parameters
    ----------
    name : "picture" (curves.png; nothing where matplotlib is not installed), "tensorboard", "none".
    run : the folder that the run writes into.

    Raises
    ------
    MissingExtraError
        tensorboard is asked for and not installed.
    """
    return {"picture": _picture, "tensorboard": _tensorboard, "none": _nothing}[name](run)


def _nothing(_: Path) -> Log:
    return lambda _: None


def _picture(run: Path) -> Log:
    try:
        import matplotlib  # noqa: F401
    except ModuleNotFoundError:
        return _nothing(run)
    from skelflow.training.state import RunFolder
    from skelflow.viz.curves import save_curves

    folder = RunFolder(run)
    return lambda _: save_curves(folder.metrics(), run / "curves.png")


def _tensorboard(run: Path) -> Log:
    from skelflow.experiments.tensorboard import make_log

    return make_log(run)
