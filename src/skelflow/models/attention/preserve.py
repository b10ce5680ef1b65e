"""Attention that leaves a network's activations as strong as they were."""

import torch
from jaxtyping import Float
from torch import Tensor

from skelflow.models.attention.gated_max_pool import CACHED_BYTES
from skelflow.models.attention.masks import Mask


@torch.no_grad()
def preserving_gain(features: Float[Tensor, "b c l h w"], gain: Mask) -> Mask:
    """`gain` times one constant a sample, so that F keeps the root mean square of Y.

    The constant is not differentiated.

    Parameters
    ----------
    features : (b, c, l, h, w) float; Y is their ReLU.
    gain : (b, 1, l, h, w) float, 1 + M.
    """
    energy = _energy(features).reshape(len(features), -1).to(gain.dtype)
    before = energy.sum(dim=1)
    after = (energy * gain.flatten(1).square()).sum(dim=1)
    factor = torch.where(after > 0, before / after, torch.ones_like(after)).sqrt()
    return gain * factor[:, None, None, None, None]


def _energy(features: Tensor) -> Tensor:
    """Sum of squares over the channels of each cell after the ReLU, a few cells at a time."""
    cells = features.permute(0, 2, 3, 4, 1).reshape(-1, features.shape[1])
    ones = torch.ones(cells.shape[1], device=cells.device)
    at_once = len(cells)
    if cells.device.type == "cpu":
        at_once = max(1, CACHED_BYTES // (4 * cells.shape[1]))
    parts = torch.split(cells, at_once)
    return torch.cat([part.float().clamp_min(0).square_() @ ones for part in parts])
