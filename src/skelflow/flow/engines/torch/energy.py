"""The terms that start and end a level, on tensors: many pairs at once, any device.

The names and, to rounding, the results of `skelflow.flow.engines.numpy.energy`. No operation
depends on a value: no branch on data, no boolean index, every constant a Python number; so that a
device is never waited for.
"""

from itertools import product
from typing import NamedTuple

import torch
from jaxtyping import Float32, Int64
from torch import Tensor
from torch.nn.functional import pad

from skelflow.flow import constants
from skelflow.flow.engines.torch.camera import Fields, Motion, Rays

Resized = Float32[Tensor, "b h2 w2"]  # another level's size
AnyFields = Float32[Tensor, "*fields h w"]
AnyResized = Float32[Tensor, "*fields h2 w2"]

_BINOMIAL = (1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16)
_OUTSIDE = 1e30  # above every motion: what the median reads out of the image, with weight 0
_NEVER = 1e38  # above even that: no candidate
_DEPTH_BAND_M = float(constants.DEPTH_BAND_M)
_MEDIAN_DEPTH, _MEDIAN_RESIDUAL = float(constants.MEDIAN_DEPTH), float(constants.MEDIAN_RESIDUAL)


class FrameBatch(NamedTuple):
    """One frame of every pair at one pyramid level."""

    intensity: Fields
    depth: Fields


class Residuals(NamedTuple):
    """Linearized constancy at one level: `I_t + I_x u + I_y v`, `Z_t + Z_x u + Z_y v - w`."""

    It: Fields
    Ix: Fields
    Iy: Fields
    Zt: Fields
    Zx: Fields
    Zy: Fields


class _Corners(NamedTuple):
    """The four pixels around a point, counted row by row, and how far it is past the first."""

    top_left: Int64[Tensor, "b n"]
    top_right: Int64[Tensor, "b n"]
    bottom_left: Int64[Tensor, "b n"]
    bottom_right: Int64[Tensor, "b n"]
    right: Fields
    down: Fields


def halve_intensity(image: Fields) -> Resized:
    """One pyramid step: binomial mean of every second pixel; separable, since its weights are.

    Twin of `skelflow.flow.engines.numpy.energy.halve_intensity`.
    """
    total, weight = (_halve_rows(_halve_rows(a).mT).mT for a in (image, torch.ones_like(image[:1])))
    return (total / weight).contiguous()


def _halve_rows(image: Fields) -> Resized:
    count = (image.shape[1] + 1) // 2
    padded = pad(image, (0, 0, 2, 2))
    total = image.new_zeros(image.shape[0], count, image.shape[2])
    for k, weight in enumerate(_BINOMIAL):
        total.add_(padded[:, k : k + 2 * count - 1 : 2], alpha=weight)
    return total


def halve_depth(depth: Fields) -> Resized:
    """One pyramid step that never mixes surfaces: taps within 0.1 m of a center that has depth.

    Twin of `skelflow.flow.engines.numpy.energy.halve_depth`.
    """
    center = depth[:, ::2, ::2]
    height, width = center.shape[1:]
    padded = pad(depth, (2, 2, 2, 2))
    known = (padded > 0).to(depth.dtype)
    value, total = torch.zeros_like(center), torch.zeros_like(center)
    for (i, across), (j, along) in product(enumerate(_BINOMIAL), repeat=2):
        at = (..., slice(i, i + 2 * height - 1, 2), slice(j, j + 2 * width - 1, 2))
        tap = padded[at]
        closeness = (_DEPTH_BAND_M - (tap - center).abs()).clamp_(min=0)
        weight = closeness.mul_(known[at]).mul_(across * along)
        value.addcmul_(weight, tap)
        total.add_(weight)
    return (value / total).masked_fill_(center <= 0, 0)


def double(coarse: AnyFields, *, exact_border: bool) -> AnyResized:
    """One pyramid step up of any number of fields.

    Twin of `skelflow.flow.engines.numpy.energy.double`.
    """
    rows = _double_rows(coarse, exact_border)
    return _double_rows(rows.mT, exact_border).mT.contiguous()


def _double_rows(coarse: AnyFields, exact_border: bool) -> AnyResized:
    *leading, height, width = coarse.shape
    padded = pad(coarse, (0, 0, 1, 1))
    center, below = padded[..., 1:-1, :], padded[..., 2:, :]
    fine = coarse.new_empty(*leading, 2 * height, width)
    fine[..., 0::2, :] = (padded[..., :-2, :] + 6 * center + below) / 8
    fine[..., 1::2, :] = (center + below) / 2
    for row, gain in _border_gains(height, exact_border).items():
        fine[..., row, :].mul_(gain)
    return fine


def _border_gains(count: int, exact_border: bool) -> dict[int, float]:
    if not exact_border:  # the authors' divisor: the binomial's share inside the image
        return {0: 16 / 11, 1: 16 / 15, -2: 16 / 15, -1: 16 / 11}
    if count == 1:
        return {0: 8 / 6, -1: 2}
    return {0: 8 / 7, -2: 8 / 7, -1: 2}


def surface_metric(depth: Fields, rays: Rays) -> tuple[Fields, Fields]:
    """Inverse 3D distances to the right and lower neighbor, given the camera's rays at this level.

    Twin of `skelflow.flow.engines.numpy.energy.surface_metric`.
    """
    rx, ry = torch.ones_like(depth), torch.ones_like(depth)
    rx[:, :, :-1] = _inverse_length((depth * rays.x).diff(dim=2), depth.diff(dim=2))
    ry[:, :-1] = _inverse_length((depth * rays.y).diff(dim=1), depth.diff(dim=1))
    return rx, ry


def _inverse_length(a: Fields, b: Fields) -> Fields:
    length = (a * a + b * b).sqrt_()
    return (2 / length).masked_fill_(length == 0, 1)


def derivatives(image: Fields, rx: Fields, ry: Fields) -> tuple[Fields, Fields]:
    """Derivatives along x and y, weighted by the metric.

    Twin of `skelflow.flow.engines.numpy.energy.derivatives`.
    """
    return _derivative_x(image, rx), _derivative_x(image.mT, ry.mT).mT.contiguous()


def _derivative_x(image: Fields, r: Fields) -> Fields:
    step = image.diff(dim=2)
    result = torch.empty_like(image)
    result[:, :, 0], result[:, :, -1] = step[:, :, 0], step[:, :, -1]
    ahead, behind = r[:, :, 1:-1], r[:, :, :-2]
    weighted = ahead * step[:, :, 1:] + behind * step[:, :, :-1]
    result[:, :, 1:-1] = weighted / (ahead + behind)
    return result


def warp(first: FrameBatch, second: tuple[Fields, ...], u0: Fields, v0: Fields) -> Residuals:
    """Residuals of frame 2 sampled at `(x + u0, y + v0)`.

    Twin of `skelflow.flow.engines.numpy.energy.warp`.
    """
    intensity2, i_x, i_y, depth2, z_x, z_y = second
    height, width = depth2.shape[1:]
    columns = torch.arange(width, dtype=torch.float32, device=depth2.device)
    rows = torch.arange(height, dtype=torch.float32, device=depth2.device)
    x = (columns + u0).clamp_(0, width - 1)
    y = (rows[:, None] + v0).clamp_(0, height - 1)
    corners = _corners(x, y)
    warped = _sample_depth(depth2, x, y, corners)
    i_t = _bilinear(intensity2, corners) - first.intensity
    z_t = (warped - first.depth).masked_fill_(warped <= 0, 0)
    i_x, i_y, z_x, z_y = (_bilinear(slope, corners) for slope in (i_x, i_y, z_x, z_y))
    return Residuals(i_t, i_x, i_y, z_t, z_x, z_y)


def _corners(x: Fields, y: Fields) -> _Corners:
    height, width = x.shape[1:]
    left, top = x.floor(), y.floor()
    x0, y0 = left.long(), top.long()
    x1, y1 = (x0 + 1).clamp_(max=width - 1), (y0 + 1).clamp_(max=height - 1)
    top_left, top_right, bottom_left, bottom_right = (
        (width * row + column).flatten(1) for row, column in product((y0, y1), (x0, x1))
    )
    return _Corners(top_left, top_right, bottom_left, bottom_right, x - left, y - top)


def _take(field: Fields, places: Int64[Tensor, "b n"]) -> Fields:
    return field.flatten(1).gather(1, places).view_as(field)


def _bilinear(field: Fields, corners: _Corners) -> Fields:
    top_left, top_right, bottom_left, bottom_right = (_take(field, at) for at in corners[:4])
    top = torch.addcmul(top_left, corners.right, top_right - top_left)
    bottom = torch.addcmul(bottom_left, corners.right, bottom_right - bottom_left)
    return torch.addcmul(top, corners.down, bottom - top)


def _sample_depth(depth: Fields, x: Fields, y: Fields, corners: _Corners) -> Fields:
    """Bilinear, but the nearest pixel (half to even) where one of the four corners is null."""
    lowest = _take(depth, corners.top_left)
    for at in corners[1:4]:
        lowest = torch.minimum(lowest, _take(depth, at))
    nearest = (depth.shape[2] * y.round().long() + x.round().long()).flatten(1)
    return torch.where(lowest == 0, _take(depth, nearest), _bilinear(depth, corners))


def median(motion: Motion, depth: Fields, residual: Fields) -> Motion:
    """Weighted median of u, v and w at once, without sorting.

    Twin of `skelflow.flow.engines.numpy.energy.median`.

    A neighbor's cumulative weight is the weight of all neighbors not above it (of equal ones, of
    those before it). The lowest cumulative weight that reaches half the total and the highest
    that misses it belong to the two neighbors between which the median lies.
    """
    weights, values = _median_weights(depth, residual), _neighbors(motion, _OUTSIDE)
    half = 0.5 * sum(weights, start=torch.zeros_like(depth))
    high, reached = (torch.full_like(motion, _NEVER) for _ in range(2))
    low, missed = (torch.full_like(motion, -_NEVER) for _ in range(2))
    cumulative, flag, spare = (torch.empty_like(motion) for _ in range(3))
    for i, value in enumerate(values):
        cumulative.zero_()
        for j, (other, weight) in enumerate(zip(values, weights, strict=True)):
            (torch.le if j <= i else torch.lt)(other, value, out=flag)  # 1.0 or 0.0
            cumulative.addcmul_(flag, weight)
        torch.lt(cumulative, half, out=flag)
        for lowest, candidate in ((high, value), (reached, cumulative)):
            torch.minimum(lowest, torch.add(candidate, flag, alpha=_NEVER, out=spare), out=lowest)
        torch.ge(cumulative, half, out=flag)
        for highest, candidate in ((low, value), (missed, cumulative)):
            torch.add(candidate, flag, alpha=-_NEVER, out=spare)
            torch.maximum(highest, spare, out=highest)
    gap, share = torch.sub(reached, missed, out=flag), torch.sub(half, missed, out=spare)
    blended = reached.sub_(half).mul_(low).addcmul_(share, high).div_(gap)
    result = torch.where(missed > 0, blended, high)
    return torch.where(depth > 0, result, motion)


def _neighbors(field: AnyFields, outside: float) -> list[AnyFields]:
    """The 3x3 neighborhood as nine shifted views."""
    height, width = field.shape[-2:]
    padded = pad(field, (1, 1, 1, 1), value=outside)
    return [padded[..., i : i + height, j : j + width] for i in range(3) for j in range(3)]


def _median_weights(depth: Fields, residual: Fields) -> list[Fields]:
    """How near in depth and how well matched each neighbor is; 0 out of the image."""
    weights = []
    neighbors = zip(_neighbors(depth, float("inf")), _neighbors(residual, 0.0), strict=True)
    for other, misfit in neighbors:
        step = other - depth
        spread = _MEDIAN_DEPTH * step * step + _MEDIAN_RESIDUAL * misfit * misfit
        weights.append(1 / (1 + spread))
    return weights
