"""Every term and step of the primal-dual scene flow in plain NumPy: the reference.

Source: Jaimez, Souiai, Gonzalez-Jimenez, Cremers, "A primal-dual framework for real-time dense
RGB-D scene flow", ICRA 2015. The other engines hold the same functions under the same names.

The unknowns are u, v, the image motion in pixels since the warp by u0, v0, and w, the change of
depth in meters. With the residuals of `warp`, the metric r of `surface_metric` and the weight mu of
`steps`, the minimized energy is the sum over all pixels of

    |I_t + I_x u + I_y v| + mu |Z_t + Z_x u + Z_y v - w|
        + lambda_I (|r . grad(u0 + u)| + |r . grad(v0 + v)|) + lambda_D |r . grad w|

    mu = 75 / (1 + 1000 (Z_x^2 + Z_y^2 + Z_t^2)), lambda_I = 0.04, lambda_D = 0.35

`iterate` minimizes it by the primal-dual algorithm of Chambolle and Pock (2011) with the diagonal
preconditioning of Pock and Chambolle (2011).
"""

import numpy as np
from jaxtyping import Bool, Float32, Int

from skelflow.flow.constants import (
    DEPTH_BAND_M,
    EPSILON,
    LAMBDA_D,
    LAMBDA_I,
    MEDIAN_DEPTH,
    MEDIAN_RESIDUAL,
    MU_0,
    MU_FALL,
)
from skelflow.flow.pyramid_sizes import rays
from skelflow.flow.state import Field, Residuals, Resized, State, Steps
from skelflow.types import Camera, Depth, Flow

_BINOMIAL = np.array([1, 4, 6, 4, 1], np.float32) / 16
_ONE = np.float32(1)
_HALF = np.float32(0.5)
Pixels = Int[np.ndarray, "h w"]


def neighborhood(field: Field, radius: int, step: int) -> Float32[np.ndarray, "k k h2 w2"]:
    """Windows around every `step`-th pixel; taps out of the image are NaN."""
    padded = np.pad(field, radius, constant_values=np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (2 * radius + 1,) * 2)
    return np.moveaxis(windows[::step, ::step], (2, 3), (0, 1))


def _gaussian() -> Float32[np.ndarray, "5 5 1 1"]:
    return np.outer(_BINOMIAL, _BINOMIAL)[:, :, None, None]


def halve_intensity(image: Field) -> Resized:
    """One pyramid step: 5x5 binomial mean over the taps in the image, every second pixel."""
    taps = neighborhood(image, 2, 2)
    weight = np.where(np.isfinite(taps), _gaussian(), np.float32(0))
    total = np.sum(weight * np.nan_to_num(taps), axis=(0, 1))
    return np.asarray(total / np.sum(weight, axis=(0, 1)), np.float32)


def halve_depth(depth: Field) -> Resized:
    """One pyramid step that never mixes surfaces: taps within 0.1 m of a non-null center."""
    taps = np.nan_to_num(neighborhood(depth, 2, 2))
    center = depth[::2, ::2]
    closeness = DEPTH_BAND_M - np.abs(taps - center)
    weight = np.where((taps > 0) & (closeness > 0), _gaussian() * closeness, np.float32(0))
    total = np.sum(weight, axis=(0, 1))
    mean = np.sum(weight * taps, axis=(0, 1)) / np.where(total > 0, total, _ONE)
    return np.where(center > 0, mean, np.float32(0)).astype(np.float32)


def _double_rows(coarse: Field, exact_border: bool) -> Resized:
    fine = np.zeros((2 * coarse.shape[0], coarse.shape[1]), np.float32)
    padded = np.pad(coarse, ((1, 1), (0, 0)))
    fine[0::2] = (padded[:-2] + 6 * padded[1:-1] + padded[2:]) / 8
    fine[1::2] = (padded[1:-1] + padded[2:]) / 2
    if exact_border:  # the weight that fell on pixels
        gains = {0: 8 / 7, -2: 8 / 7, -1: 2.0}
        if coarse.shape[0] == 1:
            gains = {0: 8 / 6, -1: 2.0}
    else:  # the authors' divisor: the binomial's share inside the image
        gains = {0: 16 / 11, 1: 16 / 15, -2: 16 / 15, -1: 16 / 11}
    for row, gain in gains.items():
        fine[row] *= np.float32(gain)
    return fine


def double(coarse: Field, *, exact_border: bool) -> Resized:
    """One pyramid step up: zeros inserted, then four times the 5x5 binomial.

    Near an edge the authors divide by the binomial's share inside the image, which misjudges a
    zero-inserted grid; `exact_border` divides by the weight that really fell on pixels.
    """
    rows = _double_rows(coarse, exact_border)
    return np.ascontiguousarray(_double_rows(np.ascontiguousarray(rows.T), exact_border).T)


def surface_metric(depth: Field, camera: Camera) -> tuple[Field, Field]:
    """`r_x`, `r_y`: two over the 3D distance to the right and lower neighbor; 1 where it is 0.

    r_x = 2 / sqrt(dX^2 + dZ^2) by forward differences along x, r_y = 2 / sqrt(dY^2 + dZ^2) along y.
    """
    x, y = rays(camera, depth)
    rx, ry = np.ones_like(depth), np.ones_like(depth)
    rx[:, :-1] = _inverse_length(np.diff(depth * x[None, :], axis=1), np.diff(depth, axis=1))
    ry[:-1, :] = _inverse_length(np.diff(depth * y[:, None], axis=0), np.diff(depth, axis=0))
    return rx, ry


def _inverse_length(a: Field, b: Field) -> Field:
    length = np.sqrt(a * a + b * b)
    return np.where(length > 0, 2 / np.where(length > 0, length, _ONE), _ONE).astype(np.float32)


def derivatives(image: Field, rx: Field, ry: Field) -> tuple[Field, Field]:
    """Derivatives along x and y, forward and backward differences weighted by the metric."""
    along_y = _derivative_x(np.ascontiguousarray(image.T), np.ascontiguousarray(ry.T))
    return _derivative_x(image, rx), np.ascontiguousarray(along_y.T)


def _derivative_x(image: Field, r: Field) -> Field:
    step = np.diff(image, axis=1)
    result = np.empty_like(image)
    result[:, 0], result[:, -1] = step[:, 0], step[:, -1]
    ahead, behind = r[:, 1:-1], r[:, :-2]
    result[:, 1:-1] = (ahead * step[:, 1:] + behind * step[:, :-1]) / (ahead + behind)
    return result


def warp(first: tuple[Field, Field], second: tuple[Field, ...], u0: Field, v0: Field) -> Residuals:
    """Residuals of frame 2 sampled at `(x + u0, y + v0)`, clamped to the image.

    Parameters
    ----------
    first : intensity and depth of frame 1.
    second : intensity, I_x, I_y, depth, Z_x, Z_y of frame 2.
    u0, v0 : (h, w), pixels.
    """
    intensity1, depth1 = first
    intensity2, i_x, i_y, depth2, z_x, z_y = second
    height, width = depth1.shape
    x = np.clip(np.arange(width, dtype=np.float32)[None, :] + u0, 0, width - 1)
    y = np.clip(np.arange(height, dtype=np.float32)[:, None] + v0, 0, height - 1)
    i_t = _bilinear(intensity2, x, y) - intensity1
    warped_depth = _sample_depth(depth2, x, y)
    z_t = np.where(warped_depth > 0, warped_depth - depth1, np.float32(0))
    i_x, i_y, z_x, z_y = (_bilinear(gradient, x, y) for gradient in (i_x, i_y, z_x, z_y))
    return Residuals(i_t, i_x, i_y, z_t, z_x, z_y)


def _corners(field: Field, x: Field, y: Field) -> tuple[Pixels, Pixels, Pixels, Pixels]:
    height, width = field.shape
    x0, y0 = np.floor(x).astype(np.intp), np.floor(y).astype(np.intp)
    return x0, np.minimum(x0 + 1, width - 1), y0, np.minimum(y0 + 1, height - 1)


def _bilinear(field: Field, x: Field, y: Field) -> Field:
    x0, x1, y0, y1 = _corners(field, x, y)
    a, b = x - x0.astype(np.float32), y - y0.astype(np.float32)
    top = field[y0, x0] + a * (field[y0, x1] - field[y0, x0])
    bottom = field[y1, x0] + a * (field[y1, x1] - field[y1, x0])
    return np.asarray(top + b * (bottom - top), np.float32)


def _sample_depth(depth: Field, x: Field, y: Field) -> Field:
    """Bilinear, but the nearest pixel (half to even) where one of the four corners is null."""
    x0, x1, y0, y1 = _corners(depth, x, y)
    holes: Bool[np.ndarray, "h w"] = (
        np.minimum.reduce([depth[y0, x0], depth[y0, x1], depth[y1, x0], depth[y1, x1]]) == 0
    )
    nearest = depth[np.rint(y).astype(np.intp), np.rint(x).astype(np.intp)]
    return np.where(holes, nearest, _bilinear(depth, x, y))


def steps(residuals: Residuals, rx: Field, ry: Field, *, step_ratio: float = 1.0) -> Steps:
    """Depth weight mu and the step sizes of the diagonal preconditioning.

    With R the sum of r toward the four neighbors: tau_u = 1 / (mu |Z_x| + lambda_I R), tau_v alike,
    tau_w = 1 / (mu + lambda_D R), sigma_d = 1 / (mu (1 + |Z_x| + |Z_y|)). All tau
    are multiplied by `step_ratio`, all sigma divided by it, see `skelflow.flow.presets.Preset`.
    """
    length = np.float32(step_ratio)
    mean = rx + ry
    mean[:, 1:] += rx[:, :-1]
    mean[1:, :] += ry[:-1, :]
    rx, ry = rx.copy(), ry.copy()
    rx[:, -1], ry[-1, :] = 0, 0
    z_x, z_y = np.abs(residuals.Zx), np.abs(residuals.Zy)
    mu = MU_0 / (_ONE + MU_FALL * (z_x * z_x + z_y * z_y + residuals.Zt * residuals.Zt))
    tau_u = length / (mu * z_x + LAMBDA_I * mean + EPSILON)
    tau_v = length / (mu * z_y + LAMBDA_I * mean + EPSILON)
    tau_w = length / (mu + LAMBDA_D * mean + EPSILON)
    slope = tau_u * residuals.Ix * residuals.Ix + tau_v * residuals.Iy * residuals.Iy
    sigma = mu / (mu * (_ONE + z_x + z_y) + EPSILON) / length
    return Steps(mu, sigma, rx, ry, tau_u, tau_v, tau_w, _ONE / (slope + EPSILON))


def iterate(
    state: State, residuals: Residuals, weights: Steps, count: int, *, step_ratio: float = 1.0
) -> None:
    """`count` primal-dual iterations (Chambolle-Pock, theta = 1), in place."""
    for _ in range(count):
        ascend(state, residuals, weights, step_ratio=step_ratio)
        descend(state, residuals, weights)


def ascend(state: State, residuals: Residuals, weights: Steps, *, step_ratio: float = 1.0) -> None:
    """Dual step: depth residual clipped to [-1, 1], gradients projected to the unit disc.

    p_d <- clip(p_d + sigma_d mu (Z_t + Z_x u_bar + Z_y v_bar - w_bar), -1, 1), and for each motion
    field p <- p + sigma lambda r . grad(field), divided by max(1, |p|).

    The preconditioned step times the weight is 1/2 for every total-variation dual, so each
    takes up half the plain difference (at a step ratio of 1).
    """
    step = _HALF / np.float32(step_ratio)
    s, q = state, residuals
    rho = q.Zt + q.Zx * s.u_bar + q.Zy * s.v_bar - s.w_bar
    np.clip(s.p_d + weights.sigma * rho, -1, 1, out=s.p_d)
    for field, p_x, p_y in (
        (s.u0 + s.u_bar, s.p_ux, s.p_uy),
        (s.v0 + s.v_bar, s.p_vx, s.p_vy),
        (s.w_bar, s.p_wx, s.p_wy),
    ):
        p_x[:, :-1] += step * np.diff(field, axis=1)
        p_y[:-1, :] += step * np.diff(field, axis=0)
        length = np.maximum(_ONE, np.sqrt(p_x * p_x + p_y * p_y))
        p_x /= length
        p_y /= length


def divergence(p_x: Field, p_y: Field, rx: Field, ry: Field) -> Field:
    """`D`: the negative adjoint of the metric's forward gradient."""
    flow_x, flow_y = rx * p_x, ry * p_y
    result = flow_x + flow_y
    result[:, 1:] -= flow_x[:, :-1]
    result[1:, :] -= flow_y[:-1, :]
    return np.asarray(result, np.float32)


def descend(state: State, residuals: Residuals, weights: Steps) -> None:
    """Primal step: gradient step of the coupled terms, then the brightness term's shrinkage.

    With D of `divergence`: u' = u - tau_u (mu Z_x p_d - lambda_I D_u), v' alike,
    w <- w + tau_w (mu p_d + lambda_D D_w); with
    k = clip((I_t + I_x u' + I_y v') / (tau_u I_x^2 + tau_v I_y^2), -1, 1):
    u <- u' - tau_u I_x k, v alike; the extrapolations are 2 new - old.
    """
    s, q, k = state, residuals, weights
    spread_u = divergence(s.p_ux, s.p_uy, k.rx, k.ry)
    spread_v = divergence(s.p_vx, s.p_vy, k.rx, k.ry)
    spread_w = divergence(s.p_wx, s.p_wy, k.rx, k.ry)
    u = s.u - k.tau_u * (k.mu * q.Zx * s.p_d - LAMBDA_I * spread_u)
    v = s.v - k.tau_v * (k.mu * q.Zy * s.p_d - LAMBDA_I * spread_v)
    w = s.w + k.tau_w * (k.mu * s.p_d + LAMBDA_D * spread_w)
    pull = np.clip((q.It + q.Ix * u + q.Iy * v) * k.shrink, -1, 1)
    u -= k.tau_u * q.Ix * pull
    v -= k.tau_v * q.Iy * pull
    for new, old, bar in ((u, s.u, s.u_bar), (v, s.v, s.v_bar), (w, s.w, s.w_bar)):
        bar[...] = 2 * new - old
        old[...] = new


def median(field: Field, depth: Field, residual: Field) -> Field:
    """3x3 median, weighted by how near in depth and how well matched each neighbor is.

    The first value whose cumulative weight reaches half the total, linearly interpolated with
    the one before. Pixels without depth keep their value.
    """
    values = neighborhood(field, 1, 1).reshape(9, *field.shape)
    step = neighborhood(depth, 1, 1).reshape(9, *field.shape) - depth
    misfit = neighborhood(residual, 1, 1).reshape(9, *field.shape)
    weight = _ONE / (_ONE + MEDIAN_DEPTH * step * step + MEDIAN_RESIDUAL * misfit * misfit)
    weight = np.where(np.isfinite(values), weight, np.float32(0))
    order = np.argsort(np.nan_to_num(values, nan=np.inf), axis=0, kind="stable")
    values, weight = (np.take_along_axis(a, order, axis=0) for a in (values, weight))
    cumulative = np.cumsum(weight, axis=0, dtype=np.float32)
    half = _HALF * cumulative[-1]
    at = np.argmax(cumulative >= half, axis=0)[None]
    before = np.maximum(at - 1, 0)
    high, low = (np.take_along_axis(values, i, axis=0)[0] for i in (at, before))
    reached, missed = (np.take_along_axis(cumulative, i, axis=0)[0] for i in (at, before))
    gap = np.where(at[0] > 0, reached - missed, _ONE)
    blended = ((half - missed) * high + (reached - half) * low) / gap
    result = np.where(at[0] > 0, blended, high)
    return np.where(depth > 0, result, field).astype(np.float32)


def lift(u: Field, v: Field, w: Field, depth: Depth, camera: Camera, *, exact: bool) -> Flow:
    """Motion in pixels and depth to motion in meters; 0 where there is no depth.

    Parameters
    ----------
    u, v : (h, w) float32, pixels a frame.
    w : (h, w) float32, change of depth, meters a frame.
    depth : (h, w) float32, meters, 0 where there is none.
    camera : of the depth image.
    exact : move the back-projected point; otherwise to first order, as the authors do.

    Returns
    -------
    (h, w, 3) float32, meters a frame: x right, y down, z away.
    """
    x, y = rays(camera, depth)
    known = depth > 0
    reach = depth + w if exact else depth
    flow = np.empty((*depth.shape, 3), np.float32)
    flow[..., 0] = np.where(known, reach * u / np.float32(camera.fx) + w * x[None, :], 0)
    flow[..., 1] = np.where(known, reach * v / np.float32(camera.fy) + w * y[:, None], 0)
    flow[..., 2] = np.where(known, w, 0)
    return flow
