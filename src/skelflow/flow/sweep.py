"""One primal-dual iteration as one sweep over the rows: every row stays in the nearest cache.

A row's dual step reads the extrapolated primal variables of its own and of the next row; its
primal step writes its own row only. So both can follow each other row by row.
"""

from typing import Any, no_type_check

import numpy as np
from numba import njit

from skelflow.flow.terms import LAMBDA_D, LAMBDA_I, Residuals, State, Steps

_compiled = njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "nsz"})

_HALF, _ONE, _TWO = np.float32(0.5), np.float32(1), np.float32(2)


@_compiled
@no_type_check
def iterate(state: State, residuals: Residuals, weights: Steps, count: int) -> None:
    """`count` primal-dual iterations in place: compiled twin of `energy.iterate`."""
    s, q, k = state, residuals, weights
    height, width = s.u.shape
    here, below = np.empty((3, width), np.float32), np.empty((3, width), np.float32)
    spread, nothing = np.empty((3, width), np.float32), np.zeros(width, np.float32)
    for _ in range(count):
        add(here[0], s.u0[0], s.u_bar[0])
        add(here[1], s.v0[0], s.v_bar[0])
        for y in range(height):
            next_y = min(y + 1, height - 1)
            add(below[0], s.u0[next_y], s.u_bar[next_y])
            add(below[1], s.v0[next_y], s.v_bar[next_y])
            ascend_depth(
                s.p_d[y], k.sigma[y], q.Zt[y], q.Zx[y], q.Zy[y], s.u_bar[y], s.v_bar[y], s.w_bar[y]
            )
            ascend_variation(s.p_ux[y], s.p_uy[y], here[0], below[0])
            ascend_variation(s.p_vx[y], s.p_vy[y], here[1], below[1])
            ascend_variation(s.p_wx[y], s.p_wy[y], s.w_bar[y], s.w_bar[next_y])
            above = max(y - 1, 0)
            ry_above = k.ry[above] if y > 0 else nothing
            divergence(spread[0], s.p_ux[y], s.p_uy[y], s.p_uy[above], k.rx[y], k.ry[y], ry_above)
            divergence(spread[1], s.p_vx[y], s.p_vy[y], s.p_vy[above], k.rx[y], k.ry[y], ry_above)
            divergence(spread[2], s.p_wx[y], s.p_wy[y], s.p_wy[above], k.rx[y], k.ry[y], ry_above)
            descend_motion(spread[0], s.u[y], k.tau_u[y], k.mu[y], q.Zx[y], s.p_d[y])
            descend_motion(spread[1], s.v[y], k.tau_v[y], k.mu[y], q.Zy[y], s.p_d[y])
            descend_depth(spread[2], s.w[y], s.w_bar[y], k.tau_w[y], k.mu[y], s.p_d[y])
            pull = spread[2]
            shrink(pull, q.It[y], q.Ix[y], q.Iy[y], spread[0], spread[1], k.shrink[y])
            extrapolate(s.u[y], s.u_bar[y], spread[0], k.tau_u[y], q.Ix[y], pull)
            extrapolate(s.v[y], s.v_bar[y], spread[1], k.tau_v[y], q.Iy[y], pull)
            here, below = below, here


@_compiled
@no_type_check
def add(out: Any, a: Any, b: Any) -> None:
    """`out = a + b`."""
    for x in range(out.shape[0]):
        out[x] = a[x] + b[x]


@_compiled
@no_type_check
def ascend_depth(
    p: Any, sigma: Any, z_t: Any, z_x: Any, z_y: Any, u_bar: Any, v_bar: Any, w_bar: Any
) -> None:
    """Dual step of the depth residual, clipped to [-1, 1]."""
    for x in range(p.shape[0]):
        rho = z_t[x] + z_x[x] * u_bar[x] + z_y[x] * v_bar[x] - w_bar[x]
        p[x] = min(max(p[x] + sigma[x] * rho, -_ONE), _ONE)


@_compiled
@no_type_check
def ascend_variation(p_x: Any, p_y: Any, here: Any, below: Any) -> None:
    """Dual step of one total variation, projected to the unit disc."""
    last = here.shape[0] - 1
    ahead = here[1:]
    for x in range(last):
        a = p_x[x] + _HALF * (ahead[x] - here[x])
        b = p_y[x] + _HALF * (below[x] - here[x])
        shorten = _ONE / max(_ONE, np.sqrt(a * a + b * b))
        p_x[x] = a * shorten
        p_y[x] = b * shorten
    b = p_y[last] + _HALF * (below[last] - here[last])
    shorten = _ONE / max(_ONE, np.sqrt(p_x[last] * p_x[last] + b * b))
    p_x[last] *= shorten
    p_y[last] = b * shorten


@_compiled
@no_type_check
def divergence(
    out: Any, p_x: Any, p_y: Any, p_y_above: Any, rx: Any, ry: Any, ry_above: Any
) -> None:
    """D of one row; a missing neighbor has metric 0."""
    for x in range(out.shape[0]):
        out[x] = rx[x] * p_x[x] + ry[x] * p_y[x] - ry_above[x] * p_y_above[x]
    subtract_before(out[1:], rx, p_x)


@_compiled
@no_type_check
def subtract_before(out: Any, rx: Any, p_x: Any) -> None:
    """Take what flows in from the left neighbor off each pixel but the first."""
    for x in range(out.shape[0]):
        out[x] -= rx[x] * p_x[x]


@_compiled
@no_type_check
def descend_motion(spread: Any, u: Any, tau: Any, mu: Any, slope: Any, p_d: Any) -> None:
    """Primal step of u or v before the brightness term; takes D, leaves the new value."""
    for x in range(spread.shape[0]):
        spread[x] = u[x] - tau[x] * (mu[x] * slope[x] * p_d[x] - LAMBDA_I * spread[x])


@_compiled
@no_type_check
def descend_depth(spread: Any, w: Any, w_bar: Any, tau: Any, mu: Any, p_d: Any) -> None:
    """Primal step of w and its extrapolation."""
    for x in range(spread.shape[0]):
        new = w[x] + tau[x] * (mu[x] * p_d[x] + LAMBDA_D * spread[x])
        w_bar[x] = _TWO * new - w[x]
        w[x] = new


@_compiled
@no_type_check
def shrink(out: Any, i_t: Any, i_x: Any, i_y: Any, u: Any, v: Any, scale: Any) -> None:
    """How far the brightness residual pulls, clipped to [-1, 1]."""
    for x in range(out.shape[0]):
        rho = i_t[x] + i_x[x] * u[x] + i_y[x] * v[x]
        out[x] = min(max(rho * scale[x], -_ONE), _ONE)


@_compiled
@no_type_check
def extrapolate(u: Any, u_bar: Any, moved: Any, tau: Any, slope: Any, pull: Any) -> None:
    """Finish u or v with the brightness pull; extrapolate by as much again."""
    for x in range(u.shape[0]):
        new = moved[x] - tau[x] * slope[x] * pull[x]
        u_bar[x] = _TWO * new - u[x]
        u[x] = new
