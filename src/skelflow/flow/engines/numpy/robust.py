"""What our own presets add to the authors' method, in plain NumPy: the reference.

All of it filters or reweights measurements; the energy and its solution stay the paper's. Each part
is there because it lowered the end-point error on scenes with known motion (`benchmarks/flow.py`).
The other engines hold the same functions under the same names.
"""

import numpy as np
from jaxtyping import Bool

from skelflow.flow.constants import (
    CONTRAST,
    CONTRAST_FLOOR,
    DEPTH_FILTERS,
    LOST_M,
    NOISE_SHARE,
    OCCLUSION,
    SPECKLE,
    SPECKLE_PX,
    VIEW_MARGIN,
)
from skelflow.flow.state import Field, PyramidFrame, Residuals

_ZERO, _ONE = np.float32(0), np.float32(1)


def smooth(frame: PyramidFrame) -> tuple[PyramidFrame, Field]:
    """The frame with less noise, and the variance of its depth's noise, square meters."""
    (fine, coarse) = DEPTH_FILTERS
    depth, noise = smooth_depth(frame.depth, *fine)
    depth, _ = smooth_depth(depth, *coarse)
    return PyramidFrame(soften(frame.intensity), depth), noise


def soften(image: Field) -> Field:
    """The 3x3 binomial mean; the border is repeated."""
    padded = np.pad(image, 1, mode="edge")
    rows = (padded[:-2] + 2 * padded[1:-1] + padded[2:]) / 4
    return np.asarray((rows[:, :-2] + 2 * rows[:, 1:-1] + rows[:, 2:]) / 4, np.float32)


def smooth_depth(depth: Field, radius: int, step: int, band: float) -> tuple[Field, Field]:
    """Depth without noise, and the variance of that noise; slopes and edges stay.

    Neighbors come in pairs on opposite sides of a pixel. A pair whose mean is close to the pixel
    lies on its surface, however steep that is. A pair with null depth does not count, so nothing
    bends at a border.

    Parameters
    ----------
    depth : (h, w) float32, meters, 0 where there is none.
    radius : of the disc of neighbors, in steps.
    step : pixels from one neighbor to the next.
    band : meters; a pair whose mean is half as far off has no weight.

    Returns
    -------
    depth (h, w), meters, 0 where there was none, and the noise's variance (h, w), square meters.
    """
    height, width = depth.shape
    reach = radius * step
    padded = np.pad(depth, reach)
    weight, moment, square = (np.zeros_like(depth) for _ in range(3))
    for down, right in pairs(radius):
        y, x = down * step, right * step
        one = padded[reach + y : reach + y + height, reach + x : reach + x + width]
        other = padded[reach - y : reach - y + height, reach - x : reach - x + width]
        bend = one + other - 2 * depth
        near = np.maximum(_ZERO, _ONE - (bend / np.float32(band)) ** 2)
        near = np.where(np.minimum(one, other) > 0, near, _ZERO).astype(np.float32)
        weight += near
        moment += near * bend
        square += near * bend * bend
    some = np.maximum(weight, np.float32(1e-6))
    variance = np.maximum(square / some - (moment / some) ** 2, _ZERO) / 2
    known = depth > 0
    smoothed = np.where(known, depth + moment / (_ONE + 2 * weight), _ZERO)
    return smoothed.astype(np.float32), np.where(known, variance, _ZERO).astype(np.float32)


def pairs(radius: int) -> list[tuple[int, int]]:
    """Rows down and columns right of one of each pair of opposite neighbors within a disc."""
    reach = range(-radius, radius + 1)
    disc = [(y, x) for y in reach for x in reach if y * y + x * x <= radius * radius]
    return [(y, x) for y, x in disc if (y, x) > (0, 0)]


def despeckle(depth: Field) -> Field:
    """Depth without flying pixels: what is far from the median around it takes that.

    Of an even number of neighbors with depth, the lower of the two in the middle is the median.
    """
    height, width = depth.shape
    padded = np.pad(np.where(depth > 0, depth, np.inf), SPECKLE_PX, constant_values=np.inf)
    side = range(2 * SPECKLE_PX + 1)
    taps = np.stack([padded[y : y + height, x : x + width] for y in side for x in side])
    middle = np.maximum((np.isfinite(taps).sum(axis=0) - 1) // 2, 0)
    median = np.take_along_axis(np.sort(taps, axis=0), middle[None], axis=0)[0]
    flies = (depth > 0) & (np.abs(median - depth) > SPECKLE * depth)
    return np.where(flies, median, depth).astype(np.float32)


def contrast_gain(image: Field) -> Field:
    """What makes a brightness residual count as much on faint texture as on strong one."""
    rows, columns = image.shape
    padded = np.pad(image, 1, mode="edge")
    taps = np.stack(
        [padded[y : y + rows, x : x + columns] - image for y in range(3) for x in range(3)]
    )
    variance = np.maximum(np.mean(taps * taps, axis=0) - np.mean(taps, axis=0) ** 2, _ZERO)
    gain = CONTRAST / np.sqrt(variance + CONTRAST_FLOOR * CONTRAST_FLOOR)
    return np.asarray(gain, np.float32)


def reweight(
    residuals: Residuals,
    start: tuple[Field, Field, Field],
    depth: Field,
    gain: Field,
    noise: Field,
) -> Residuals:
    """Residuals weighted by their reliability.

    A pixel whose motion leaves the image has residual weight 0, so its neighbors decide. Depth
    residuals within the noise shrink to 0 (nonnegative garrote). Brightness residuals are divided
    by the local contrast and fade where the depth disagrees with the motion so far: an occlusion.

    Parameters
    ----------
    residuals : of the warp by `start`.
    start : u, v in pixels and w in meters, (h, w) each.
    depth : of frame 1, meters.
    gain : `contrast_gain` of frame 1.
    noise : variance of the depth residual, square meters.
    """
    u0, v0, w0 = start
    height, width = depth.shape
    x = np.arange(width, dtype=np.float32)[None, :] + u0
    y = np.arange(height, dtype=np.float32)[:, None] + v0
    outside = _leaves(x, width) | _leaves(y, height)
    square = np.maximum(residuals.Zt * residuals.Zt, np.float32(1e-12))
    z_t = residuals.Zt * np.maximum(_ZERO, _ONE - NOISE_SHARE * NOISE_SHARE * noise / square)
    disagreement = np.where(depth > 0, z_t - w0, _ZERO)
    brightness = gain / (_ONE + OCCLUSION * disagreement * disagreement)
    brightness = np.where(outside, _ZERO, brightness).astype(np.float32)
    slope = np.where(outside, _ZERO, _ONE).astype(np.float32)
    return Residuals(
        residuals.It * brightness,
        residuals.Ix * brightness,
        residuals.Iy * brightness,
        np.where(outside, LOST_M, z_t).astype(np.float32),
        residuals.Zx * slope,
        residuals.Zy * slope,
    )


def _leaves(place: Field, count: int) -> Bool[np.ndarray, "h w"]:
    return (place < -VIEW_MARGIN) | (place > count - 1 + VIEW_MARGIN)
