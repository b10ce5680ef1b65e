"""The parts of I3D: convolutions with batch normalization, pools and Inception modules."""

from collections.abc import Sequence
from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

Size = tuple[int, int, int]  # frames, height, width
EPSILON = 1e-3  # of the batch normalization


def same_padding(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """What TensorFlow's 'SAME' adds before and after, so that size / stride outputs come out.

    Examples
    --------
    >>> same_padding(112, 7, 2), same_padding(7, 3, 2), same_padding(56, 3, 2)
    ((2, 3), (1, 1), (0, 1))
    """
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


class ConvolutionUnit(nn.Module):
    """Convolution, batch normalization and ReLU; of a given input size, padded as by 'SAME'.

    In evaluation mode the normalization is part of the convolution's weights, to rounding the same.
    """

    def __init__(
        self, inputs: int, filters: int, kernel: int, *, size: Size, stride: int = 1
    ) -> None:
        super().__init__()
        self.outputs = filters
        self.conv = nn.Conv3d(inputs, filters, kernel, stride, bias=False)
        self.norm = nn.BatchNorm3d(filters, eps=EPSILON)
        pads = [same_padding(side, kernel, stride) for side in size]
        self._equal = tuple(before for before, _ in pads)
        self._more = [more for before, after in reversed(pads) for more in (0, after - before)]
        nn.init.kaiming_normal_(self.conv.weight, nonlinearity="relu")

    def forward(self, x: Float[Tensor, "b c l h w"]) -> Float[Tensor, "b d _ _ _"]:
        """Features after the ReLU."""
        if any(self._more):
            x = functional.pad(x, self._more)
        weight, norm = self.conv.weight, self.norm
        if norm.training:
            return functional.relu_(norm(self._convolve(x, weight, None)))
        mean, variance = cast(Tensor, norm.running_mean), cast(Tensor, norm.running_var)
        scale = norm.weight * torch.rsqrt(variance + norm.eps)
        bias = norm.bias - mean * scale
        return functional.relu_(self._convolve(x, weight * scale[:, None, None, None, None], bias))

    def _convolve(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        return functional.conv3d(x, weight, bias, self.conv.stride, self._equal)


class SamePool(nn.Module):
    """Maxima of windows; of a given input size, padded as by 'SAME'."""

    def __init__(self, channels: int, kernel: Size, stride: Size, *, size: Size) -> None:
        super().__init__()
        self.outputs = channels
        self._kernel, self._stride = kernel, stride
        steps = zip(size, kernel, stride, strict=True)
        self._before = tuple(same_padding(*step)[0] for step in steps)

    def forward(self, x: Float[Tensor, "b c l h w"]) -> Float[Tensor, "b c _ _ _"]:
        """What lacks after the padding before is the last, incomplete window's."""
        return functional.max_pool3d(x, self._kernel, self._stride, self._before, ceil_mode=True)


class MixedBlock(nn.Module):
    """An Inception module: four branches side by side."""

    def __init__(self, inputs: int, filters: Sequence[int], *, size: Size) -> None:
        super().__init__()
        self.branch_0a = ConvolutionUnit(inputs, filters[0], 1, size=size)
        self.branch_1a = ConvolutionUnit(inputs, filters[1], 1, size=size)
        self.branch_1b = ConvolutionUnit(filters[1], filters[2], 3, size=size)
        self.branch_2a = ConvolutionUnit(inputs, filters[3], 1, size=size)
        self.branch_2b = ConvolutionUnit(filters[3], filters[4], 3, size=size)
        self.pool = SamePool(inputs, (3, 3, 3), (1, 1, 1), size=size)
        self.branch_3b = ConvolutionUnit(inputs, filters[5], 1, size=size)
        self.outputs = filters[0] + filters[2] + filters[4] + filters[5]

    def forward(self, x: Float[Tensor, "b c l h w"]) -> Float[Tensor, "b d l h w"]:
        """Features of all branches."""
        branches = (
            self.branch_0a(x),
            self.branch_1b(self.branch_1a(x)),
            self.branch_2b(self.branch_2a(x)),
            self.branch_3b(self.pool(x)),
        )
        return torch.cat(branches, dim=1)
