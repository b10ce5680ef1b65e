"""Prepare a folder of recordings into a store of sequences.

`prepare` is loaded when it is first asked for: dask, which runs its workers, loads slowly, and the
recognizer prepares one recording without it.
"""

from typing import TYPE_CHECKING, Any

from skelflow.datasets.prepare.config import PrepareConfig

if TYPE_CHECKING:
    from skelflow.datasets.prepare.run import PrepareReport, prepare

__all__ = ["PrepareConfig", "PrepareReport", "prepare"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from skelflow.datasets.prepare import run

    return getattr(run, name)
