"""The optimizer, and its learning rate at every step."""

import math
from dataclasses import dataclass

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


@dataclass
class Schedule:
    """The learning rate; a function of time alone, but for 'plateau', which remembers losses.

    Parameters
    ----------
    optim : its `lr` and `schedule`.
    epochs : length of the run.

    Attributes
    ----------
    best, waited, drops : of 'plateau': lowest loss so far, epochs since, how often it fell.

    Notes
    -----
    'plateau' is `torch.optim.lr_scheduler.ReduceLROnPlateau`, 'step' is `StepLR` and 'cosine' is
    `CosineAnnealingLR`, to rounding. These multiply the optimizer's rate from step to step: it
    gathers rounding, and has to be saved beside the step that it follows from. A warmup cannot be
    put before `ReduceLROnPlateau`, which `SequentialLR` and `ChainedScheduler` refuse. Here a rate
    follows from (epoch, step, drops), so that a stopped run goes on bit for bit.
    `tests/training/test_schedule.py` measures how far both agree.
    """

    optim: OptimSection
    epochs: int
    best: float = math.inf
    waited: int = 0
    drops: int = 0

    def rate(self, time: float) -> float:
        """Learning rate at a time in epochs, 0 = the first step."""
        warmup, schedule = self._warmup(time), self.optim.schedule
        return max(self.optim.lr * warmup * self._decay(time), schedule.min_lr * warmup)

    def observe(self, loss: float) -> None:
        """Take note of an epoch's monitored loss; only 'plateau' depends on it."""
        self.waited = 0 if loss < self.best else self.waited + 1
        self.best = min(self.best, loss)
        if self.waited >= self.optim.schedule.patience:
            self.drops, self.waited = self.drops + 1, 0

    def _warmup(self, time: float) -> float:
        warmup = self.optim.schedule.warmup_epochs
        return min(1.0, time / warmup) if warmup > 0 else 1.0

    def _decay(self, time: float) -> float:
        schedule = self.optim.schedule
        if schedule.name == "plateau":
            return float(schedule.factor**self.drops)
        if schedule.name == "step":
            return float(schedule.factor ** int(time // schedule.every))
        if schedule.name == "cosine":
            warmup = schedule.warmup_epochs
            share = max(0.0, time - warmup) / max(self.epochs - warmup, 1e-9)
            return 0.5 * (1 + math.cos(math.pi * min(share, 1.0)))
        return 1.0
