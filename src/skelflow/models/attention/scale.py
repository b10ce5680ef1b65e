"""Responses that are not negative, scaled to [0, 1]: scores of joints, weights of frames."""

from typing import Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor

Scale = Literal["min_max", "max"]


def scale_to_unit(
    response: Float[Tensor, "b n m"], present: Bool[Tensor, "b n"], *, scale: Scale
) -> Float[Tensor, "b n m"]:
    """Responses scaled to [0, 1] over each sample.

    Parameters
    ----------
    response : (b, n, m) float, not negative, such as those of joints of bodies.
    present : (b, n) bool; the others take no part.
    scale : 'min_max', or 'max' (divide by the largest).

    Returns
    -------
    (b, n, m) float. Ones where all respond alike, zeros for what is not present.
    """
    present = present[:, :, None]
    infinity = torch.full_like(response, torch.inf)
    low = torch.where(present, response, infinity).amin(dim=(1, 2), keepdim=True)
    high = torch.where(present, response, -infinity).amax(dim=(1, 2), keepdim=True)
    rounding = 8 * torch.finfo(response.dtype).eps
    alike = ~(high - low > rounding * high.abs())
    if scale == "max":
        low = torch.zeros_like(low)
    low, span = low.masked_fill(alike, 0.0), (high - low).masked_fill(alike, 1.0)
    unit = torch.where(alike, torch.ones_like(response), (response - low) / span)
    return torch.where(present, unit, torch.zeros_like(unit))
