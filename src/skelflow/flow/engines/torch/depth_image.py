"""The images made of depth, on tensors: twins of `skelflow.flow.engines.depth_image`."""

import math
from collections.abc import Sequence

import torch
from jaxtyping import Bool
from torch import Tensor

from skelflow.flow.constants import (
    AMBIENT,
    BRIGHTEST,
    DARKEST,
    GAIN,
    MASKED_SHARE,
    MEAN_PX,
    MIDDLE,
    NORMAL_PX,
    SILHOUETTE,
    SOFTEN_PX,
)
from skelflow.flow.engines.torch.camera import Fields
from skelflow.flow.engines.torch.robust import despeckle
from skelflow.types import Camera


def relief(depth_m: Fields) -> Fields:
    """Depth minus its local mean as a soft gray image; holes and background are middle gray.

    Parameters
    ----------
    depth_m : (b, h, w) float32, meters, 0 where there is none.

    Returns
    -------
    (b, h, w) float32, 0..255, on the same device.

    Notes
    -----
    Twin of `skelflow.flow.engines.depth_image.relief`.
    """
    depth_m = despeckle(depth_m)
    known = (depth_m > 0).to(depth_m.dtype)
    rows = depth_m.shape[1] / 120
    weight = _blur(known, MEAN_PX * rows).clamp_(min=1e-6)
    mean = _blur(depth_m, MEAN_PX * rows) / weight
    image = (MIDDLE + GAIN * (depth_m - mean)).clamp_(DARKEST, BRIGHTEST)
    return _blur(image.masked_fill_(known == 0, MIDDLE), SOFTEN_PX * rows)


def shading(depth_m: Fields, cameras: Sequence[Camera]) -> Fields:
    """Depth as a gray surface with the light at the camera.

    Twin of `skelflow.flow.engines.depth_image.shading`.
    """
    depth_m = despeckle(depth_m)
    known = (depth_m > 0).to(depth_m.dtype)
    rows = depth_m.shape[1] / 120
    mean = _blur(depth_m, NORMAL_PX * rows) / _blur(known, NORMAL_PX * rows).clamp_(min=1e-6)
    fx, fy = (torch.stack([depth_m.new_full((1, 1), f) for f in fs]) for fs in _focal(cameras))
    slope_y, slope_x = torch.gradient(mean, dim=(1, 2))
    slope_x, slope_y = slope_x * fx, slope_y * fy
    length = (slope_x * slope_x + slope_y * slope_y + mean * mean).sqrt_().clamp_(min=1e-6)
    image = known * (AMBIENT + (BRIGHTEST - AMBIENT) * (mean / length))
    return _blur(image, SOFTEN_PX * rows)


def silhouette(depth_m: Fields) -> Fields:
    """One gray wherever there is depth, 0 elsewhere.

    Twin of `skelflow.flow.engines.depth_image.silhouette`.
    """
    return (depth_m > 0).to(depth_m.dtype) * SILHOUETTE


def is_masked(depth_m: Fields) -> Bool[Tensor, " b"]:
    """Of each image, whether the background was removed.

    Twin of `skelflow.flow.engines.depth_image.is_masked`.
    """
    missing = (depth_m == 0).sum(dim=(1, 2))  # a whole number: Apple's devices have no float64
    return missing >= MASKED_SHARE * depth_m[0].numel()


def _focal(cameras: Sequence[Camera]) -> tuple[list[float], list[float]]:
    return [camera.fx for camera in cameras], [camera.fy for camera in cameras]


def _blur(field: Fields, sigma: float) -> Fields:
    """Gaussian as OpenCV makes it: cut off at four sigma, the border mirrored on its last pixel.

    Its order of additions too (a row from left to right, a column outward from the middle): the
    relief magnifies roundings three hundred times, to what the flow would show.
    """
    radius = (round(8 * sigma + 1) | 1) // 2
    weights = [math.exp(-(k * k) / (2 * sigma * sigma)) for k in range(radius + 1)]
    total = 2 * math.fsum(weights) - 1
    half = [weight / total for weight in weights]
    return _blur_columns(_blur_rows(field, half), half)


def _blur_rows(field: Fields, half: list[float]) -> Fields:
    width, radius = field.shape[2], len(half) - 1
    padded = field.index_select(2, _mirrored(width, radius, field))
    total = torch.zeros_like(field)
    for k in range(2 * radius + 1):
        total.add_(padded[:, :, k : k + width], alpha=half[abs(k - radius)])
    return total


def _blur_columns(field: Fields, half: list[float]) -> Fields:
    height, radius = field.shape[1], len(half) - 1
    padded = field.index_select(1, _mirrored(height, radius, field))
    total, both = field * half[0], torch.empty_like(field)
    for k in range(1, radius + 1):
        before, after = radius - k, radius + k
        torch.add(padded[:, before : before + height], padded[:, after : after + height], out=both)
        total.add_(both, alpha=half[k])
    return total


def _mirrored(count: int, margin: int, like: Tensor) -> Tensor:
    """Row numbers from `margin` before the first to `margin` after the last, folded back in."""
    period = max(2 * (count - 1), 1)
    place = torch.arange(-margin, count + margin, device=like.device) % period
    return torch.minimum(place, period - place)
