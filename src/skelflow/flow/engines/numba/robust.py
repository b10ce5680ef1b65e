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
from skelflow.flow.engines.jit import compiled, inner, on_rows, pointer
from skelflow.flow.engines.numba.row_layout import GUARD, IT, IX, IY, MISFIT, U0, V0, ZT, ZX, ZY, W
from skelflow.flow.engines.numba.upsample import copy

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
        above, below = pointer(image, max(y - 1, 0), 0), pointer(image, min(y + 1, height - 1), 0)
        binomial(pointer(line, 1), above, pointer(image, y, 0), below, width)
        line[0], line[width + 1] = line[1], line[width]
        before, row, after = pointer(line, 0), pointer(line, 1), pointer(line, 2)
        binomial(pointer(softened, y, 0), before, row, after, width)


@on_rows
@no_type_check
def binomial(out: Any, before: Any, row: Any, after: Any, count: Any) -> None:
    """(1, 2, 1)/4 of three rows, or of three neighbors in one."""
    for x in range(count):
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
    sums = np.empty((3, width), np.float32)  # weight, moment, square
    for y in range(first, last):
        for x in range(width):
            sums[0, x], sums[1, x], sums[2, x] = _ZERO, _ZERO, _ZERO
        for down in range(min(radius, min(y, height - 1 - y) // step) + 1):
            for right in range(-radius, radius + 1):
                a, shift = abs(right) * step, right * step
                within = down * down + right * right <= radius * radius
                if (down > 0 or right > 0) and within and a < width - a:
                    add_pair(
                        pointer(sums, 0, a),
                        pointer(sums, 1, a),
                        pointer(sums, 2, a),
                        pointer(depth, y, a),
                        pointer(depth, y + down * step, a + shift),
                        pointer(depth, y - down * step, a - shift),
                        _ONE / np.float32(band),
                        width - 2 * a,
                    )
        finish_smooth(
            pointer(smoothed, y, 0),
            pointer(noise, y, 0),
            pointer(depth, y, 0),
            pointer(sums, 0, 0),
            pointer(sums, 1, 0),
            pointer(sums, 2, 0),
            width,
        )


@on_rows
@no_type_check
def add_pair(
    weight: Any,
    moment: Any,
    square: Any,
    depth: Any,
    one: Any,
    other: Any,
    scale: Any,
    count: Any,
) -> None:
    """Add opposite neighbors of the pixels of a row, weighted by how close their mean is."""
    for x in range(count):
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
    smoothed: Any, noise: Any, depth: Any, weight: Any, moment: Any, square: Any, count: Any
) -> None:
    """The mean with the pixel itself, and the variance of the pairs."""
    for x in range(count):
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
            source = min(max(y + line - 1, 0), height - 1)
            copy(pointer(lines, line, 1), pointer(image, source, 0), width)
            lines[line, 0], lines[line, width + 1] = lines[line, 1], lines[line, width]
        above, row, below = pointer(lines, 0, 0), pointer(lines, 1, 0), pointer(lines, 2, 0)
        contrast_row(pointer(gain, y, 0), pointer(image, y, 0), above, row, below, width)


@on_rows
@no_type_check
def contrast_row(gain: Any, row: Any, above: Any, line: Any, below: Any, count: Any) -> None:
    """`contrast_gain` of one row."""
    for x in range(count):
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
    for y in range(first, last):
        reweight_row(
            pointer(rows, y, IT, GUARD),
            pointer(rows, y, IX, GUARD),
            pointer(rows, y, IY, GUARD),
            pointer(rows, y, ZT, GUARD),
            pointer(rows, y, ZX, GUARD),
            pointer(rows, y, ZY, GUARD),
            pointer(rows, y, MISFIT, GUARD),
            pointer(rows, y, U0, GUARD),
            pointer(rows, y, V0, GUARD),
            pointer(rows, y, W, GUARD),
            pointer(depth, y, 0),
            pointer(gain, y, 0),
            pointer(noise, y, 0),
            y,
            height,
            width,
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
    u0: Any,
    v0: Any,
    w0: Any,
    depth: Any,
    gain: Any,
    noise: Any,
    row: Any,
    height: Any,
    width: Any,
) -> None:
    """`reweight` of one row."""
    y, bottom, right = np.float32(row), np.float32(height - 1), np.float32(width - 1)
    for column in range(width):
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


@inner
@no_type_check
def _within(place: Any, last: Any) -> Any:
    return place >= -VIEW_MARGIN and place <= last + VIEW_MARGIN
