"""Engines by name and precision."""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from skelflow.datasets.loading.batch import Batch
from skelflow.errors import ConfigError, WeightsError
from skelflow.inference.compute import AUTO
from skelflow.inference.engines.compiled import Engine
from skelflow.inference.engines.onnxruntime import run_by_onnxruntime
from skelflow.inference.engines.openvino import run_by_openvino
from skelflow.inference.engines.torch import run_by_torch, run_by_torch_in_bfloat16
from skelflow.inference.exported.formats import FORMATS, Precision
from skelflow.io.plugins import load_plugins
from skelflow.models.base import Network
from skelflow.settings import nearest_name

Maker = Callable[[Network, torch.device], Engine]
_ENGINES: dict[tuple[str, str], Maker] = {}


def register_engine(name: str, make: Maker, *, precision: Precision = "float32") -> None:
    """Let `Recognizer` run networks by an engine of that name.

    Parameters
    ----------
    name : as in `Recognizer.load(path, engine=name)`.
    make : of a network in evaluation mode and a device, makes a function from a batch on that
        device to (b, classes) logits. `torch.export.export` reads every network.
    precision : in which it then computes; an engine of several is registered for each.

    Raises
    ------
    ConfigError
        The name is taken.
    """
    if (name, precision) in _ENGINES:
        raise ConfigError(f"engine {name!r} is registered already; choose another name")
    _ENGINES[name, precision] = make


def list_engines() -> list[str]:
    """Names that `make_engine` knows, sorted; those of installed packages are among them."""
    load_plugins()
    return sorted(_names())


def _names() -> set[str]:
    return {name for name, _ in _ENGINES}


def make_engine(
    name: str | None, network: Network, device: torch.device, precision: str = "float32"
) -> Engine:
    """A function from batches to logits.

    Parameters
    ----------
    name : of an engine; None = torch, or the only one that runs an exported network.
    network, device : see `register_engine`.
    precision : "float32" or "bfloat16", which is quicker where the processor knows it, and coarser.

    Raises
    ------
    ConfigError
        There is no such engine, or none in that precision; those that are there are named. Or the
        network is a file for another engine.
    WeightsError
        When it is called: an answer is not a number.
    """
    name = name or network.engine or "torch"
    if name not in _names():
        load_plugins()
    if name not in _names():
        raise ConfigError(f"engine: found {name!r}; {nearest_name(name, _names())}")
    if network.engine not in (None, name):
        raise ConfigError(
            f"engine: found {name!r}, but the network was exported for {network.engine!r}; load "
            "the weights that it was made from"
        )
    if (name, precision) not in _ENGINES:
        known = ", ".join(repr(each) for engine, each in _ENGINES if engine == name)
        raise ConfigError(f"precision: found {precision!r}, engine {name!r} computes in {known}")
    return _answering_in_numbers(network.name, _ENGINES[name, precision](network, device))


def device_of(asked: str, engine: str | None, network: Network) -> str:
    """The name of a device, of "auto" the processor's where the engine computes on no other.

    Parameters
    ----------
    asked : see `skelflow.inference.compute.find_device`.
    engine, network : see `make_engine`.
    """
    of_files = {form.engine for form in FORMATS.values()}
    return "cpu" if asked == AUTO and (engine or network.engine) in of_files else asked


def _answering_in_numbers(name: str, engine: Engine) -> Engine:
    def logits_of(batch: Batch) -> Tensor:
        logits = engine(batch)
        if not logits.isfinite().all():
            raise WeightsError(
                f"{name}: its answer is not a number; its weights are damaged or far too large: "
                "take other ones"
            )
        return logits

    return logits_of


register_engine("torch", run_by_torch)
register_engine("torch", run_by_torch_in_bfloat16, precision="bfloat16")
register_engine("onnxruntime", run_by_onnxruntime)
register_engine("openvino", run_by_openvino)
register_engine("openvino", partial(run_by_openvino, precision="bfloat16"), precision="bfloat16")
