"""The weighted median that ends a level, compiled, without sorting."""

from typing import Any, no_type_check

import numpy as np

from skelflow.flow.constants import MEDIAN_DEPTH, MEDIAN_RESIDUAL
from skelflow.flow.engines.jit import compiled, inner, on_rows, pointer
from skelflow.flow.engines.numba.row_layout import GUARD, MISFIT, U0, U_BAR, V0, U, V, W
from skelflow.flow.engines.numba.upsample import copy

_ZERO, _HALF, _ONE = (np.float32(x) for x in (0, 0.5, 1))
_FAR = np.float32(1e30)  # beyond every motion
_NINE = 9


@compiled
@no_type_check
def limit(rows: Any, depth: Any, first: Any, last: Any) -> None:
    """At most one pixel a warp; no depth motion without depth."""
    for y in range(first, last):
        limit_row(
            pointer(rows, y, U, GUARD),
            pointer(rows, y, V, GUARD),
            pointer(rows, y, W, GUARD),
            pointer(rows, y, U0, GUARD),
            pointer(rows, y, V0, GUARD),
            pointer(depth, y, 0),
            depth.shape[1],
        )


@on_rows
@no_type_check
def limit_row(u: Any, v: Any, w: Any, u0: Any, v0: Any, depth: Any, width: Any) -> None:
    """`limit` of one row."""
    for x in range(width):
        u[x] = min(max(u[x], u0[x] - _ONE), u0[x] + _ONE)
        v[x] = min(max(v[x], v0[x] - _ONE), v0[x] + _ONE)
        w[x] = w[x] if depth[x] > _ZERO else _ZERO


@compiled
@no_type_check
def median(rows: Any, depth: Any, first: Any, last: Any) -> None:
    """Weighted median of u, v and w; the result takes the extrapolations' place.

    Twin of `skelflow.flow.engines.numpy.energy.median`.
    """
    height, width = depth.shape
    lines = np.empty((3, width + 2), np.float32)
    weights = np.empty((_NINE, width), np.float32)
    below = np.empty((_NINE, width), np.float32)
    bounds = np.empty((5, width), np.float32)
    for y in range(first, last):
        neighbor_weights(weights, rows, depth, y)
        for axis in range(3):
            for line in range(3):
                for x in range(width + 2):
                    lines[line, x] = _FAR
                if 0 <= y + line - 1 < height:
                    values = pointer(rows, y + line - 1, U + axis, GUARD)
                    copy(pointer(lines, line, 1), values, width)
            cumulate(below, lines, weights)
            result = pointer(rows, y, U_BAR + axis, GUARD)
            half_weight(result, lines, below, bounds)
            keep_null(result, pointer(rows, y, U + axis, GUARD), pointer(depth, y, 0), width)


@inner
@no_type_check
def neighbor_weights(weights: Any, rows: Any, depth: Any, y: Any) -> None:
    """Weights of the nine neighbors of each pixel of a row, 0 where there is none."""
    height, width = depth.shape
    for k in range(_NINE):
        down, right = k // 3 - 1, k % 3 - 1
        for x in range(width):
            weights[k, x] = _ZERO
        if 0 <= y + down < height:
            a = max(0, -right)
            neighbor_weight(
                pointer(weights, k, a),
                pointer(depth, y + down, a + right),
                pointer(depth, y, a),
                pointer(rows, y + down, MISFIT, GUARD + a + right),
                width - abs(right),
            )


@on_rows
@no_type_check
def neighbor_weight(out: Any, neighbor: Any, center: Any, misfit: Any, count: Any) -> None:
    """How much a neighbor counts: near in depth and well matched."""
    for x in range(count):
        step = neighbor[x] - center[x]
        spread = MEDIAN_DEPTH * step * step + MEDIAN_RESIDUAL * misfit[x] * misfit[x]
        out[x] = _ONE / (_ONE + spread)


@inner
@no_type_check
def cumulate(below: Any, lines: Any, weights: Any) -> None:
    """For each neighbor, the weight of all that are not greater (equal ones in their order)."""
    width = weights.shape[1]
    for i in range(_NINE):
        copy(pointer(below, i, 0), pointer(weights, i, 0), width)
    for i in range(_NINE):
        one = pointer(lines, i // 3, i % 3)
        for j in range(i + 1, _NINE):
            weigh_pair(
                pointer(below, i, 0),
                pointer(below, j, 0),
                one,
                pointer(lines, j // 3, j % 3),
                pointer(weights, i, 0),
                pointer(weights, j, 0),
                width,
            )


@on_rows
@no_type_check
def weigh_pair(
    below_one: Any,
    below_other: Any,
    one: Any,
    other: Any,
    weight_one: Any,
    weight_other: Any,
    width: Any,
) -> None:
    """Add the smaller one's weight to the greater one's sum."""
    for x in range(width):
        after = other[x] < one[x]
        below_one[x] += weight_other[x] if after else _ZERO
        below_other[x] += _ZERO if after else weight_one[x]


@inner
@no_type_check
def half_weight(out: Any, lines: Any, below: Any, bounds: Any) -> None:
    """The first value whose cumulative weight reaches half, interpolated with the one before."""
    width = below.shape[1]
    for x in range(width):
        bounds[0, x] = bounds[1, x] = _FAR
        bounds[2, x] = -_FAR
        bounds[3, x] = bounds[4, x] = _ZERO
    high, reached = pointer(bounds, 0, 0), pointer(bounds, 1, 0)
    low, missed, total = pointer(bounds, 2, 0), pointer(bounds, 3, 0), pointer(bounds, 4, 0)
    for k in range(_NINE):
        keep_greater(total, pointer(below, k, 0), width)
    for k in range(_NINE):
        values = pointer(lines, k // 3, k % 3)
        narrow(high, reached, low, missed, values, pointer(below, k, 0), total, width)
    interpolate(out, high, reached, low, missed, total, width)


@on_rows
@no_type_check
def keep_greater(out: Any, other: Any, width: Any) -> None:
    """`out = max(out, other)`."""
    for x in range(width):
        out[x] = max(out[x], other[x])


@on_rows
@no_type_check
def narrow(
    high: Any,
    reached: Any,
    low: Any,
    missed: Any,
    values: Any,
    below: Any,
    total: Any,
    width: Any,
) -> None:
    """Smallest value that reaches half the weight, greatest that does not, and their sums."""
    for x in range(width):
        enough = below[x] >= _HALF * total[x]
        high[x] = min(high[x], values[x] if enough else _FAR)
        reached[x] = min(reached[x], below[x] if enough else _FAR)
        low[x] = max(low[x], -_FAR if enough else values[x])
        missed[x] = max(missed[x], _ZERO if enough else below[x])


@on_rows
@no_type_check
def interpolate(
    out: Any, high: Any, reached: Any, low: Any, missed: Any, total: Any, width: Any
) -> None:
    """Between both values where there are two."""
    for x in range(width):
        half = _HALF * total[x]
        two = low[x] > -_FAR
        gap = reached[x] - missed[x] if two else _ONE
        blended = ((half - missed[x]) * high[x] + (reached[x] - half) * low[x]) / gap
        out[x] = blended if two else high[x]


@on_rows
@no_type_check
def keep_null(out: Any, unfiltered: Any, depth: Any, width: Any) -> None:
    """Pixels without depth keep their value."""
    for x in range(width):
        out[x] = out[x] if depth[x] > _ZERO else unfiltered[x]
