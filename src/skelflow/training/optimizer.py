"""The optimizer, and the seed of each of its steps."""

import numpy as np
import torch
from torch import nn
from torch.optim import SGD, AdamW, Optimizer

from skelflow.training.config import OptimSection


def make_optimizer(network: nn.Module, optim: OptimSection) -> Optimizer:
    """The configured optimizer, fused, over the weights that are to be trained."""
    weights = [weight for weight in network.parameters() if weight.requires_grad]
    if optim.name == "adamw":
        return AdamW(weights, lr=optim.lr, weight_decay=optim.weight_decay, fused=True)
    nesterov = optim.nesterov and optim.momentum > 0
    return SGD(
        weights,
        lr=optim.lr,
        momentum=optim.momentum,
        nesterov=nesterov,
        weight_decay=optim.weight_decay,
        fused=True,
    )


def seed_step(*numbers: int) -> None:
    """Seed torch on every device from seed, epoch, step, process and micro-batch."""
    torch.manual_seed(int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0] >> 1))
