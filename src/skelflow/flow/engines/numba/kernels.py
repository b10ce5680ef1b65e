"""What one warp prepares, compiled: metric, derivatives, residuals, step sizes.

Every kernel works on the rows from `first` to `last` of its output, so that threads can share one.
"""

from typing import Any, no_type_check

import numpy as np

from skelflow.flow.constants import EPSILON, LAMBDA_D, LAMBDA_I, MU_0, MU_FALL
from skelflow.flow.engines.jit import compiled, on_rows
from skelflow.flow.engines.numba.row_layout import (
    GUARD,
    IT,
    IX,
    IY,
    MISFIT,
    MU,
    RX,
    RY,
    SHRINK,
    SIGMA,
    TAU_U,
    TAU_V,
    TAU_W,
    U0,
    V0,
    ZT,
    ZX,
    ZY,
)

CHANNELS = 8  # of `differentiate`: I, I_x, I_y, Z, Z_x, Z_y; eight, so that a pixel is 32 bytes

_ZERO, _ONE, _TWO = (np.float32(x) for x in (0, 1, 2))


@compiled
@no_type_check
def metric_row(r: Any, depth: Any, x_rays: Any) -> None:
    """`r_x` of one row, 1 in the last column."""
    inverse_lengths(r, depth[1:], depth, x_rays[1:], x_rays)
    r[-1] = _ONE


@compiled
@no_type_check
def metric_column(r: Any, depth: Any, y: Any, y_rays: Any) -> None:
    """`r_y` of one row, 1 in the last row."""
    if y + 1 < depth.shape[0]:
        inverse_lengths_down(r, depth[y + 1], depth[y], y_rays[y + 1], y_rays[y])
    else:
        r[:] = _ONE


@on_rows
@no_type_check
def inverse_lengths(out: Any, ahead: Any, row: Any, x_ahead: Any, x_row: Any) -> None:
    """2 / distance between neighbors of a row, 1 where it is 0."""
    for x in range(ahead.shape[0]):
        across = ahead[x] * x_ahead[x] - row[x] * x_row[x]
        away = ahead[x] - row[x]
        length = np.sqrt(across * across + away * away)
        out[x] = _TWO / length if length > _ZERO else _ONE


@on_rows
@no_type_check
def inverse_lengths_down(out: Any, below: Any, row: Any, y_below: Any, y_row: Any) -> None:
    """2 / distance between pixels of two rows, 1 where it is 0."""
    for x in range(below.shape[0]):
        across = below[x] * y_below - row[x] * y_row
        away = below[x] - row[x]
        length = np.sqrt(across * across + away * away)
        out[x] = _TWO / length if length > _ZERO else _ONE


@compiled
@no_type_check
def differentiate(
    intensity: Any,
    depth: Any,
    x_rays: Any,
    y_rays: Any,
    exact_border: Any,
    out: Any,
    first: Any,
    last: Any,
) -> None:
    """Intensity, depth and their derivatives, interleaved.

    Twin of `skelflow.flow.engines.numpy.solver.differentiate`.
    """
    height, width = depth.shape
    rx, ry = np.empty(width, np.float32), np.empty(width, np.float32)
    ry_above = np.empty(width, np.float32)
    slopes = np.empty((4, width), np.float32)
    if first > 0:
        metric_column(ry, depth, first - 1, y_rays)
    for y in range(first, last):
        ry, ry_above = ry_above, ry
        metric_row(rx, depth[y], x_rays)
        metric_column(ry, depth, y, y_rays)
        slope_along(slopes[0], intensity[y], rx)
        slope_down(slopes[1], intensity, y, ry, ry_above)
        slope_along(slopes[2], depth[y], rx)
        slope_down(slopes[3], depth, y, ry, ry_above)
        inner_column = 0 if exact_border else 1
        flatten_holes(slopes[2][inner_column : width - inner_column], depth[y, inner_column:])
        if exact_border or 0 < y < height - 1:
            flatten_holes(slopes[3], depth[y])
        interleave(out[y], intensity[y], depth[y], slopes)


@compiled
@no_type_check
def slope_along(out: Any, row: Any, rx: Any) -> None:
    """Derivative along x; one-sided at the ends."""
    weighted_slope(out[1:-1], row[2:], row[1:], row, rx[1:], rx)
    out[0], out[-1] = row[1] - row[0], row[-1] - row[-2]


@compiled
@no_type_check
def slope_down(out: Any, image: Any, y: Any, ry: Any, ry_above: Any) -> None:
    """Derivative along y; one-sided at the ends."""
    above, below = max(y - 1, 0), min(y + 1, image.shape[0] - 1)
    if y in (above, below):
        out[:] = image[below] - image[above]
    else:
        weighted_slope(out, image[below], image[y], image[above], ry, ry_above)


@on_rows
@no_type_check
def weighted_slope(out: Any, after: Any, row: Any, before: Any, ahead: Any, behind: Any) -> None:
    """Mean of the forward and the backward difference, weighted by the metric."""
    for x in range(out.shape[0]):
        forward = ahead[x] * (after[x] - row[x])
        backward = behind[x] * (row[x] - before[x])
        out[x] = (forward + backward) / (ahead[x] + behind[x])


@on_rows
@no_type_check
def flatten_holes(slope: Any, depth: Any) -> None:
    """No gradient where there is no depth."""
    for x in range(slope.shape[0]):
        slope[x] = slope[x] if depth[x] > _ZERO else _ZERO


@on_rows
@no_type_check
def interleave(out: Any, intensity: Any, depth: Any, slopes: Any) -> None:
    """The six fields of a pixel side by side, as bilinear sampling reads them."""
    for x in range(intensity.shape[0]):
        out[x, 0], out[x, 1], out[x, 2] = intensity[x], slopes[0, x], slopes[1, x]
        out[x, 3], out[x, 4], out[x, 5] = depth[x], slopes[2, x], slopes[3, x]


@compiled
@no_type_check
def warp(rows: Any, intensity: Any, depth: Any, second: Any, first: Any, last: Any) -> None:
    """Residuals of frame 2 at the motion so far, as functions of the whole motion.

    Twin of `skelflow.flow.engines.numpy.energy.warp`. `It` and `Zt` are those of no motion,
    `misfit` is the residual of the warped depth.
    """
    a, b = GUARD, GUARD + depth.shape[1]
    for y in range(first, last):
        row = rows[y]
        warp_row(
            row[IT, a:b],
            row[IX, a:b],
            row[IY, a:b],
            row[ZT, a:b],
            row[ZX, a:b],
            row[ZY, a:b],
            row[MISFIT, a:b],
            (row[U0, a:b], row[V0, a:b], intensity[y], depth[y]),
            second,
            np.float32(y),
        )


@on_rows
@no_type_check
def warp_row(
    i_t: Any,
    i_x: Any,
    i_y: Any,
    z_t: Any,
    z_x: Any,
    z_y: Any,
    misfit: Any,
    known: Any,
    second: Any,
    row: Any,
) -> None:
    """`warp` of one row: bilinear, but depth from the nearest pixel (half to even) at holes."""
    u0, v0, intensity, depth = known
    height, width = second.shape[:2]
    right, bottom = np.float32(width - 1), np.float32(height - 1)
    for column in range(width):
        x = min(max(np.float32(column) + u0[column], _ZERO), right)
        y = min(max(row + v0[column], _ZERO), bottom)
        x0, y0 = np.int32(x), np.int32(y)
        x1, y1 = min(x0 + 1, width - 1), min(y0 + 1, height - 1)
        a, b = x - np.float32(x0), y - np.float32(y0)
        corners = second[y0, x0], second[y0, x1], second[y1, x0], second[y1, x1]
        z = bilinear(corners, a, b, 3)
        if has_hole(corners):
            z = second[int(np.rint(y)), int(np.rint(x)), 3]
        misfit[column] = z - depth[column] if z > _ZERO else _ZERO
        i_x[column], i_y[column] = bilinear(corners, a, b, 1), bilinear(corners, a, b, 2)
        z_x[column], z_y[column] = bilinear(corners, a, b, 4), bilinear(corners, a, b, 5)
        ahead = i_x[column] * u0[column] + i_y[column] * v0[column]
        i_t[column] = bilinear(corners, a, b, 0) - intensity[column] - ahead
        z_t[column] = misfit[column] - z_x[column] * u0[column] - z_y[column] * v0[column]


@compiled
@no_type_check
def bilinear(corners: Any, a: Any, b: Any, channel: Any) -> Any:
    """One channel between four pixels."""
    p, q, r, s = corners
    top = p[channel] + a * (q[channel] - p[channel])
    bottom = r[channel] + a * (s[channel] - r[channel])
    return top + b * (bottom - top)


@compiled
@no_type_check
def has_hole(corners: Any) -> Any:
    """Whether one of the four pixels has no depth."""
    p, q, r, s = corners
    return min(min(p[3], q[3]), min(r[3], s[3])) == _ZERO


@compiled
@no_type_check
def steps(
    rows: Any, depth: Any, x_rays: Any, y_rays: Any, step_ratio: Any, first: Any, last: Any
) -> None:
    """Step sizes, and the metric of frame 1 that they need.

    Twin of `skelflow.flow.engines.numpy.energy.steps`. And of
    `skelflow.flow.engines.numpy.energy.surface_metric`.
    """
    height, width = depth.shape
    a, b = GUARD, GUARD + width
    rx, ry_above = np.zeros(width + 1, np.float32), np.zeros(width, np.float32)
    ry = np.zeros(width, np.float32)
    if first > 0:
        metric_column(ry, depth, first - 1, y_rays)
    for y in range(first, last):
        row = rows[y]
        ry, ry_above = ry_above, ry
        metric_row(rx[1:], depth[y], x_rays)
        metric_column(ry, depth, y, y_rays)
        row[RX, a:b], row[RY, a:b] = rx[1:], ry
        metric_sum(row[SHRINK, a:b], rx[1:], rx, ry, ry_above)
        row[RX, b - 1] = _ZERO
        if y + 1 == height:
            row[RY, a:b] = _ZERO
        step_sizes(
            (row[ZX, a:b], row[ZY, a:b], row[MISFIT, a:b], row[IX, a:b], row[IY, a:b]),
            row[MU, a:b],
            row[SIGMA, a:b],
            row[TAU_U, a:b],
            row[TAU_V, a:b],
            row[TAU_W, a:b],
            row[SHRINK, a:b],
            step_ratio,
        )


@on_rows
@no_type_check
def metric_sum(out: Any, rx: Any, rx_before: Any, ry: Any, ry_above: Any) -> None:
    """R: the metric toward all four neighbors."""
    for x in range(out.shape[0]):
        out[x] = rx[x] + ry[x] + rx_before[x] + ry_above[x]


@on_rows
@no_type_check
def step_sizes(
    slopes: Any,
    mu: Any,
    sigma: Any,
    tau_u: Any,
    tau_v: Any,
    tau_w: Any,
    shrink: Any,
    step_ratio: Any,
) -> None:
    """Weight and step sizes of one row; `shrink` holds R at first."""
    z_x, z_y, z_t, i_x, i_y = slopes
    for x in range(mu.shape[0]):
        a, b, total = abs(z_x[x]), abs(z_y[x]), shrink[x]
        mu[x] = MU_0 / (_ONE + MU_FALL * (a * a + b * b + z_t[x] * z_t[x]))
        sigma[x] = mu[x] / step_ratio / (mu[x] * (_ONE + a + b) + EPSILON)
        tau_u[x] = step_ratio / (mu[x] * a + LAMBDA_I * total + EPSILON)
        tau_v[x] = step_ratio / (mu[x] * b + LAMBDA_I * total + EPSILON)
        tau_w[x] = step_ratio / (mu[x] + LAMBDA_D * total + EPSILON)
        slope = tau_u[x] * i_x[x] * i_x[x] + tau_v[x] * i_y[x] * i_y[x]
        shrink[x] = _ONE / (slope + EPSILON)
