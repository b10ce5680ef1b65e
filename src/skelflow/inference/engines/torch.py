"""PyTorch itself, operation by operation."""

from collections.abc import Callable

import torch
from torch import Tensor

from skelflow.datasets.loading.batch import Batch
from skelflow.models.base import Network


def run_by_torch(network: Network, device: torch.device) -> Network:
    """The network in evaluation mode on the device: called with a batch, it answers logits."""
    return network.eval().to(device)


def run_by_torch_in_bfloat16(network: Network, device: torch.device) -> Callable[[Batch], Tensor]:
    """The same with products and convolutions in bfloat16, by torch's autocast."""
    network = run_by_torch(network, device)

    def run(batch: Batch) -> Tensor:
        with torch.autocast(device.type, torch.bfloat16):
            logits: Tensor = network(batch)
        return logits.float()

    return run
