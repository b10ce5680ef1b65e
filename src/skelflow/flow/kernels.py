"""The terms and steps of `energy`, compiled: the same names, the same results to rounding.

Inner loops run over row views without a branch, so that they compile to vector code; a last
column or row is peeled off its loop instead of being asked for inside it.
"""

from typing import Any, no_type_check

import numpy as np
from numba import njit

from skelflow.flow.pyramid import double, halve_depth, halve_intensity
from skelflow.flow.sweep import iterate
from skelflow.flow.terms import (
    EPSILON,
    LAMBDA_D,
    LAMBDA_I,
    MEDIAN_DEPTH,
    MEDIAN_RESIDUAL,
    MU_0,
    MU_FALL,
    Field,
    Residuals,
    Steps,
)
from skelflow.types import Camera

__all__ = [
    "derivatives",
    "double",
    "halve_depth",
    "halve_intensity",
    "iterate",
    "median",
    "steps",
    "surface_metric",
    "warp",
]

_compiled = njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "nsz"})

_ZERO, _HALF, _ONE, _TWO = (np.float32(x) for x in (0, 0.5, 1, 2))


def surface_metric(depth: Field, camera: Camera) -> tuple[Field, Field]:
    """Compiled twin of `energy.surface_metric`."""
    height, width = depth.shape
    x = (np.arange(width, dtype=np.float32) - np.float32(camera.cx)) / np.float32(camera.fx)
    y = (np.arange(height, dtype=np.float32) - np.float32(camera.cy)) / np.float32(camera.fy)
    rx, ry = np.ones_like(depth), np.ones_like(depth)
    _fill_metric(depth, x, y, rx, ry)
    return rx, ry


@_compiled
@no_type_check
def _fill_metric(depth: Any, x: Any, y: Any, rx: Any, ry: Any) -> None:
    height = depth.shape[0]
    for i in range(height):
        row = depth[i]
        inverse_lengths(rx[i], row[1:], row, x[1:], x)
        if i + 1 < height:
            inverse_lengths_down(ry[i], depth[i + 1], row, y[i + 1], y[i])


@_compiled
@no_type_check
def inverse_lengths(out: Any, ahead: Any, here: Any, x_ahead: Any, x_here: Any) -> None:
    """2 / distance between neighbors of a row, 1 where it is 0."""
    for x in range(ahead.shape[0]):
        across = ahead[x] * x_ahead[x] - here[x] * x_here[x]
        away = ahead[x] - here[x]
        length = np.sqrt(across * across + away * away)
        out[x] = _TWO / length if length > _ZERO else _ONE


@_compiled
@no_type_check
def inverse_lengths_down(out: Any, below: Any, here: Any, y_below: Any, y_here: Any) -> None:
    """2 / distance between pixels of two rows, 1 where it is 0."""
    for x in range(below.shape[0]):
        across = below[x] * y_below - here[x] * y_here
        away = below[x] - here[x]
        length = np.sqrt(across * across + away * away)
        out[x] = _TWO / length if length > _ZERO else _ONE


def derivatives(image: Field, rx: Field, ry: Field) -> tuple[Field, Field]:
    """Compiled twin of `energy.derivatives`."""
    along_x, along_y = np.empty_like(image), np.empty_like(image)
    _fill_derivatives(image, rx, ry, along_x, along_y)
    return along_x, along_y


@_compiled
@no_type_check
def _fill_derivatives(image: Any, rx: Any, ry: Any, along_x: Any, along_y: Any) -> None:
    height, width = image.shape
    for y in range(height):
        row, r = image[y], rx[y]
        weighted_slope(along_x[y][1:], row[2:], row[1:], row, r[1:], r)
        along_x[y, 0] = row[1] - row[0]
        along_x[y, width - 1] = row[width - 1] - row[width - 2]
    for y in range(1, height - 1):
        weighted_slope(along_y[y], image[y + 1], image[y], image[y - 1], ry[y], ry[y - 1])
    along_y[0] = image[1] - image[0]
    along_y[height - 1] = image[height - 1] - image[height - 2]


@_compiled
@no_type_check
def weighted_slope(out: Any, after: Any, here: Any, before: Any, ahead: Any, behind: Any) -> None:
    """Mean of the forward and the backward difference, weighted by the metric."""
    for x in range(after.shape[0]):
        forward = ahead[x] * (after[x] - here[x])
        backward = behind[x] * (here[x] - before[x])
        out[x] = (forward + backward) / (ahead[x] + behind[x])


def warp(first: tuple[Field, Field], second: tuple[Field, ...], u0: Field, v0: Field) -> Residuals:
    """Compiled twin of `energy.warp`."""
    residuals = Residuals(*(np.empty_like(u0) for _ in range(6)))
    _fill_residuals(*first, *second, u0, v0, residuals)
    return residuals


@_compiled
@no_type_check
def _fill_residuals(
    intensity1: Any,
    depth1: Any,
    intensity2: Any,
    i_x: Any,
    i_y: Any,
    depth2: Any,
    z_x: Any,
    z_y: Any,
    u0: Any,
    v0: Any,
    out: Any,
) -> None:
    height, width = depth1.shape
    for row in range(height):
        for column in range(width):
            x = min(max(np.float32(column) + u0[row, column], _ZERO), np.float32(width - 1))
            y = min(max(np.float32(row) + v0[row, column], _ZERO), np.float32(height - 1))
            x0, y0 = int(x), int(y)
            x1, y1 = min(x0 + 1, width - 1), min(y0 + 1, height - 1)
            a, b = x - np.float32(x0), y - np.float32(y0)
            at = (x0, x1, y0, y1, a, b)
            out.It[row, column] = _bilinear(intensity2, at) - intensity1[row, column]
            out.Ix[row, column] = _bilinear(i_x, at)
            out.Iy[row, column] = _bilinear(i_y, at)
            out.Zx[row, column] = _bilinear(z_x, at)
            out.Zy[row, column] = _bilinear(z_y, at)
            depth = _bilinear(depth2, at)
            if _has_hole(depth2, at):
                depth = depth2[int(np.rint(y)), int(np.rint(x))]
            out.Zt[row, column] = depth - depth1[row, column] if depth > _ZERO else _ZERO


@_compiled
@no_type_check
def _bilinear(field: Any, at: Any) -> Any:
    x0, x1, y0, y1, a, b = at
    top = field[y0, x0] + a * (field[y0, x1] - field[y0, x0])
    bottom = field[y1, x0] + a * (field[y1, x1] - field[y1, x0])
    return top + b * (bottom - top)


@_compiled
@no_type_check
def _has_hole(depth: Any, at: Any) -> Any:
    x0, x1, y0, y1, _, _ = at
    upper = min(depth[y0, x0], depth[y0, x1])
    return min(upper, min(depth[y1, x0], depth[y1, x1])) == _ZERO


def steps(residuals: Residuals, rx: Field, ry: Field) -> Steps:
    """Compiled twin of `energy.steps`."""
    weights = Steps(*(np.empty_like(rx) for _ in Steps._fields))
    weights = weights._replace(rx=rx.copy(), ry=ry.copy())
    _fill_steps(residuals, weights)
    weights.rx[:, -1], weights.ry[-1, :] = 0, 0
    return weights


@_compiled
@no_type_check
def _fill_steps(q: Any, k: Any) -> None:
    height, width = q.It.shape
    nothing = np.zeros(width, np.float32)
    mean = np.empty(width, np.float32)
    for y in range(height):
        above = k.ry[y - 1] if y > 0 else nothing
        metric_sum(mean[1:], k.rx[y][1:], k.rx[y], k.ry[y][1:], above[1:])
        mean[0] = k.rx[y, 0] + k.ry[y, 0] + above[0]
        for x in range(width):
            z_x, z_y, z_t = abs(q.Zx[y, x]), abs(q.Zy[y, x]), q.Zt[y, x]
            mu = MU_0 / (_ONE + MU_FALL * (z_x * z_x + z_y * z_y + z_t * z_t))
            tau_u = _ONE / (mu * z_x + LAMBDA_I * mean[x] + EPSILON)
            tau_v = _ONE / (mu * z_y + LAMBDA_I * mean[x] + EPSILON)
            i_x, i_y = q.Ix[y, x], q.Iy[y, x]
            k.mu[y, x], k.tau_u[y, x], k.tau_v[y, x] = mu, tau_u, tau_v
            k.tau_w[y, x] = _ONE / (mu + LAMBDA_D * mean[x] + EPSILON)
            k.sigma[y, x] = mu / (mu * (_ONE + z_x + z_y) + EPSILON)
            k.shrink[y, x] = _ONE / (tau_u * i_x * i_x + tau_v * i_y * i_y + EPSILON)


@_compiled
@no_type_check
def metric_sum(out: Any, rx: Any, rx_before: Any, ry: Any, ry_above: Any) -> None:
    """R: the metric toward all four neighbors."""
    for x in range(out.shape[0]):
        out[x] = rx[x] + ry[x] + rx_before[x] + ry_above[x]


@_compiled
@no_type_check
def median(field: Field, depth: Field, residual: Field) -> Field:
    """Compiled twin of `energy.median`."""
    height, width = field.shape
    values, weights = np.empty(9, np.float32), np.empty(9, np.float32)
    result = field.copy()
    for y in range(height):
        for x in range(width):
            if depth[y, x] > _ZERO:
                count = 0
                for i in range(max(0, y - 1), min(height, y + 2)):
                    for j in range(max(0, x - 1), min(width, x + 2)):
                        step, misfit = depth[i, j] - depth[y, x], residual[i, j]
                        spread = MEDIAN_DEPTH * step * step + MEDIAN_RESIDUAL * misfit * misfit
                        insert(values, weights, count, field[i, j], _ONE / (_ONE + spread))
                        count += 1
                result[y, x] = half_weight(values, weights, count)
    return result


@_compiled
@no_type_check
def insert(values: Any, weights: Any, count: Any, value: Any, weight: Any) -> None:
    """Put a value and its weight at its place among `count` sorted ones."""
    at = count
    while at > 0 and values[at - 1] > value:
        values[at], weights[at] = values[at - 1], weights[at - 1]
        at -= 1
    values[at], weights[at] = value, weight


@_compiled
@no_type_check
def half_weight(values: Any, weights: Any, count: Any) -> Any:
    """Where the cumulative weight reaches half the total, interpolated with the value before."""
    for i in range(1, count):
        weights[i] += weights[i - 1]
    half = _HALF * weights[count - 1]
    at = 0
    while weights[at] < half:
        at += 1
    if at == 0:
        return values[0]
    reached, missed = weights[at], weights[at - 1]
    return ((half - missed) * values[at] + (reached - half) * values[at - 1]) / (reached - missed)
