"""Prepare a folder of recordings into a store of sequences."""

from skelflow.datasets.prepare.config import PrepareConfig
from skelflow.datasets.prepare.run import PrepareReport, prepare

__all__ = ["PrepareConfig", "PrepareReport", "prepare"]
