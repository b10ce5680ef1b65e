"""The whole solver in plain NumPy, to be read beside the paper: what the fast ones must equal."""

import numpy as np

from skelflow.flow import energy
from skelflow.flow.grid import halved_camera, level_count, pad
from skelflow.flow.presets import Preset
from skelflow.flow.terms import Field, Frame, Guess, State
from skelflow.types import Camera, Flow


def solve(first: Frame, second: Frame, *, camera: Camera, preset: Preset) -> Flow:
    """Pyramid, one primal-dual solve a level from coarse to fine, lift to 3D.

    Source: Jaimez et al., ICRA 2015, section IV. Twin of `skelflow.flow.solver.solve`.
    """
    levels = level_count(*first.depth.shape)
    pyramids = [build_pyramid(pad(frame, levels), levels) for frame in (first, second)]
    guess = resting(pyramids[0][-1].depth)
    for level in reversed(range(levels)):
        if level < levels - 1:
            guess = upsample(guess, exact_border=preset.exact_border)
        guess = solve_level(
            pyramids[0][level],
            pyramids[1][level],
            guess,
            camera=halved_camera(camera, level),
            iterations=preset.iterations_at(level),
            exact_border=preset.exact_border,
        )
    height, width = first.depth.shape
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
    start: Guess,
    *,
    camera: Camera,
    iterations: int,
    exact_border: bool,
) -> Guess:
    """One warp and its primal-dual iterations, then the median filter."""
    warped = differentiate(second, camera, exact_border=exact_border)
    residuals = energy.warp(first, warped, start.u, start.v)
    weights = energy.steps(residuals, *energy.surface_metric(first.depth, camera))
    state = begin(start)
    energy.iterate(state, residuals, weights, iterations)
    u = start.u + np.clip(state.u, -1, 1)
    v = start.v + np.clip(state.v, -1, 1)
    w = np.where(first.depth > 0, state.w, np.float32(0))
    u, v, w = (energy.median(field, first.depth, residuals.Zt) for field in (u, v, w))
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
