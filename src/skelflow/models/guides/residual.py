"""Residual branches: ten convolutions over time, or over joints."""

from collections.abc import Sequence
from itertools import pairwise
from typing import cast

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

SCORE_LAYERS = 4  # the bottom layers, which keep one row for each joint coordinate


class SameConv1d(nn.Conv1d):
    """Convolution whose output has ceil(length / stride) entries, padded as TensorFlow does.

    An even kernel gets its odd padding on the right: 3 left and 4 right for 8 at stride 1.
    """

    def forward(self, x: Float[Tensor, "b channels length"]) -> Float[Tensor, "b filters out"]:
        """Convolve the padded sequence."""
        kernel, stride = self.kernel_size[0], self.stride[0]
        outputs = -(-x.shape[-1] // stride)
        total = max((outputs - 1) * stride + kernel - x.shape[-1], 0)
        return super().forward(functional.pad(x, (total // 2, total - total // 2)))


class ResidualUnit(nn.Module):
    """`x + conv(dropout(relu(bn(x))))`; a 1-wide convolution on `x` where the shape changes."""

    def __init__(
        self, inputs: int, outputs: int, *, kernel: int, stride: int, dropout: float
    ) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(inputs)
        self.dropout = nn.Dropout(dropout)
        self.conv = SameConv1d(inputs, outputs, kernel, stride=stride)
        same = inputs == outputs and stride == 1
        self.shortcut = nn.Identity() if same else SameConv1d(inputs, outputs, 1, stride=stride)

    def activate(self, x: Float[Tensor, "b c n"]) -> Float[Tensor, "b c n"]:
        """BN and ReLU: the activations of the layer that made `x`."""
        return functional.relu(self.norm(x))

    def add(self, x: Float[Tensor, "b c n"], active: Float[Tensor, "b c n"]) -> Tensor:
        """The residual sum of Eq. 1."""
        total: Tensor = self.shortcut(x) + self.conv(self.dropout(active))
        return total


class ResidualBranch(nn.Module):
    """Ten convolutions with residual connections, then BN, ReLU and the mean over positions.

    Parameters
    ----------
    inputs : channels that come in.
    stages : filters of the three stages; the second and third start with stride 2.
    kernel, dropout : of every convolution, after every activation.

    Notes
    -----
    Source: Soo Kim & Reiter (2017), and the paper's Eq. 1 and Fig. 1.
    """

    def __init__(self, inputs: int, *, stages: Sequence[int], kernel: int, dropout: float) -> None:
        super().__init__()
        self.entry = SameConv1d(inputs, stages[0], kernel)
        widths = [stages[0], *(stage for stage in stages for _ in range(3))]
        self.units = nn.ModuleList(
            ResidualUnit(a, b, kernel=kernel, stride=2 if i in (3, 6) else 1, dropout=dropout)
            for i, (a, b) in enumerate(pairwise(widths))
        )
        self.norm = nn.BatchNorm1d(widths[-1])
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Float[Tensor, "b c n"]) -> tuple[Tensor, list[Tensor]]:
        """Pooled features (b, filters), and the activations of the four bottom layers."""
        x = self.entry(x)
        activations = []
        for unit in cast(Sequence[ResidualUnit], self.units):
            activations.append(unit.activate(x))
            x = unit.add(x, activations[-1])
        pooled = self.dropout(functional.relu(self.norm(x))).mean(dim=-1)
        return pooled, activations[:SCORE_LAYERS]


def initialize_glorot(module: nn.Module) -> None:
    """Glorot uniform weights, zero biases; for `Module.apply`."""
    if isinstance(module, nn.Conv1d | nn.Linear):
        nn.init.xavier_uniform_(module.weight)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
