"""Engines by name."""

from collections.abc import Callable

import torch
from torch import Tensor

from skelflow.datasets.loading.batch import Batch
from skelflow.errors import ConfigError
from skelflow.inference.engines.torch import run_by_torch
from skelflow.models.base import Network
from skelflow.settings import nearest_name

Engine = Callable[[Batch], Tensor]
_ENGINES: dict[str, Callable[[Network, torch.device], Engine]] = {}


def register_engine(name: str, make: Callable[[Network, torch.device], Engine]) -> None:
    """Let `Recognizer` run networks by an engine of that name.

    Parameters
    ----------
    name : as in `Recognizer.load(path, engine=name)`.
    make : of a network in evaluation mode and a device, makes a function from a batch on that
        device to (b, classes) logits. `torch.export.export` reads every network.

    Raises
    ------
    ConfigError
        The name is taken.
    """
    if name in _ENGINES:
        raise ConfigError(f"engine {name!r} is registered already; choose another name")
    _ENGINES[name] = make


def list_engines() -> list[str]:
    """Names that `make_engine` knows, sorted."""
    return sorted(_ENGINES)


def make_engine(name: str, network: Network, device: torch.device) -> Engine:
    """A function from batches to logits; `ConfigError` with the known names for an unknown one."""
    if name not in _ENGINES:
        raise ConfigError(f"engine: found {name!r}; {nearest_name(name, _ENGINES)}")
    return _ENGINES[name](network, device)


register_engine("torch", run_by_torch)
