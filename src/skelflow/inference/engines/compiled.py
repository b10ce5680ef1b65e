"""What the engines share that run exported networks."""

from collections.abc import Callable

import torch
from torch import Tensor

from skelflow.datasets.loading.batch import Batch
from skelflow.errors import ConfigError
from skelflow.inference.exported.convert import convert
from skelflow.inference.exported.formats import Format, Precision
from skelflow.inference.exported.network import ExportedNetwork
from skelflow.models.base import Network

Engine = Callable[[Batch], Tensor]


def run_exported(
    network: Network, device: torch.device, form: Format, precision: Precision
) -> Engine:
    """A network out of a file, or one of torch that is converted now.

    Raises
    ------
    ConfigError
        The device is no processor, or computes not in that precision.
    WeightsError
        A network of torch cannot be converted.
    MissingExtraError
        The runtime is not installed.
    """
    if device.type != "cpu":
        raise ConfigError(
            f"device: found {str(device)!r}, engine {form.engine!r} computes on 'cpu' alone"
        )
    exported = network
    if not isinstance(exported, ExportedNetwork):
        exported, _ = convert(network.eval(), form)
    exported.compile_for(precision)
    return exported
