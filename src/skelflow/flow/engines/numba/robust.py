"""What our own presets add to the authors' method, compiled: filters and reweighted residuals."""

from typing import Any, no_type_check

import numpy as np

from skelflow.flow.constants import (
    CONTRAST,
    CONTRAST_FLOOR,
    LOST_M,
    NOISE_SHARE,
    OCCLUSION,
    VIEW_MARGIN,
)
from skelflow.flow.engines.jit import compiled, on_rows
from skelflow.flow.engines.numba.row_layout import GUARD, IT, IX, IY, MISFIT, U0, V0, ZT, ZX, ZY, W

_ZERO, _QUARTER, _HALF, _ONE, _TWO = (np.float32(x) for x in (0, 0.25, 0.5, 1, 2))
_LEAST = np.float32(1e-6)
_LEAST_SQUARE = np.float32(1e-12)
_NINTH = np.float32(1 / 9)


@compiled
@no_type_check
def soften(image: Any, softened: Any, first: Any, last: Any) -> None:
    """The 3x3 binomial mean; the border is repeated.

    Twin of `skelflow.flow.engines.numpy.robust.soften`.
    """
    height, width = image.shape
    line = np.empty(width + 2, np.float32)
    for y in range(first, last):
        above, below = image[max(y - 1, 0)], image[min(y + 1, height - 1)]
        binomial(line[1:], above, image[y], below)
        line[0], line[width + 1] = line[1], line[width]
        binomial(softened[y], line, line[1:], line[2:])


@on_rows
@no_type_check
def binomial(out: Any, before: Any, row: Any, after: Any) -> None:
    """(1, 2, 1)/4 of three rows, or of three neighbors in one."""
    for x in range(after.shape[0]):
        out[x] = (before[x] + _TWO * row[x] + after[x]) * _QUARTER


@compiled
@no_type_check
def smooth_depth(
    depth: Any, setting: Any, smoothed: Any, noise: Any, first: Any, last: Any
) -> None:
    """Depth without noise; adds up that noise's variance. `setting` is (radius, step, band).

    Twin of `skelflow.flow.engines.numpy.robust.smooth_depth`.
    """
    radius, step, band = setting
    height, width = depth.shape
    weight, moment = np.empty(width, np.float32), np.empty(width, np.float32)
    square = np.empty(width, np.float32)
    for y in range(first, last):
        weight[:], moment[:], square[:] = _ZERO, _ZERO, _ZERO
        for down in range(min(radius, min(y, height - 1 - y) // step) + 1):
            for right in range(-radius, radius + 1):
                a, b = abs(right) * step, width - abs(right) * step
                if (down > 0 or right > 0) and down**2 + right**2 <= radius**2 and a < b:
                    shift = right * step
                    add_pair(
                        weight[a:b],
                        moment[a:b],
                        square[a:b],
                        depth[y, a:b],
                        depth[y + down * step, a + shift : b + shift],
                        depth[y - down * step, a - shift : b - shift],
                        _ONE / np.float32(band),
                    )
        finish_smooth(smoothed[y], noise[y], depth[y], weight, moment, square)


@on_rows
@no_type_check
def add_pair(
    weight: Any, moment: Any, square: Any, depth: Any, one: Any, other: Any, scale: Any
) -> None:
    """Add opposite neighbors of the pixels of a row, weighted by how close their mean is."""
    for x in range(weight.shape[0]):
        bend = one[x] + other[x] - _TWO * depth[x]
        share = bend * scale
        near = max(_ZERO, _ONE - share * share)
        near = near if min(one[x], other[x]) > _ZERO else _ZERO
        weight[x] += near
        moment[x] += near * bend
        square[x] += near * bend * bend


@on_rows
@no_type_check
def finish_smooth(
    smoothed: Any, noise: Any, depth: Any, weight: Any, moment: Any, square: Any
) -> None:
    """The mean with the pixel itself, and the variance of the pairs."""
    for x in range(depth.shape[0]):
        some = max(weight[x], _LEAST)
        mean = moment[x] / some
        variance = _HALF * max(square[x] / some - mean * mean, _ZERO)
        moved = depth[x] + moment[x] / (_ONE + _TWO * weight[x])
        smoothed[x] = moved if depth[x] > _ZERO else _ZERO
        noise[x] += variance if depth[x] > _ZERO else _ZERO


@compiled
@no_type_check
def contrast_gain(image: Any, gain: Any, first: Any, last: Any) -> None:
    """What makes brightness count alike on faint and on strong texture.

    Twin of `skelflow.flow.engines.numpy.robust.contrast_gain`.
    """
    height, width = image.shape
    lines = np.empty((3, width + 2), np.float32)
    for y in range(first, last):
        for line in range(3):
            row = image[min(max(y + line - 1, 0), height - 1)]
            lines[line, 1 : width + 1] = row
            lines[line, 0], lines[line, width + 1] = row[0], row[width - 1]
        contrast_row(gain[y], image[y], lines[0], lines[1], lines[2])


@on_rows
@no_type_check
def contrast_row(gain: Any, row: Any, above: Any, line: Any, below: Any) -> None:
    """`contrast_gain` of one row."""
    for x in range(gain.shape[0]):
        total, square = _ZERO, _ZERO
        for k in range(3):
            a, b, c = above[x + k] - row[x], line[x + k] - row[x], below[x + k] - row[x]
            total += a + b + c
            square += a * a + b * b + c * c
        mean = total * _NINTH
        variance = max(square * _NINTH - mean * mean, _ZERO)
        gain[x] = CONTRAST / np.sqrt(variance + CONTRAST_FLOOR * CONTRAST_FLOOR)


@compiled
@no_type_check
def reweight(rows: Any, depth: Any, gain: Any, noise: Any, first: Any, last: Any) -> None:
    """Residuals weighted by their reliability, in the whole motion.

    Twin of `skelflow.flow.engines.numpy.robust.reweight`.
    """
    height, width = depth.shape
    a, b = GUARD, GUARD + width
    for y in range(first, last):
        row = rows[y]
        reweight_row(
            row[IT, a:b],
            row[IX, a:b],
            row[IY, a:b],
            row[ZT, a:b],
            row[ZX, a:b],
            row[ZY, a:b],
            row[MISFIT, a:b],
            (row[U0, a:b], row[V0, a:b], row[W, a:b], depth[y], gain[y], noise[y]),
            np.float32(y),
            np.float32(height - 1),
        )


@on_rows
@no_type_check
def reweight_row(
    i_t: Any,
    i_x: Any,
    i_y: Any,
    z_t: Any,
    z_x: Any,
    z_y: Any,
    misfit: Any,
    known: Any,
    y: Any,
    bottom: Any,
) -> None:
    """`reweight` of one row."""
    u0, v0, w0, depth, gain, noise = known
    right = np.float32(i_t.shape[0] - 1)
    for column in range(i_t.shape[0]):
        x = np.float32(column)
        inside = _within(x + u0[column], right) and _within(y + v0[column], bottom)
        square = max(misfit[column] * misfit[column], _LEAST_SQUARE)
        share = max(_ZERO, _ONE - NOISE_SHARE * NOISE_SHARE * noise[column] / square)
        shrunk = misfit[column] * share
        disagreement = shrunk - w0[column] if depth[column] > _ZERO else _ZERO
        brightness = gain[column] / (_ONE + OCCLUSION * disagreement * disagreement)
        brightness = brightness if inside else _ZERO
        i_t[column] *= brightness
        i_x[column] *= brightness
        i_y[column] *= brightness
        z_t[column] = z_t[column] + shrunk - misfit[column] if inside else LOST_M
        z_x[column] = z_x[column] if inside else _ZERO
        z_y[column] = z_y[column] if inside else _ZERO
        misfit[column] = shrunk if inside else LOST_M


@compiled
@no_type_check
def _within(place: Any, last: Any) -> Any:
    return place >= -VIEW_MARGIN and place <= last + VIEW_MARGIN
