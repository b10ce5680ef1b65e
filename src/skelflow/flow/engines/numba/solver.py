"""The coarse-to-fine primal-dual solver: from two RGB-D frames to dense 3D motion."""

from functools import partial
from itertools import pairwise

import numpy as np

from skelflow.flow.constants import DEPTH_FILTERS
from skelflow.flow.engines.each_pair import solve_each
from skelflow.flow.engines.match.frame_match import (
    MatchImages,
    finest_before_match,
    match_frames,
)
from skelflow.flow.engines.numba import kernels, median, pyramid, robust, upsample
from skelflow.flow.engines.numba.lift import lift
from skelflow.flow.engines.numba.primal_dual import iterate
from skelflow.flow.engines.numba.row_layout import U_BAR, V_BAR, W_BAR, view
from skelflow.flow.engines.numba.row_threads import RowThreads
from skelflow.flow.engines.numba.workspace import (
    LevelMemory,
    Workspace,
    copy_padded,
    workspace_of_thread,
)
from skelflow.flow.inputs import Flows, FramePairs
from skelflow.flow.presets import Preset
from skelflow.flow.pyramid_sizes import halved_camera, level_count, rays
from skelflow.flow.state import Motion, PyramidFrame
from skelflow.types import Camera, Flow, Intensity


def solve_pairs(pairs: FramePairs, *, preset: Preset, threads: int) -> Flows:
    """Implements `skelflow.flow.engines.registry.Engine`; the flow depends on no `threads`."""
    return solve_each(
        pairs,
        partial(solve, preset=preset, threads=threads),
        preset=preset,
    )


def solve(
    first: PyramidFrame,
    second: PyramidFrame,
    *,
    camera: Camera,
    preset: Preset,
    threads: int = 1,
    match_images: MatchImages | None = None,
) -> Flow:
    """Pyramid, one primal-dual solve a level from coarse to fine, lift to 3D.

    Twin of `skelflow.flow.engines.numpy.solver.solve`, which reads like the paper. With `match`,
    OpenCV uses its own threads for the match, whatever `threads` is.
    """
    height, width = first.depth.shape
    levels = level_count(height, width)
    workspace = workspace_of_thread(height, width, levels)
    flow = np.empty((height, width, 3), np.float32)
    with RowThreads(threads) as row_threads:
        load_pair(workspace, (first, second), preset.smooth, row_threads)
        for fine, coarse in pairwise(workspace.levels):
            halve(fine.first, coarse.first, row_threads)
            halve(fine.second, coarse.second, row_threads)
        last = finest_before_match(preset, levels)
        solve_levels(workspace.levels, camera, preset, last, row_threads)
        if last > 0:
            finest = workspace.levels[0]
            start_from_match(finest, camera, sharp=first.intensity, images=match_images)
            refining = preset if match_images is None else preset.for_depth_alone()
            solve_level(finest, camera, refining, 0, row_threads)
        rows, depth = workspace.levels[0].rows, workspace.levels[0].first.depth
        focal = np.float32(camera.fx), np.float32(camera.fy)
        pixel_rays = rays(camera, depth)
        row_threads.over_rows(
            height, lift, rows, depth, focal, *pixel_rays, preset.exact_lift, flow
        )
    return flow


def solve_levels(
    levels: list[LevelMemory], camera: Camera, preset: Preset, last: int, row_threads: RowThreads
) -> None:
    """From coarse to fine, each level from the one before; those finer than `last` only doubled."""
    levels[-1].rows[:] = 0
    for level in reversed(range(len(levels))):
        if level < len(levels) - 1:
            double(levels[level + 1], levels[level], preset, row_threads)
        if level >= last:
            solve_level(levels[level], halved_camera(camera, level), preset, level, row_threads)


def start_from_match(
    finest: LevelMemory, camera: Camera, *, sharp: Intensity, images: MatchImages | None
) -> None:
    """The dense match in place of the motion at the finest level, all duals at zero."""
    height, width = camera.height, camera.width
    fields = [view(finest.rows, field, finest.noise.shape[1]) for field in (U_BAR, V_BAR, W_BAR)]
    coarse = Motion(*(field[:height, :width].copy() for field in fields))
    first, second = (
        PyramidFrame(*(field[:height, :width].copy() for field in frame)) for frame in finest[:2]
    )
    motion = match_frames(coarse, (first, second), sharp=sharp, images=images)
    finest.rows[:] = 0
    for field, values in zip(fields, motion, strict=True):
        copy_padded(values, field)


def load_pair(
    workspace: Workspace,
    pair: tuple[PyramidFrame, PyramidFrame],
    smooth: bool,
    row_threads: RowThreads,
) -> None:
    """Both frames at the finest level, without their noise when the preset says so."""
    finest = workspace.levels[0]
    workspace.noise[:] = 0
    for frame, into in zip(pair, (finest.first, finest.second), strict=True):
        chosen = smoothed(workspace, frame, row_threads) if smooth else frame
        copy_padded(chosen.intensity, into.intensity)
        copy_padded(chosen.depth, into.depth)
    copy_padded(workspace.noise, finest.noise)


def smoothed(workspace: Workspace, frame: PyramidFrame, row_threads: RowThreads) -> PyramidFrame:
    """The frame with less noise, valid until the next call; adds to the workspace's noise."""
    height = len(frame.depth)
    filtered, (half_done, unused) = workspace.smoothed, workspace.scratch
    fine, coarse = DEPTH_FILTERS
    row_threads.over_rows(height, robust.soften, frame.intensity, filtered.intensity)
    row_threads.over_rows(
        height, robust.smooth_depth, frame.depth, fine, half_done, workspace.noise
    )
    row_threads.over_rows(height, robust.smooth_depth, half_done, coarse, filtered.depth, unused)
    return filtered


def halve(fine: PyramidFrame, coarse: PyramidFrame, row_threads: RowThreads) -> None:
    """The frame one level coarser."""
    height = len(coarse.depth)
    row_threads.over_rows(height, pyramid.halve_intensity, fine.intensity, coarse.intensity)
    row_threads.over_rows(height, pyramid.halve_depth, fine.depth, coarse.depth)


def double(coarse: LevelMemory, fine: LevelMemory, preset: Preset, row_threads: RowThreads) -> None:
    """All ten fields one level finer; motion in pixels doubles."""
    height, width = coarse.first.depth.shape
    row_threads.over_rows(
        height, upsample.double, coarse.rows, width, fine.rows, preset.exact_border
    )


def solve_level(
    memory: LevelMemory, camera: Camera, preset: Preset, level: int, row_threads: RowThreads
) -> None:
    """At each warp: residuals, primal-dual iterations, then the median filter."""
    (intensity, depth), rows = memory.first, memory.rows
    height, width = depth.shape
    pixel_rays = rays(camera, depth)
    row_threads.over_rows(
        height,
        kernels.differentiate,
        *memory.second,
        *pixel_rays,
        preset.exact_border,
        memory.gradients,
    )
    if preset.robust:
        row_threads.over_rows(height, robust.contrast_gain, intensity, memory.gain)
    for _ in range(preset.warps_at(level)):
        row_threads.over_rows(height, upsample.start_warp, rows, width)
        row_threads.over_rows(height, kernels.warp, rows, intensity, depth, memory.gradients)
        if preset.robust:
            row_threads.over_rows(height, robust.reweight, rows, depth, memory.gain, memory.noise)
        row_threads.over_rows(
            height, kernels.steps, rows, depth, *pixel_rays, np.float32(preset.step_ratio)
        )
        iterate(rows, width, preset.iterations_at(level), preset.step_ratio, row_threads)
        row_threads.over_rows(height, median.limit, rows, depth)
        row_threads.over_rows(height, median.median, rows, depth)
