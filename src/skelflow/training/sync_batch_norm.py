"""Batch normalization over the samples of all processes, on any device."""

from typing import cast

import torch
from torch import Tensor, distributed, nn
from torch.distributed.nn.functional import all_reduce


class SharedBatchNorm(nn.BatchNorm1d):
    """Batch normalization whose statistics are of the whole batch, however many processes share it.

    torch's SyncBatchNorm does the same on GPUs only.

    Attributes
    ----------
    counted : whether this process's samples are part of the batch.
    """

    counted: bool = True

    @classmethod
    def of(cls, norm: nn.BatchNorm1d) -> "SharedBatchNorm":
        """The same layer, its weights and running statistics themselves and not copies."""
        shared = cls(norm.num_features, norm.eps, norm.momentum)
        shared._parameters, shared._buffers = norm._parameters, norm._buffers
        return shared.train(norm.training)

    def forward(self, x: Tensor) -> Tensor:
        """Normalize (b, c) or (b, c, l) features."""
        if not self.training:
            return super().forward(x)
        axes = (0, 2) if x.ndim == 3 else (0,)
        shape = (1, -1, 1) if x.ndim == 3 else (1, -1)
        weight = float(self.counted)
        count = torch.full((1,), weight * x.numel() / x.shape[1], device=x.device)
        distributed.all_reduce(count)
        mean = _add_up(weight * x.float().sum(axes)) / count
        centered = x.float() - mean.reshape(shape)
        variance = _add_up(weight * centered.square().sum(axes)) / count
        self._remember(mean.detach(), (variance * count / (count - 1)).detach())
        scale = cast(Tensor, self.weight) * torch.rsqrt(variance + self.eps)
        return (centered * scale.reshape(shape) + self.bias.reshape(shape)).to(x.dtype)

    @torch.no_grad()
    def _remember(self, mean: Tensor, variance: Tensor) -> None:
        for kept, value in ((self.running_mean, mean), (self.running_var, variance)):
            cast(Tensor, kept).lerp_(value, cast(float, self.momentum))
        cast(Tensor, self.num_batches_tracked).add_(1)


def share_statistics(network: nn.Module) -> list[SharedBatchNorm]:
    """Let all batch normalizations of a network that several processes train share statistics."""
    made = []
    for parent in list(network.modules()):
        for name, child in list(parent.named_children()):
            if type(child) is nn.BatchNorm1d:
                made.append(SharedBatchNorm.of(child))
                setattr(parent, name, made[-1])
    return made


def _add_up(own: Tensor) -> Tensor:
    return cast(Tensor, all_reduce(own))  # type: ignore[no-untyped-call]
