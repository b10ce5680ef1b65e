"""The store: prepared sequences on disk."""

from skelflow.datasets.store.store import Store

__all__ = ["Store"]
