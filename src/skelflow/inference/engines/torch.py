"""PyTorch itself, operation by operation."""

import torch

from skelflow.models.base import Network


def run_by_torch(network: Network, device: torch.device) -> Network:
    """The network in evaluation mode on the device: called with a batch, it answers logits."""
    return network.eval().to(device)
