"""Engines run a network: each makes, of a network and a device, a function to logits."""

from skelflow.inference.engines.compiled import Engine
from skelflow.inference.engines.registry import list_engines, make_engine, register_engine

__all__ = ["Engine", "list_engines", "make_engine", "register_engine"]
