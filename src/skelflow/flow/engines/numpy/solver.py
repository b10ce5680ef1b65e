"""The whole solver in plain NumPy, to be read beside the paper: what the fast ones must equal."""

from functools import partial

import numpy as np

from skelflow.flow.engines.each_pair import solve_each
from skelflow.flow.engines.match.frame_match import (
    MatchImages,
    finest_before_match,
    match_frames,
)
from skelflow.flow.engines.numpy import energy, robust
from skelflow.flow.inputs import Flows, FramePairs
from skelflow.flow.presets import Preset
from skelflow.flow.pyramid_sizes import halved_camera, level_count, pad, pad_field
from skelflow.flow.state import Estimate, Field, Motion, PyramidFrame, Residuals, State
from skelflow.types import Camera, Flow


def solve_pairs(pairs: FramePairs, *, preset: Preset, threads: int) -> Flows:  # noqa: ARG001
    """Implements `skelflow.flow.engines.registry.Engine`; works on one thread whatever is asked."""
    return solve_each(
        pairs,
        partial(solve, preset=preset),
        preset=preset,
    )


def solve(
    first: PyramidFrame,
    second: PyramidFrame,
    *,
    camera: Camera,
    preset: Preset,
    match_images: MatchImages | None = None,
) -> Flow:
    """Pyramid, one primal-dual solve a warp from coarse to fine, lift to 3D.

    Source: Jaimez et al., ICRA 2015, section IV. With `match`, the finest level is solved from a
    dense match instead of from the next coarser level.
    Twin of `skelflow.flow.engines.numba.solver.solve`.
    """
    height, width = first.depth.shape
    levels = level_count(height, width)
    last = finest_before_match(preset, levels)
    sharp = first.intensity
    noise = np.zeros_like(first.depth)
    if preset.smooth:
        first, noise0 = robust.smooth(first)
        second, noise1 = robust.smooth(second)
        noise = noise0 + noise1
    noise = pad_field(noise, levels)
    pyramids = [build_pyramid(pad(frame, levels), levels) for frame in (first, second)]
    estimate = zero_estimate(pyramids[0][-1].depth)
    for level in reversed(range(levels)):
        pair = pyramids[0][level], pyramids[1][level]
        level_camera = halved_camera(camera, level)
        if level < levels - 1:
            estimate = upsample(estimate, exact_border=preset.exact_border)
        if level >= last:
            level_noise = noise if level == 0 else np.zeros_like(pair[0].depth)
            estimate = solve_level(
                *pair, estimate, level_noise, camera=level_camera, preset=preset, level=level
            )
    if last > 0:
        coarse = Motion(*(field[:height, :width] for field in estimate[:3]))
        motion = match_frames(coarse, (first, second), sharp=sharp, images=match_images)
        estimate = start_from(motion, levels)
        refining = preset if match_images is None else preset.for_depth_alone()
        pair = pyramids[0][0], pyramids[1][0]
        estimate = solve_level(*pair, estimate, noise, camera=camera, preset=refining, level=0)
    u, v, w = (field[:height, :width] for field in estimate[:3])
    return energy.lift(u, v, w, first.depth, camera, exact=preset.exact_lift)


def build_pyramid(frame: PyramidFrame, levels: int) -> list[PyramidFrame]:
    """The frame at every level, finest first."""
    pyramid = [frame]
    for _ in range(levels - 1):
        image, depth = pyramid[-1]
        pyramid.append(PyramidFrame(energy.halve_intensity(image), energy.halve_depth(depth)))
    return pyramid


def zero_estimate(depth: Field) -> Estimate:
    """No motion."""
    return Estimate(*(np.zeros_like(depth) for _ in Estimate._fields))


def start_from(motion: Motion, levels: int) -> Estimate:
    """A motion at the finest level, padded, with all duals at zero."""
    u, v, w = (pad_field(field, levels) for field in motion)
    return zero_estimate(u)._replace(u=u, v=v, w=w)


def upsample(estimate: Estimate, *, exact_border: bool) -> Estimate:
    """All ten fields one level finer; motion in pixels doubles."""
    fine = Estimate(*(energy.double(field, exact_border=exact_border) for field in estimate))
    return fine._replace(u=2 * fine.u, v=2 * fine.v)


def solve_level(
    first: PyramidFrame,
    second: PyramidFrame,
    estimate: Estimate,
    noise: Field,
    *,
    camera: Camera,
    preset: Preset,
    level: int,
) -> Estimate:
    """At each warp: residuals, primal-dual iterations, then the median filter."""
    warped = differentiate(second, camera, exact_border=preset.exact_border)
    metric = energy.surface_metric(first.depth, camera)
    gain = robust.contrast_gain(first.intensity)
    for _ in range(preset.warps_at(level)):
        residuals = energy.warp(first, warped, estimate.u, estimate.v)
        if preset.robust:
            residuals = robust.reweight(residuals, estimate[:3], first.depth, gain, noise)
        weights = energy.steps(residuals, *metric, step_ratio=preset.step_ratio)
        state = initial_state(estimate)
        energy.iterate(
            state, residuals, weights, preset.iterations_at(level), step_ratio=preset.step_ratio
        )
        estimate = filter_motion(estimate, state, first.depth, residuals)
    return estimate


def filter_motion(start: Estimate, state: State, depth: Field, residuals: Residuals) -> Estimate:
    """Increments within a pixel, no depth motion without depth; the weighted median of each."""
    u = start.u + np.clip(state.u, -1, 1)
    v = start.v + np.clip(state.v, -1, 1)
    w = np.where(depth > 0, state.w, np.float32(0))
    u, v, w = (energy.median(field, depth, residuals.Zt) for field in (u, v, w))
    return Estimate(u, v, w, *state[8:])


def differentiate(frame: PyramidFrame, camera: Camera, *, exact_border: bool) -> tuple[Field, ...]:
    """Intensity and depth, each with its gradient; no depth gradient at holes.

    The authors overlook holes at the ends: a null border pixel keeps its one-sided difference.
    """
    rx, ry = energy.surface_metric(frame.depth, camera)
    i_x, i_y = energy.derivatives(frame.intensity, rx, ry)
    z_x, z_y = energy.derivatives(frame.depth, rx, ry)
    hole = frame.depth == 0
    covered = slice(None) if exact_border else slice(1, -1)
    z_x[:, covered][hole[:, covered]] = 0
    z_y[covered][hole[covered]] = 0
    return frame.intensity, i_x, i_y, frame.depth, z_x, z_y


def initial_state(start: Estimate) -> State:
    """Increments at zero, depth motion and duals where the coarser level left them."""
    u, v, u_bar, v_bar = (np.zeros_like(start.u) for _ in range(4))
    w, w_bar, *duals = (field.copy() for field in (start.w, *start[2:]))
    return State(start.u, start.v, u, v, w, u_bar, v_bar, w_bar, *duals)
