"""Batch normalization over the samples of all processes, on any device."""

from typing import cast

import torch
from torch import Tensor, distributed, nn
from torch.distributed.nn.functional import all_reduce

Norm = nn.BatchNorm1d | nn.BatchNorm2d | nn.BatchNorm3d


class SyncBatchNorm(nn.BatchNorm1d):
    """Batch normalization with the statistics of the whole batch, over all processes.

    `torch.nn.SyncBatchNorm` does the same on GPUs only.

    Attributes
    ----------
    counts : whether this process's samples are part of the batch.
    """

    counts: bool = True

    @classmethod
    def convert(cls, norm: Norm) -> "SyncBatchNorm":
        """The same layer; it shares weights and running statistics with the one given."""
        converted = cls(norm.num_features, norm.eps, norm.momentum)
        converted._parameters, converted._buffers = norm._parameters, norm._buffers
        return converted.train(norm.training)

    def forward(self, x: Tensor) -> Tensor:
        """Normalize features whose channels are the second axis."""
        if not self.training:
            return super().forward(x)
        axes = (0, *range(2, x.ndim))
        shape = (1, -1, *(1 for _ in axes[1:]))
        weight = float(self.counts)
        count = torch.full((1,), weight * x.numel() / x.shape[1], device=x.device)
        distributed.all_reduce(count)
        mean = _sum_over_processes(weight * x.float().sum(axes)) / count
        centered = x.float() - mean.reshape(shape)
        variance = _sum_over_processes(weight * centered.square().sum(axes)) / count
        self._update_running(mean.detach(), (variance * count / (count - 1)).detach())
        scale = cast(Tensor, self.weight) * torch.rsqrt(variance + self.eps)
        return (centered * scale.reshape(shape) + self.bias.reshape(shape)).to(x.dtype)

    def _check_input_dim(self, input: Tensor) -> None:  # noqa: A002  # the name is torch's
        """Any number of axes will do."""

    @torch.no_grad()
    def _update_running(self, mean: Tensor, variance: Tensor) -> None:
        for running, value in ((self.running_mean, mean), (self.running_var, variance)):
            cast(Tensor, running).lerp_(value, cast(float, self.momentum))
        cast(Tensor, self.num_batches_tracked).add_(1)


def convert_batch_norms(network: nn.Module) -> list[SyncBatchNorm]:
    """Replace a network's batch normalization by `SyncBatchNorm`; the new layers."""
    converted = []
    for parent in list(network.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, Norm):
                converted.append(SyncBatchNorm.convert(child))
                setattr(parent, name, converted[-1])
    return converted


def _sum_over_processes(own: Tensor) -> Tensor:
    return cast(Tensor, all_reduce(own))  # type: ignore[no-untyped-call]
