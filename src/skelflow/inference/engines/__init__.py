"""Engines run a network: each makes, of a network and a device, a function to logits."""

from skelflow.inference.engines.compiled import Engine
from skelflow.inference.engines.registry import (
    device_of,
    list_engines,
    make_engine,
    register_engine,
)

__all__ = ["Engine", "device_of", "list_engines", "make_engine", "register_engine"]
