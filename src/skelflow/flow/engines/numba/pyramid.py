"""Down the pyramid, compiled: images of half the size, by output rows."""

from typing import Any, no_type_check

import numpy as np

from skelflow.flow.constants import DEPTH_BAND_M
from skelflow.flow.engines.jit import compiled, on_rows, pointer
from skelflow.flow.state import PyramidFrame

_ZERO, _ONE = np.float32(0), np.float32(1)
_BINOMIAL = np.array([1, 4, 6, 4, 1], np.float32) / np.float32(16)


def halve(frame: PyramidFrame) -> PyramidFrame:
    """The frame at half its size, rounded up."""
    height, width = frame.depth.shape
    size = (height + 1) // 2, (width + 1) // 2
    halved = PyramidFrame(np.empty(size, np.float32), np.empty(size, np.float32))
    halve_intensity(frame.intensity, halved.intensity, 0, size[0])
    halve_depth(frame.depth, halved.depth, 0, size[0])
    return halved


@compiled
@no_type_check
def halve_intensity(image: Any, halved: Any, first: Any, last: Any) -> None:
    """One pyramid step: binomial mean of every second pixel; separable, since its weights are.

    Twin of `skelflow.flow.engines.numpy.energy.halve_intensity`.
    """
    height, width = image.shape
    line = np.empty(width, np.float32)
    for y in range(first, last):
        for x in range(width):
            line[x] = _ZERO
        total = _ZERO
        for k in range(5):
            source = 2 * y + k - 2
            if 0 <= source < height:
                total += _BINOMIAL[k]
                add_scaled(pointer(line, 0), pointer(image, source, 0), _BINOMIAL[k], width)
        halve_row(pointer(halved, y, 0), pointer(line, 0), _ONE / total, halved.shape[1], width)


@on_rows
@no_type_check
def add_scaled(out: Any, row: Any, factor: Any, count: Any) -> None:
    """`out += factor * row`."""
    for x in range(count):
        out[x] += factor * row[x]


@on_rows
@no_type_check
def halve_row(out: Any, row: Any, factor: Any, count: Any, width: Any) -> None:
    """Binomial mean of the five taps around every second pixel that lie in the scaled row."""
    for x in range(width):
        row[x] *= factor
    for x in range(count):
        value, total = _ZERO, _ZERO
        for k in range(5):
            source = 2 * x + k - 2
            if 0 <= source < width:
                value += _BINOMIAL[k] * row[source]
                total += _BINOMIAL[k]
        out[x] = value / total


@compiled
@no_type_check
def halve_depth(depth: Any, halved: Any, first: Any, last: Any) -> None:
    """One pyramid step that never mixes surfaces: taps within 0.1 m of a center that has depth.

    Twin of `skelflow.flow.engines.numpy.energy.halve_depth`.
    """
    height, width = depth.shape
    count = halved.shape[1]
    # even and odd columns apart, with null depth where a tap lies beside the image
    apart = np.empty((2, count + 2), np.float32)
    for x in range(count + 2):
        apart[0, x] = apart[1, x] = _ZERO
    sums = np.empty((3, count), np.float32)  # center, value, weight
    for y in range(first, last):
        for x in range(count):
            sums[0, x], sums[1, x], sums[2, x] = depth[2 * y, 2 * x], _ZERO, _ZERO
        center, value, total = pointer(sums, 0, 0), pointer(sums, 1, 0), pointer(sums, 2, 0)
        for k in range(5):
            source = 2 * y + k - 2
            if 0 <= source < height:
                for x in range(width):
                    apart[x % 2, 1 + x // 2] = depth[source, x]
                for tap in range(5):
                    row = pointer(apart, tap % 2, tap // 2)
                    add_near(value, total, row, center, _BINOMIAL[k] * _BINOMIAL[tap], count)
        finish_mean(pointer(halved, y, 0), value, total, center, count)


@on_rows
@no_type_check
def add_near(value: Any, total: Any, row: Any, center: Any, factor: Any, count: Any) -> None:
    """Add the taps of the center's surface, weighted by how near in depth they are."""
    for x in range(count):
        tap = row[x]
        weight = factor * max(DEPTH_BAND_M - abs(tap - center[x]), _ZERO)
        weight = weight if tap > _ZERO else _ZERO
        value[x] += weight * tap
        total[x] += weight


@on_rows
@no_type_check
def finish_mean(out: Any, value: Any, total: Any, center: Any, count: Any) -> None:
    """The weighted mean, 0 where the center is null."""
    for x in range(count):
        out[x] = value[x] / total[x] if center[x] > _ZERO else _ZERO
