"""What one warp prepares, compiled: metric, derivatives, residuals, step sizes.

Every kernel works on the rows from `first` to `last` of its output, so that threads can share one.
"""

from typing import Any, no_type_check

import numpy as np

from skelflow.flow.constants import EPSILON, LAMBDA_D, LAMBDA_I, MU_0, MU_FALL
from skelflow.flow.engines.jit import compiled, inner, on_rows, pointer
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


@on_rows
@no_type_check
def metric_along(r: Any, row: Any, x_rays: Any, width: Any) -> None:
    """`r_x` of one row: 2 / distance to the next pixel, 1 where it is 0; 1 in the last column."""
    for x in range(width - 1):
        across = row[x + 1] * x_rays[x + 1] - row[x] * x_rays[x]
        away = row[x + 1] - row[x]
        length = np.sqrt(across * across + away * away)
        r[x] = _TWO / length if length > _ZERO else _ONE
    r[width - 1] = _ONE


@inner
@no_type_check
def metric_down(r: Any, depth: Any, y: Any, y_rays: Any) -> None:
    """`r_y` of one row, 1 in the last row."""
    height, width = depth.shape
    if y + 1 < height:
        row, below = pointer(depth, y, 0), pointer(depth, y + 1, 0)
        inverse_lengths(r, row, below, y_rays[y], y_rays[y + 1], width)
    else:
        for x in range(width):
            r[x] = _ONE


@on_rows
@no_type_check
def inverse_lengths(r: Any, row: Any, below: Any, y_row: Any, y_below: Any, width: Any) -> None:
    """2 / distance between pixels of two rows, 1 where it is 0."""
    for x in range(width):
        across = below[x] * y_below - row[x] * y_row
        away = below[x] - row[x]
        length = np.sqrt(across * across + away * away)
        r[x] = _TWO / length if length > _ZERO else _ONE


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
    lines = np.empty((7, width), np.float32)  # r_y of even and of odd rows, r_x, four slopes
    if first > 0:
        metric_down(pointer(lines, (first - 1) % 2, 0), depth, first - 1, y_rays)
    for y in range(first, last):
        ry, ry_above = pointer(lines, y % 2, 0), pointer(lines, (y + 1) % 2, 0)
        gray, z = pointer(intensity, y, 0), pointer(depth, y, 0)
        gray_x, gray_y = pointer(lines, 3, 0), pointer(lines, 4, 0)
        z_x, z_y = pointer(lines, 5, 0), pointer(lines, 6, 0)
        metric_along(pointer(lines, 2, 0), z, pointer(x_rays, 0), width)
        metric_down(ry, depth, y, y_rays)
        slope_along(lines, 3, intensity, y)
        slope_down(gray_y, intensity, y, ry, ry_above)
        slope_along(lines, 5, depth, y)
        slope_down(z_y, depth, y, ry, ry_above)
        edge = 0 if exact_border else 1
        flatten_holes(pointer(lines, 5, edge), pointer(depth, y, edge), width - 2 * edge)
        if exact_border or 0 < y < height - 1:
            flatten_holes(z_y, z, width)
        interleave(pointer(out, y, 0, 0), gray, gray_x, gray_y, z, z_x, z_y, width)


@inner
@no_type_check
def slope_along(lines: Any, line: Any, image: Any, y: Any) -> None:
    """Derivative along x into one of the lines, `r_x` in line 2; one-sided at the ends."""
    width = image.shape[1]
    before, row, after = pointer(image, y, 0), pointer(image, y, 1), pointer(image, y, 2)
    behind, ahead = pointer(lines, 2, 0), pointer(lines, 2, 1)
    weighted_slope(pointer(lines, line, 1), after, row, before, ahead, behind, width - 2)
    lines[line, 0] = image[y, 1] - image[y, 0]
    lines[line, width - 1] = image[y, width - 1] - image[y, width - 2]


@inner
@no_type_check
def slope_down(out: Any, image: Any, y: Any, ry: Any, ry_above: Any) -> None:
    """Derivative along y; one-sided at the ends."""
    height, width = image.shape
    above, below = max(y - 1, 0), min(y + 1, height - 1)
    if above == y or below == y:
        for x in range(width):
            out[x] = image[below, x] - image[above, x]
    else:
        before, row, after = (
            pointer(image, above, 0),
            pointer(image, y, 0),
            pointer(image, below, 0),
        )
        weighted_slope(out, after, row, before, ry, ry_above, width)


@on_rows
@no_type_check
def weighted_slope(
    out: Any, after: Any, row: Any, before: Any, ahead: Any, behind: Any, count: Any
) -> None:
    """Mean of the forward and the backward difference, weighted by the metric."""
    for x in range(count):
        forward = ahead[x] * (after[x] - row[x])
        backward = behind[x] * (row[x] - before[x])
        out[x] = (forward + backward) / (ahead[x] + behind[x])


@on_rows
@no_type_check
def flatten_holes(slope: Any, depth: Any, count: Any) -> None:
    """No gradient where there is no depth."""
    for x in range(count):
        slope[x] = slope[x] if depth[x] > _ZERO else _ZERO


@on_rows
@no_type_check
def interleave(
    out: Any, gray: Any, gray_x: Any, gray_y: Any, z: Any, z_x: Any, z_y: Any, width: Any
) -> None:
    """The six fields of a pixel side by side, as bilinear sampling reads them."""
    for x in range(width):
        at = CHANNELS * x
        out[at], out[at + 1], out[at + 2] = gray[x], gray_x[x], gray_y[x]
        out[at + 3], out[at + 4], out[at + 5] = z[x], z_x[x], z_y[x]


@compiled
@no_type_check
def warp(rows: Any, intensity: Any, depth: Any, second: Any, first: Any, last: Any) -> None:
    """Residuals of frame 2 at the motion so far, as functions of the whole motion.

    Twin of `skelflow.flow.engines.numpy.energy.warp`. `It` and `Zt` are those of no motion,
    `misfit` is the residual of the warped depth.
    """
    for y in range(first, last):
        warp_row(
            pointer(rows, y, IT, GUARD),
            pointer(rows, y, IX, GUARD),
            pointer(rows, y, IY, GUARD),
            pointer(rows, y, ZT, GUARD),
            pointer(rows, y, ZX, GUARD),
            pointer(rows, y, ZY, GUARD),
            pointer(rows, y, MISFIT, GUARD),
            pointer(rows, y, U0, GUARD),
            pointer(rows, y, V0, GUARD),
            pointer(intensity, y, 0),
            pointer(depth, y, 0),
            second,
            y,
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
    u0: Any,
    v0: Any,
    intensity: Any,
    depth: Any,
    second: Any,
    row: Any,
) -> None:
    """`warp` of one row: bilinear, but depth from the nearest pixel (half to even) at holes."""
    height, width = second.shape[:2]
    right, bottom = np.float32(width - 1), np.float32(height - 1)
    for column in range(width):
        x = min(max(np.float32(column) + u0[column], _ZERO), right)
        y = min(max(np.float32(row) + v0[column], _ZERO), bottom)
        x0, y0 = np.int32(x), np.int32(y)
        x1, y1 = min(x0 + 1, width - 1), min(y0 + 1, height - 1)
        a, b = x - np.float32(x0), y - np.float32(y0)
        p, q = pointer(second, y0, x0, 0), pointer(second, y0, x1, 0)
        r, s = pointer(second, y1, x0, 0), pointer(second, y1, x1, 0)
        z = bilinear(p[3], q[3], r[3], s[3], a, b)
        if min(min(p[3], q[3]), min(r[3], s[3])) == _ZERO:
            z = second[int(np.rint(y)), int(np.rint(x)), 3]
        misfit[column] = z - depth[column] if z > _ZERO else _ZERO
        i_x[column] = bilinear(p[1], q[1], r[1], s[1], a, b)
        i_y[column] = bilinear(p[2], q[2], r[2], s[2], a, b)
        z_x[column] = bilinear(p[4], q[4], r[4], s[4], a, b)
        z_y[column] = bilinear(p[5], q[5], r[5], s[5], a, b)
        ahead = i_x[column] * u0[column] + i_y[column] * v0[column]
        i_t[column] = bilinear(p[0], q[0], r[0], s[0], a, b) - intensity[column] - ahead
        z_t[column] = misfit[column] - z_x[column] * u0[column] - z_y[column] * v0[column]


@inner
@no_type_check
def bilinear(p: Any, q: Any, r: Any, s: Any, a: Any, b: Any) -> Any:
    """Between four pixels, two above and two below."""
    top = p + a * (q - p)
    bottom = r + a * (s - r)
    return top + b * (bottom - top)


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
    lines = np.empty((2, width), np.float32)  # r_y of even and of odd rows
    for x in range(width):
        lines[1, x] = _ZERO
    if first > 0:
        metric_down(pointer(lines, (first - 1) % 2, 0), depth, first - 1, y_rays)
    for y in range(first, last):
        ry, ry_above = pointer(lines, y % 2, 0), pointer(lines, (y + 1) % 2, 0)
        rx = pointer(rows, y, RX, GUARD)
        metric_along(rx, pointer(depth, y, 0), pointer(x_rays, 0), width)
        metric_down(ry, depth, y, y_rays)
        metric_sum(
            pointer(rows, y, SHRINK, GUARD),
            rx,
            pointer(rows, y, RX, GUARD - 1),
            ry,
            ry_above,
            width,
        )
        rows[y, RX, GUARD + width - 1] = _ZERO
        for x in range(width):
            rows[y, RY, GUARD + x] = ry[x] if y + 1 < height else _ZERO
        step_sizes(
            pointer(rows, y, ZX, GUARD),
            pointer(rows, y, ZY, GUARD),
            pointer(rows, y, MISFIT, GUARD),
            pointer(rows, y, IX, GUARD),
            pointer(rows, y, IY, GUARD),
            pointer(rows, y, MU, GUARD),
            pointer(rows, y, SIGMA, GUARD),
            pointer(rows, y, TAU_U, GUARD),
            pointer(rows, y, TAU_V, GUARD),
            pointer(rows, y, TAU_W, GUARD),
            pointer(rows, y, SHRINK, GUARD),
            step_ratio,
            width,
        )


@on_rows
@no_type_check
def metric_sum(out: Any, rx: Any, rx_before: Any, ry: Any, ry_above: Any, width: Any) -> None:
    """R: the metric toward all four neighbors."""
    for x in range(width):
        out[x] = rx[x] + ry[x] + rx_before[x] + ry_above[x]


@on_rows
@no_type_check
def step_sizes(
    z_x: Any,
    z_y: Any,
    z_t: Any,
    i_x: Any,
    i_y: Any,
    mu: Any,
    sigma: Any,
    tau_u: Any,
    tau_v: Any,
    tau_w: Any,
    shrink: Any,
    step_ratio: Any,
    width: Any,
) -> None:
    """Weight and step sizes of one row; `shrink` holds R at first."""
    for x in range(width):
        a, b, total = abs(z_x[x]), abs(z_y[x]), shrink[x]
        mu[x] = MU_0 / (_ONE + MU_FALL * (a * a + b * b + z_t[x] * z_t[x]))
        sigma[x] = mu[x] / step_ratio / (mu[x] * (_ONE + a + b) + EPSILON)
        tau_u[x] = step_ratio / (mu[x] * a + LAMBDA_I * total + EPSILON)
        tau_v[x] = step_ratio / (mu[x] * b + LAMBDA_I * total + EPSILON)
        tau_w[x] = step_ratio / (mu[x] + LAMBDA_D * total + EPSILON)
        slope = tau_u[x] * i_x[x] * i_x[x] + tau_v[x] * i_y[x] * i_y[x]
        shrink[x] = _ONE / (slope + EPSILON)
