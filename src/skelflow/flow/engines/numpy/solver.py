"""The whole solver in plain NumPy, to be read beside the paper: what the fast ones must equal."""

import numpy as np

from skelflow.flow.engines.numpy import energy, robust
from skelflow.flow.presets import Preset
from skelflow.flow.pyramid_sizes import halved_camera, level_count, pad, pad_field
from skelflow.flow.state import Field, Frame, Guess, Residuals, State
from skelflow.types import Camera, Flow


def solve(first: Frame, second: Frame, *, camera: Camera, preset: Preset) -> Flow:
    """Pyramid, one primal-dual solve a warp from coarse to fine, lift to 3D.

    Source: Jaimez et al., ICRA 2015, section IV.
    Twin of `skelflow.flow.engines.numba.solver.solve`.
    """
    height, width = first.depth.shape
    levels = level_count(height, width)
    noise = np.zeros_like(first.depth)
    if preset.smooth:
        first, noise0 = robust.smooth(first)
        second, noise1 = robust.smooth(second)
        noise = noise0 + noise1
    noise = pad_field(noise, levels)
    pyramids = [build_pyramid(pad(frame, levels), levels) for frame in (first, second)]
    guess = resting(pyramids[0][-1].depth)
    for level in reversed(range(levels)):
        pair = pyramids[0][level], pyramids[1][level]
        at = halved_camera(camera, level)
        if level < levels - 1:
            guess = upsample(guess, exact_border=preset.exact_border)
        noise_here = noise if level == 0 else np.zeros_like(pair[0].depth)
        guess = solve_level(*pair, guess, noise_here, camera=at, preset=preset, level=level)
    u, v, w = (field[:height, :width] for field in guess[:3])
    return energy.lift(u, v, w, first.depth, camera, exact=preset.exact_lift)


def build_pyramid(frame: Frame, levels: int) -> list[Frame]:
    """The frame at every level, finest first."""
    pyramid = [frame]
    for _ in range(levels - 1):
        image, depth = pyramid[-1]
        pyramid.append(Frame(energy.halve_intensity(image), energy.halve_depth(depth)))
    return pyramid


def resting(depth: Field) -> Guess:
    """No motion."""
    return Guess(*(np.zeros_like(depth) for _ in Guess._fields))


def upsample(guess: Guess, *, exact_border: bool) -> Guess:
    """All ten fields one level finer; motion in pixels doubles."""
    fine = Guess(*(energy.double(field, exact_border=exact_border) for field in guess))
    return fine._replace(u=2 * fine.u, v=2 * fine.v)


def solve_level(
    first: Frame,
    second: Frame,
    guess: Guess,
    noise: Field,
    *,
    camera: Camera,
    preset: Preset,
    level: int,
) -> Guess:
    """At each warp: residuals, primal-dual iterations, then the median filter."""
    warped = differentiate(second, camera, exact_border=preset.exact_border)
    metric = energy.surface_metric(first.depth, camera)
    gain = robust.contrast_gain(first.intensity)
    for _ in range(preset.warps_at(level)):
        residuals = energy.warp(first, warped, guess.u, guess.v)
        if preset.robust:
            residuals = robust.trust(residuals, guess[:3], first.depth, gain, noise)
        weights = energy.steps(residuals, *metric, pace=preset.pace)
        state = begin(guess)
        energy.iterate(state, residuals, weights, preset.iterations_at(level), pace=preset.pace)
        guess = finish(guess, state, first.depth, residuals)
    return guess


def finish(start: Guess, state: State, depth: Field, residuals: Residuals) -> Guess:
    """Increments within a pixel, no depth motion without depth; the weighted median of each."""
    u = start.u + np.clip(state.u, -1, 1)
    v = start.v + np.clip(state.v, -1, 1)
    w = np.where(depth > 0, state.w, np.float32(0))
    u, v, w = (energy.median(field, depth, residuals.Zt) for field in (u, v, w))
    return Guess(u, v, w, *state[8:])


def differentiate(frame: Frame, camera: Camera, *, exact_border: bool) -> tuple[Field, ...]:
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


def begin(start: Guess) -> State:
    """Increments at zero, depth motion and duals where the coarser level left them."""
    u, v, u_bar, v_bar = (np.zeros_like(start.u) for _ in range(4))
    w, w_bar, *duals = (field.copy() for field in (start.w, *start[2:]))
    return State(start.u, start.v, u, v, w, u_bar, v_bar, w_bar, *duals)
