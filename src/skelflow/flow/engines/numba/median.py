"""The weighted median that ends a level, compiled, without sorting."""

from typing import Any, no_type_check

import numpy as np

from skelflow.flow.constants import MEDIAN_DEPTH, MEDIAN_RESIDUAL
from skelflow.flow.engines.jit import compiled, on_rows
from skelflow.flow.engines.numba.row_layout import (
    GUARD,
    MISFIT,
    U0,
    U_BAR,
    V0,
    V_BAR,
    W_BAR,
    U,
    V,
    W,
)

_ZERO, _HALF, _ONE = (np.float32(x) for x in (0, 0.5, 1))
_FAR = np.float32(1e30)  # beyond every motion
_NINE = 9


@compiled
@no_type_check
def limit(rows: Any, depth: Any, first: Any, last: Any) -> None:
    """At most one pixel a warp; no depth motion without depth."""
    a, b = GUARD, GUARD + depth.shape[1]
    for y in range(first, last):
        row = rows[y]
        limit_row(row[U, a:b], row[V, a:b], row[W, a:b], row[U0, a:b], row[V0, a:b], depth[y])


@on_rows
@no_type_check
def limit_row(u: Any, v: Any, w: Any, u0: Any, v0: Any, depth: Any) -> None:
    """`limit` of one row."""
    for x in range(u.shape[0]):
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
    lines = np.full((3, width + 2), _FAR, np.float32)
    weights = np.empty((_NINE, width), np.float32)
    below = np.empty((_NINE, width), np.float32)
    bounds = np.empty((4, width), np.float32)
    a, b = GUARD, GUARD + width
    for y in range(first, last):
        neighbor_weights(weights, rows, depth, y)
        for field, result in ((U, U_BAR), (V, V_BAR), (W, W_BAR)):
            for line in range(3):
                lines[line, 1 : width + 1] = _FAR
                if 0 <= y + line - 1 < height:
                    lines[line, 1 : width + 1] = rows[y + line - 1, field, a:b]
            cumulate(below, lines, weights)
            half_weight(rows[y, result, a:b], lines, below, bounds)
            keep_null(rows[y, result, a:b], rows[y, field, a:b], depth[y])


@compiled
@no_type_check
def neighbor_weights(weights: Any, rows: Any, depth: Any, y: Any) -> None:
    """Weights of the nine neighbors of each pixel of a row, 0 where there is none."""
    height, width = depth.shape
    for k in range(_NINE):
        down, right = k // 3 - 1, k % 3 - 1
        weights[k] = _ZERO
        if 0 <= y + down < height:
            a, b = max(0, -right), min(width, width - right)
            misfit = rows[y + down, MISFIT, GUARD + a + right : GUARD + b + right]
            neighbor_weight(
                weights[k, a:b], depth[y + down, a + right : b + right], depth[y, a:b], misfit
            )


@on_rows
@no_type_check
def neighbor_weight(out: Any, neighbor: Any, center: Any, misfit: Any) -> None:
    """How much a neighbor counts: near in depth and well matched."""
    for x in range(out.shape[0]):
        step = neighbor[x] - center[x]
        spread = MEDIAN_DEPTH * step * step + MEDIAN_RESIDUAL * misfit[x] * misfit[x]
        out[x] = _ONE / (_ONE + spread)


@compiled
@no_type_check
def cumulate(below: Any, lines: Any, weights: Any) -> None:
    """For each neighbor, the weight of all that are not greater (equal ones in their order)."""
    width = weights.shape[1]
    below[:] = weights
    for i in range(_NINE):
        one = lines[i // 3, i % 3 : i % 3 + width]
        for j in range(i + 1, _NINE):
            other = lines[j // 3, j % 3 : j % 3 + width]
            weigh_pair(below[i], below[j], one, other, weights[i], weights[j])


@on_rows
@no_type_check
def weigh_pair(
    below_one: Any, below_other: Any, one: Any, other: Any, weight_one: Any, weight_other: Any
) -> None:
    """Add the smaller one's weight to the greater one's sum."""
    for x in range(below_one.shape[0]):
        after = other[x] < one[x]
        below_one[x] += weight_other[x] if after else _ZERO
        below_other[x] += _ZERO if after else weight_one[x]


@compiled
@no_type_check
def half_weight(out: Any, lines: Any, below: Any, bounds: Any) -> None:
    """The first value whose cumulative weight reaches half, interpolated with the one before."""
    width = out.shape[0]
    bounds[0], bounds[1] = _FAR, _FAR
    bounds[2], bounds[3] = -_FAR, _ZERO
    total = _total(below)
    for k in range(_NINE):
        values = lines[k // 3, k % 3 : k % 3 + width]
        narrow(bounds[0], bounds[1], bounds[2], bounds[3], values, below[k], total)
    interpolate(out, bounds[0], bounds[1], bounds[2], bounds[3], total)


@compiled
@no_type_check
def _total(below: Any) -> Any:
    total = below[0].copy()
    for k in range(1, _NINE):
        keep_greater(total, below[k])
    return total


@on_rows
@no_type_check
def keep_greater(out: Any, other: Any) -> None:
    """`out = max(out, other)`."""
    for x in range(out.shape[0]):
        out[x] = max(out[x], other[x])


@on_rows
@no_type_check
def narrow(
    high: Any, reached: Any, low: Any, missed: Any, values: Any, below: Any, total: Any
) -> None:
    """Smallest value that reaches half the weight, greatest that does not, and their sums."""
    for x in range(high.shape[0]):
        enough = below[x] >= _HALF * total[x]
        high[x] = min(high[x], values[x] if enough else _FAR)
        reached[x] = min(reached[x], below[x] if enough else _FAR)
        low[x] = max(low[x], -_FAR if enough else values[x])
        missed[x] = max(missed[x], _ZERO if enough else below[x])


@on_rows
@no_type_check
def interpolate(out: Any, high: Any, reached: Any, low: Any, missed: Any, total: Any) -> None:
    """Between both values where there are two."""
    for x in range(out.shape[0]):
        half = _HALF * total[x]
        two = low[x] > -_FAR
        gap = reached[x] - missed[x] if two else _ONE
        blended = ((half - missed[x]) * high[x] + (reached[x] - half) * low[x]) / gap
        out[x] = blended if two else high[x]


@on_rows
@no_type_check
def keep_null(out: Any, unfiltered: Any, depth: Any) -> None:
    """Pixels without depth keep their value."""
    for x in range(out.shape[0]):
        out[x] = out[x] if depth[x] > _ZERO else unfiltered[x]
