"""The primal-dual iterations as one sweep over the rows, several iterations close behind another.

A row's dual step reads the extrapolated motion of its own and of the next row; its primal step
writes its own row only. So an iteration can begin a row as soon as the one before has finished the
next row: while a row is in the cache, many iterations pass over it.

Each thread has a band of rows. Before a block of iterations it copies as many rows of its
neighbors as there are iterations; what it does not know beyond them spoils one row of the copy an
iteration, and never its own rows. The result does not depend on the number of threads.
"""

from functools import partial
from typing import Any, no_type_check

import numpy as np

from skelflow.flow.constants import LAMBDA_D, LAMBDA_I
from skelflow.flow.engines.jit import compiled, inner, on_rows, on_rows_approximate, pointer
from skelflow.flow.engines.numba.row_layout import (
    CHANGING,
    GUARD,
    IT,
    IX,
    IY,
    MU,
    P_D,
    P_UX,
    P_UY,
    P_VX,
    P_VY,
    P_WX,
    P_WY,
    RX,
    RY,
    SHRINK,
    SIGMA,
    TAU_U,
    TAU_V,
    TAU_W,
    U_BAR,
    V_BAR,
    W_BAR,
    ZT,
    ZX,
    ZY,
    Rows,
    U,
    V,
    W,
)
from skelflow.flow.engines.numba.row_threads import RowThreads

BLOCK = 12  # iterations that follow each other through the image

_ZERO, _HALF, _ONE, _TWO = (np.float32(x) for x in (0, 0.5, 1, 2))


def iterate(rows: Rows, width: int, count: int, step_ratio: float, row_threads: RowThreads) -> None:
    """`count` primal-dual iterations in place (Chambolle-Pock, theta = 1).

    Twin of `skelflow.flow.engines.numpy.energy.iterate`, in the whole motion instead of the
    increment. `step_ratio` is that of the preset.
    """
    ascent = _HALF / np.float32(step_ratio)
    bands = [_Band(rows, first, last) for first, last in row_threads.bands(len(rows))]
    for done in range(0, count, BLOCK):
        block = min(BLOCK, count - done)
        for band in bands:
            band.copy_neighbors()
        row_threads.together(
            [partial(advance, *band.parts, width, block, ascent) for band in bands]
        )


class _Band:
    """Rows `first` to `last` and copies of up to `BLOCK` rows above and below them."""

    def __init__(self, rows: Rows, first: int, last: int) -> None:
        self._above = rows[max(0, first - BLOCK) : first]
        self._below = rows[last : last + BLOCK]
        self.parts = self._above.copy(), rows[first:last], self._below.copy()

    def copy_neighbors(self) -> None:
        self.parts[0][:, :CHANGING] = self._above[:, :CHANGING]
        self.parts[2][:, :CHANGING] = self._below[:, :CHANGING]


@compiled
@no_type_check
def advance(above: Any, own: Any, below: Any, width: Any, count: Any, ascent: Any) -> None:
    """`count` iterations of the rows in the three parts; iteration k is k rows behind the first.

    `ascent` is the length of the total-variation duals' steps.
    """
    height = len(above) + len(own) + len(below)
    nothing = np.empty((CHANGING + RY, own.shape[2]), np.float32)
    for field in range(len(nothing)):
        for x in range(own.shape[2]):
            nothing[field, x] = _ZERO
    for front in range(height + count - 1):
        for k in range(max(0, front - height + 1), min(count, front + 1)):
            y = front - k
            previous_row = _row(above, own, below, y - 1) if y > 0 else nothing
            row = _row(above, own, below, y)
            next_row = _row(above, own, below, min(y + 1, height - 1))
            dual_step(row, next_row, width, ascent)
            primal_step(row, previous_row, width)


@inner
@no_type_check
def _row(above: Any, own: Any, below: Any, y: Any) -> Any:
    if y < len(above):
        return above[y]
    y -= len(above)
    return own[y] if y < len(own) else below[y - len(own)]


@inner
@no_type_check
def dual_step(row: Any, next_row: Any, width: Any, ascent: Any) -> None:
    """Dual step of one row; the missing right neighbor moves as the last pixel does."""
    for field in range(U_BAR, W_BAR + 1):
        row[field, GUARD + width] = row[field, GUARD + width - 1]
    ascend_depth(
        pointer(row, P_D, GUARD),
        pointer(row, SIGMA, GUARD),
        pointer(row, ZT, GUARD),
        pointer(row, ZX, GUARD),
        pointer(row, ZY, GUARD),
        pointer(row, U_BAR, GUARD),
        pointer(row, V_BAR, GUARD),
        pointer(row, W_BAR, GUARD),
        width,
    )
    for axis in range(3):
        ascend_variation(
            pointer(row, P_UX + 2 * axis, GUARD),
            pointer(row, P_UY + 2 * axis, GUARD),
            pointer(row, U_BAR + axis, GUARD),
            pointer(row, U_BAR + axis, GUARD + 1),
            pointer(next_row, U_BAR + axis, GUARD),
            ascent,
            width,
        )


@on_rows
@no_type_check
def ascend_depth(
    p: Any,
    sigma: Any,
    z_t: Any,
    z_x: Any,
    z_y: Any,
    u_bar: Any,
    v_bar: Any,
    w_bar: Any,
    width: Any,
) -> None:
    """Dual step of the depth residual, clipped to [-1, 1]."""
    for x in range(width):
        rho = z_t[x] + z_x[x] * u_bar[x] + z_y[x] * v_bar[x] - w_bar[x]
        p[x] = min(max(p[x] + sigma[x] * rho, -_ONE), _ONE)


@on_rows_approximate
@no_type_check
def ascend_variation(
    p_x: Any, p_y: Any, row: Any, ahead: Any, below: Any, step: Any, width: Any
) -> None:
    """Dual step of one total variation, projected to the unit disc."""
    for x in range(width):
        a = p_x[x] + step * (ahead[x] - row[x])
        b = p_y[x] + step * (below[x] - row[x])
        shorten = _ONE / np.sqrt(max(_ONE, a * a + b * b))
        p_x[x] = a * shorten
        p_y[x] = b * shorten


@inner
@no_type_check
def primal_step(row: Any, previous_row: Any, width: Any) -> None:
    """Primal step of one row; a missing neighbor has metric 0."""
    descend(
        pointer(row, U, GUARD),
        pointer(row, V, GUARD),
        pointer(row, W, GUARD),
        pointer(row, U_BAR, GUARD),
        pointer(row, V_BAR, GUARD),
        pointer(row, W_BAR, GUARD),
        pointer(row, P_D, GUARD),
        _around(row, previous_row, P_UX, P_UY),
        _around(row, previous_row, P_VX, P_VY),
        _around(row, previous_row, P_WX, P_WY),
        _around(row, previous_row, RX, RY),
        pointer(row, IT, GUARD),
        pointer(row, IX, GUARD),
        pointer(row, IY, GUARD),
        pointer(row, ZX, GUARD),
        pointer(row, ZY, GUARD),
        pointer(row, TAU_U, GUARD),
        pointer(row, TAU_V, GUARD),
        pointer(row, TAU_W, GUARD),
        pointer(row, MU, GUARD),
        pointer(row, SHRINK, GUARD),
        width,
    )


@on_rows
@no_type_check
def descend(
    u: Any,
    v: Any,
    w: Any,
    u_bar: Any,
    v_bar: Any,
    w_bar: Any,
    p_d: Any,
    p_u: Any,
    p_v: Any,
    p_w: Any,
    metric: Any,
    i_t: Any,
    i_x: Any,
    i_y: Any,
    z_x: Any,
    z_y: Any,
    tau_u: Any,
    tau_v: Any,
    tau_w: Any,
    mu: Any,
    shrink: Any,
    width: Any,
) -> None:
    """Gradient step of the coupled terms, the brightness term's shrinkage, extrapolation."""
    for x in range(width):
        new_u = u[x] - tau_u[x] * (mu[x] * z_x[x] * p_d[x] - LAMBDA_I * _divergence(p_u, metric, x))
        new_v = v[x] - tau_v[x] * (mu[x] * z_y[x] * p_d[x] - LAMBDA_I * _divergence(p_v, metric, x))
        new_w = w[x] + tau_w[x] * (mu[x] * p_d[x] + LAMBDA_D * _divergence(p_w, metric, x))
        residual = i_t[x] + i_x[x] * new_u + i_y[x] * new_v
        pull = min(max(residual * shrink[x], -_ONE), _ONE)
        new_u -= tau_u[x] * i_x[x] * pull
        new_v -= tau_v[x] * i_y[x] * pull
        u_bar[x] = _TWO * new_u - u[x]
        v_bar[x] = _TWO * new_v - v[x]
        w_bar[x] = _TWO * new_w - w[x]
        u[x], v[x], w[x] = new_u, new_v, new_w


@inner
@no_type_check
def _around(row: Any, previous_row: Any, along: Any, down: Any) -> Any:
    """A field along x at each pixel and the one to its left; one along y here and above."""
    return (
        pointer(row, along, GUARD),
        pointer(row, along, GUARD - 1),
        pointer(row, down, GUARD),
        pointer(previous_row, down, GUARD),
    )


@inner
@no_type_check
def _divergence(p: Any, metric: Any, x: Any) -> Any:
    """D of one pixel: what flows out to the right and down, less what flows in."""
    p_x, p_x_left, p_y, p_y_above = p
    r_x, r_x_left, r_y, r_y_above = metric
    across = r_x[x] * p_x[x] - r_x_left[x] * p_x_left[x]
    return across + r_y[x] * p_y[x] - r_y_above[x] * p_y_above[x]
