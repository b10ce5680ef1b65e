"""The coarse-to-fine primal-dual solver: from two RGB-D frames to dense 3D motion."""

from itertools import pairwise

import numpy as np

from skelflow.flow.constants import DEPTH_FILTERS
from skelflow.flow.engines.numba import kernels, median, pyramid
from skelflow.flow.engines.numba import robust as robust_kernels
from skelflow.flow.engines.numba import upsample as refine
from skelflow.flow.engines.numba.lift import lift
from skelflow.flow.engines.numba.primal_dual import iterate
from skelflow.flow.engines.numba.row_threads import Crew
from skelflow.flow.engines.numba.workspace import Space, Workspace, borrow, load
from skelflow.flow.presets import Preset
from skelflow.flow.pyramid_sizes import halved_camera, level_count, rays
from skelflow.flow.state import Frame
from skelflow.types import Camera, Flow


def solve(first: Frame, second: Frame, *, camera: Camera, preset: Preset, threads: int = 1) -> Flow:
    """Pyramid, one primal-dual solve a level from coarse to fine, lift to 3D.

    Twin of `skelflow.flow.engines.numpy.solver.solve`, which reads like the paper.
    """
    height, width = first.depth.shape
    levels = level_count(height, width)
    space = borrow(height, width, levels)
    flow = np.empty((height, width, 3), np.float32)
    with Crew(threads) as crew:
        load_pair(space, (first, second), preset.smooth, crew)
        for fine, coarse in pairwise(space.levels):
            halve(fine.first, coarse.first, crew)
            halve(fine.second, coarse.second, crew)
        space.levels[-1].rows[:] = 0
        for level in reversed(range(levels)):
            here = space.levels[level]
            if level < levels - 1:
                upsample(space.levels[level + 1], here, preset, crew)
            solve_level(here, halved_camera(camera, level), preset, level, crew)
        rows, depth = space.levels[0].rows, space.levels[0].first.depth
        focal = np.float32(camera.fx), np.float32(camera.fy)
        sight = focal, *rays(camera, depth)
        crew.over_rows(height, lift, rows, depth, *sight, preset.exact_lift, flow)
    return flow


def load_pair(space: Workspace, pair: tuple[Frame, Frame], smooth: bool, crew: Crew) -> None:
    """Both frames at the finest level, without their noise when the preset says so."""
    finest = space.levels[0]
    space.noise[:] = 0
    for frame, into in zip(pair, (finest.first, finest.second), strict=True):
        chosen = smoothed(space, frame, crew) if smooth else frame
        load(chosen.intensity, into.intensity)
        load(chosen.depth, into.depth)
    load(space.noise, finest.noise)


def smoothed(space: Workspace, frame: Frame, crew: Crew) -> Frame:
    """The frame with less noise, valid until the next call; adds to the workspace's noise."""
    height = len(frame.depth)
    filtered, (half_done, unused) = space.smoothed, space.scratch
    fine, coarse = DEPTH_FILTERS
    crew.over_rows(height, robust_kernels.soften, frame.intensity, filtered.intensity)
    crew.over_rows(height, robust_kernels.smooth_depth, frame.depth, fine, half_done, space.noise)
    crew.over_rows(height, robust_kernels.smooth_depth, half_done, coarse, filtered.depth, unused)
    return filtered


def halve(fine: Frame, coarse: Frame, crew: Crew) -> None:
    """The frame one level coarser."""
    height = len(coarse.depth)
    crew.over_rows(height, pyramid.halve_intensity, fine.intensity, coarse.intensity)
    crew.over_rows(height, pyramid.halve_depth, fine.depth, coarse.depth)


def upsample(coarse: Space, fine: Space, preset: Preset, crew: Crew) -> None:
    """All ten fields one level finer; motion in pixels doubles."""
    height, width = coarse.first.depth.shape
    crew.over_rows(height, refine.double, coarse.rows, width, fine.rows, preset.exact_border)


def solve_level(space: Space, camera: Camera, preset: Preset, level: int, crew: Crew) -> None:
    """At each warp: residuals, primal-dual iterations, then the median filter."""
    (intensity, depth), rows = space.first, space.rows
    height, width = depth.shape
    sight = rays(camera, depth)
    crew.over_rows(
        height, kernels.differentiate, *space.second, *sight, preset.exact_border, space.gradients
    )
    if preset.robust:
        crew.over_rows(height, robust_kernels.contrast_gain, intensity, space.gain)
    for _ in range(preset.warps_at(level)):
        crew.over_rows(height, refine.begin, rows, width)
        crew.over_rows(height, kernels.warp, rows, intensity, depth, space.gradients)
        if preset.robust:
            crew.over_rows(height, robust_kernels.trust, rows, depth, space.gain, space.noise)
        crew.over_rows(height, kernels.steps, rows, depth, *sight, np.float32(preset.pace))
        iterate(rows, width, preset.iterations_at(level), preset.pace, crew)
        crew.over_rows(height, median.limit, rows, depth)
        crew.over_rows(height, median.median, rows, depth)
