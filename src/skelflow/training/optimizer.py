"""The optimizer, and its learning rate at every step."""

import math
from dataclasses import dataclass
from typing import Any

from torch import nn
from torch.optim import SGD, AdamW, Optimizer

from skelflow.training.config import OptimSection

RISING = 0.3  # share of the run in which 'one_cycle' raises the rate


def make_optimizer(network: nn.Module, optim: OptimSection) -> Optimizer:
    """The configured optimizer, fused, over the weights that are to be trained."""
    weights = _groups(network, optim)
    if optim.name == "adamw":
        return AdamW(weights, lr=optim.lr, weight_decay=optim.weight_decay, fused=True)
    return SGD(
        weights,
        lr=optim.lr,
        momentum=optim.momentum,
        nesterov=optim.nesterov,
        weight_decay=optim.weight_decay,
        fused=True,
    )


def _groups(network: nn.Module, optim: OptimSection) -> list[dict[str, Any]]:
    """The weights that are to be trained; a group of their own for those that learn at another
    rate, `lr_scale` times the run's, and for those that do not decay.
    """
    head = set(network.get_submodule("head").parameters()) if optim.head_lr else set()
    spared = set() if optim.decay_all else _without_decay(network)
    groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    for weight in network.parameters():
        if weight.requires_grad:
            groups.setdefault((weight in head, weight in spared), []).append(weight)
    return [
        {
            "params": weights,
            **({"lr_scale": (optim.head_lr or optim.lr) / optim.lr} if in_head else {}),
            **({"weight_decay": 0.0} if is_spared else {}),
        }
        for (in_head, is_spared), weights in sorted(groups.items(), key=lambda item: item[0])
    ]


def _without_decay(network: nn.Module) -> set[nn.Parameter]:
    return {
        weight
        for module in network.modules()
        for name, weight in module.named_parameters(recurse=False)
        if weight.ndim < 2 or name in getattr(module, "no_weight_decay", ())
    }


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
    'plateau' is `torch.optim.lr_scheduler.ReduceLROnPlateau` with `threshold` 0 and a `patience`
    lower by 1, 'step' is `StepLR` and 'cosine' is `CosineAnnealingLR` one step ahead, all to
    rounding; 'one_cycle' is `OneCycleLR`, to less than a step. These multiply the optimizer's rate
    from step to step: it gathers rounding, and has to be saved beside the step that it follows
    from. A warmup cannot be put before `ReduceLROnPlateau`, which `SequentialLR` and
    `ChainedScheduler` refuse. Here a rate follows from (epoch, step, drops), so that a stopped run
    goes on bit for bit.
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

    def apply(self, optimizer: Optimizer, time: float) -> None:
        """Set the rate of each group, and with 'one_cycle' their momentum (the first beta)."""
        for group in optimizer.param_groups:
            group["lr"] = self.rate(time) * group.get("lr_scale", 1.0)
            if self.optim.schedule.name == "one_cycle":
                momentum = 0.95 - 0.1 * _cycle_height(time / self.epochs)
                if "betas" in group:
                    group["betas"] = (momentum, group["betas"][1])
                else:
                    group["momentum"] = momentum

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
        if schedule.name == "one_cycle":
            share = time / self.epochs
            low = 1 / 25 if share < RISING else 1 / 250_000
            return low + (1 - low) * _cycle_height(share)
        return 1.0


def _cycle_height(share: float) -> float:
    """From 0 to 1 while the rate rises, and back to 0 at the end of the run."""
    if share < RISING:
        return (1 - math.cos(math.pi * share / RISING)) / 2
    fallen = min((share - RISING) / (1 - RISING), 1.0)
    return (1 + math.cos(math.pi * fallen)) / 2
