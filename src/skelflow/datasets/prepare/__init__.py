"""From a folder of recordings to a store of prepared sequences."""

from skelflow.datasets.prepare.config import PrepareConfig
from skelflow.datasets.prepare.run import PrepareReport, prepare

__all__ = ["PrepareConfig", "PrepareReport", "prepare"]
