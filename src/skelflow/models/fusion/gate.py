"""A gate between two streams of features."""

import torch
from jaxtyping import Float
from torch import Tensor, nn


class Gate(nn.Module):
    """Weighs two streams against each other, sample by sample.

    Parameters
    ----------
    first, second : widths of the streams.

    Notes
    -----
    Source: Arevalo et al. (2017), Gated Multimodal Units (arXiv 1702.01992), z = sigmoid(w x + b)
    of both streams. Here z is one number a sample, since the streams stay side by side, and
    weighs them by 2 z and 2 (1 - z). It starts with w = b = 0: then both weights are exactly 1.
    """

    def __init__(self, first: int, second: int) -> None:
        super().__init__()
        self.linear = nn.Linear(first + second, 1)
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def forward(
        self, first: Float[Tensor, "b n"], second: Float[Tensor, "b m"]
    ) -> tuple[Float[Tensor, "b n"], Float[Tensor, "b m"]]:
        """Both streams, weighed."""
        weight = 2 * torch.sigmoid(self.linear(torch.cat((first, second), dim=1)))
        return first * weight, second * (2 - weight)
