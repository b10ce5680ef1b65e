"""Up and down the pyramid, compiled: `halve_intensity`, `halve_depth`, `double` of `energy`."""

from typing import Any, no_type_check

import numpy as np
from numba import njit

from skelflow.flow.terms import DEPTH_BAND_M, Field, Resized

_compiled = njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "nsz"})

_ZERO, _HALF, _ONE = (np.float32(x) for x in (0, 0.5, 1))
_SIX, _EIGHTH = np.float32(6), np.float32(0.125)
_BINOMIAL = np.array([1, 4, 6, 4, 1], np.float32) / np.float32(16)


@_compiled
@no_type_check
def halve_intensity(image: Field) -> Resized:
    """Compiled twin of `energy.halve_intensity`: separable, since its weights are."""
    height, width = image.shape
    rows = np.empty(((height + 1) // 2, width), np.float32)
    for y in range(rows.shape[0]):
        rows[y] = _ZERO
        total = _ZERO
        for k in range(5):
            source = 2 * y + k - 2
            if 0 <= source < height:
                total += _BINOMIAL[k]
                add_scaled_row(rows[y], image[source], _BINOMIAL[k])
        scale_row(rows[y], _ONE / total)
    halved = np.empty((rows.shape[0], (width + 1) // 2), np.float32)
    for y in range(halved.shape[0]):
        halve_row(halved[y], rows[y])
    return halved


@_compiled
@no_type_check
def add_scaled_row(out: Any, row: Any, factor: Any) -> None:
    """`out += factor * row`."""
    for x in range(out.shape[0]):
        out[x] += factor * row[x]


@_compiled
@no_type_check
def scale_row(out: Any, factor: Any) -> None:
    """`out *= factor`."""
    for x in range(out.shape[0]):
        out[x] *= factor


@_compiled
@no_type_check
def halve_row(out: Any, row: Any) -> None:
    """Binomial mean of the five taps around every second pixel that lie in the row."""
    width = row.shape[0]
    for x in range(out.shape[0]):
        value, total = _ZERO, _ZERO
        for k in range(5):
            source = 2 * x + k - 2
            if 0 <= source < width:
                value += _BINOMIAL[k] * row[source]
                total += _BINOMIAL[k]
        out[x] = value / total


@_compiled
@no_type_check
def halve_depth(depth: Field) -> Resized:
    """Compiled twin of `energy.halve_depth`."""
    height, width = depth.shape
    halved = np.zeros(((height + 1) // 2, (width + 1) // 2), np.float32)
    for y in range(halved.shape[0]):
        for x in range(halved.shape[1]):
            center = depth[2 * y, 2 * x]
            if center > _ZERO:
                halved[y, x] = _mean_of_surface(depth, 2 * y, 2 * x, center)
    return halved


@_compiled
@no_type_check
def _mean_of_surface(depth: Any, y: Any, x: Any, center: Any) -> Any:
    height, width = depth.shape
    value, total = _ZERO, _ZERO
    for i in range(max(0, y - 2), min(height, y + 3)):
        for j in range(max(0, x - 2), min(width, x + 3)):
            tap = depth[i, j]
            closeness = DEPTH_BAND_M - abs(tap - center)
            if tap > _ZERO and closeness > _ZERO:
                weight = _BINOMIAL[i - y + 2] * _BINOMIAL[j - x + 2] * closeness
                value += weight * tap
                total += weight
    return value / total


def double(coarse: Field, *, exact_border: bool) -> Resized:
    """Compiled twin of `energy.double`."""
    return np.asarray(_double(coarse, exact_border))


@_compiled
@no_type_check
def _border_gains(count: Any, exact_border: Any) -> Any:
    """What the first two and the last two of `2 count` pixels are multiplied by."""
    gains = np.ones(4, np.float32)
    if exact_border:
        gains[0] = np.float32(8 / 7) if count > 1 else np.float32(8 / 6)
        gains[2] = np.float32(8 / 7) if count > 1 else np.float32(1)
        gains[3] = np.float32(2)
    else:
        gains[0], gains[3] = np.float32(16 / 11), np.float32(16 / 11)
        gains[1], gains[2] = np.float32(16 / 15), np.float32(16 / 15)
    return gains


@_compiled
@no_type_check
def _double(coarse: Field, exact_border: bool) -> Resized:
    height, width = coarse.shape
    zero = np.zeros(width, np.float32)
    gains = _border_gains(height, exact_border)
    row_gains = np.ones(2 * height, np.float32)
    row_gains[0] *= gains[0]
    row_gains[1] *= gains[1]
    row_gains[2 * height - 2] *= gains[2]
    row_gains[2 * height - 1] *= gains[3]
    across = _border_gains(width, exact_border)
    line = np.empty(width, np.float32)
    fine = np.empty((2 * height, 2 * width), np.float32)
    for y in range(height):
        above = coarse[y - 1] if y > 0 else zero
        below = coarse[y + 1] if y + 1 < height else zero
        smooth_rows(line, above, coarse[y], below)
        double_row(fine[2 * y], line, row_gains[2 * y], across)
        mean_rows(line, coarse[y], below)
        double_row(fine[2 * y + 1], line, row_gains[2 * y + 1], across)
    return fine


@_compiled
@no_type_check
def smooth_rows(out: Any, above: Any, row: Any, below: Any) -> None:
    """(1, 6, 1)/8 of three rows: the binomial on the inserted grid's own rows."""
    for x in range(out.shape[0]):
        out[x] = (above[x] + _SIX * row[x] + below[x]) * _EIGHTH


@_compiled
@no_type_check
def mean_rows(out: Any, row: Any, below: Any) -> None:
    """Mean of two rows: the binomial on the inserted rows."""
    for x in range(out.shape[0]):
        out[x] = (row[x] + below[x]) * _HALF


@_compiled
@no_type_check
def double_row(out: Any, row: Any, gain: Any, across: Any) -> None:
    """Twice as many pixels along a row, times `gain`; `across` are the four border gains."""
    last = row.shape[0] - 1
    for x in range(last + 1):
        before = row[x - 1] if x > 0 else _ZERO
        after = row[x + 1] if x < last else _ZERO
        out[2 * x] = gain * (before + _SIX * row[x] + after) * _EIGHTH
        out[2 * x + 1] = gain * (row[x] + after) * _HALF
    out[0] *= across[0]
    out[1] *= across[1]
    out[2 * last] *= across[2]
    out[2 * last + 1] *= across[3]
