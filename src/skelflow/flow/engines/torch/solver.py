"""The scene-flow solver on torch tensors: many pairs at once, on any device."""

from collections.abc import Sequence
from dataclasses import fields
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float32
from torch import Tensor
from torch.nn.functional import pad

from skelflow.errors import ConfigError
from skelflow.flow.engines.match.frame_match import finest_before_match
from skelflow.flow.engines.torch.camera import Fields, Flow, Motion, Rays, lift, rays
from skelflow.flow.engines.torch.depth_image import is_masked, relief, shading, silhouette
from skelflow.flow.engines.torch.energy import (
    FrameBatch,
    Resized,
    derivatives,
    double,
    halve_depth,
    halve_intensity,
    median,
    surface_metric,
    warp,
)
from skelflow.flow.engines.torch.inputs import check_tensors, check_values
from skelflow.flow.engines.torch.match import match_batch
from skelflow.flow.engines.torch.primal_dual import State, iterate, steps
from skelflow.flow.engines.torch.robust import contrast_gain, reweight, smooth
from skelflow.flow.inputs import Flows, FramePairs
from skelflow.flow.presets import Preset
from skelflow.flow.pyramid_sizes import level_count, padded_size
from skelflow.types import Camera

Estimate = Float32[Tensor, "10 b h w"]  # u v w, p_d, p_x of u v w, p_y of u v w

_SETTINGS = (  # those `solve` heeds
    *("iterations", "warps", "step_ratio", "exact_border", "exact_lift"),
    *("robust", "smooth", "silhouette", "match"),
)


class Level(NamedTuple):
    """Both frames of every pair at one pyramid level, and the cameras that see them so."""

    first: FrameBatch
    second: FrameBatch
    pixel_rays: Rays


@torch.no_grad()
def solve_pairs(pairs: FramePairs, *, preset: Preset, threads: int) -> Flows:  # noqa: ARG001
    """Implements `skelflow.flow.engines.registry.Engine`; torch decides itself on its threads.

    NumPy arrays are solved on the CPU, and NumPy arrays are returned.
    """
    if not isinstance(pairs.depth0, np.ndarray):
        return solve_tensors(pairs, preset=preset)
    d0, d1, i0, i1 = (
        torch.tensor(np.ascontiguousarray(field)) if isinstance(field, np.ndarray) else field
        for field in pairs[:4]
    )
    return solve_tensors(FramePairs(d0, d1, i0, i1, pairs.cameras), preset=preset).numpy()


@torch.no_grad()
def solve_tensors(pairs: FramePairs, *, preset: Preset, check: bool = True) -> Flow:
    """The flows of a batch of tensors.

    Parameters
    ----------
    pairs : float32 tensors, all on one device.
    preset : settings.
    check : bool
        Look for NaN and other units before the solve, which waits for the device once. Without,
        nothing ever waits but a preset that matches; other units then give a meaningless flow, and
        NaN ends in an index out of bounds, on a GPU in an error of the device.

    Returns
    -------
    (pairs, h, w, 3) float32 on the inputs' device, meters; 0 where frame 0 has no depth. Carries
    no gradient.

    Raises
    ------
    DataError
        Types or devices differ, values are not finite, or depth is not in meters.
    ConfigError
        The preset has settings that this solver does not know.

    Notes
    -----
    Takes 280 bytes a pixel beyond its input: 21 MB for each pair of 240 x 320.
    """
    given = dict(zip(pairs._fields[:4], pairs[:4], strict=True))
    check_tensors(given)
    if check:
        check_values(given)
    intensity0, intensity1, match_images = pairs.intensity0, pairs.intensity1, None
    if intensity0 is None or intensity1 is None:
        intensity0, intensity1 = (
            depth_image(depth, pairs, preset) for depth in (pairs.depth0, pairs.depth1)
        )
        match_images = (intensity0, intensity1) if preset.match else None
        if preset.silhouette:
            masked = is_masked(pairs.depth0)[:, None, None]
            intensity0 = torch.where(masked, silhouette(pairs.depth0), intensity0)
            intensity1 = torch.where(masked, silhouette(pairs.depth1), intensity1)
    first, second = FrameBatch(intensity0, pairs.depth0), FrameBatch(intensity1, pairs.depth1)
    return solve(first, second, cameras=pairs.cameras, preset=preset, match_images=match_images)


def depth_image(depth: Fields, pairs: FramePairs, preset: Preset) -> Fields:
    """The images made of depth that suit a preset, see `skelflow.flow.engines.each_pair`."""
    return shading(depth, pairs.cameras) if preset.robust else relief(depth)


def solve(
    first: FrameBatch,
    second: FrameBatch,
    *,
    cameras: Sequence[Camera],
    preset: Preset,
    match_images: tuple[Fields, Fields] | None = None,
) -> Flow:
    """Pyramid, one primal-dual solve a level from coarse to fine, lift to 3D.

    Twin of `skelflow.flow.engines.numpy.solver.solve`; `cameras` is one for all pairs or one
    for each.
    """
    check_settings(preset)
    height, width = first.depth.shape[1:]
    sharp, noise = first.intensity, None
    if preset.smooth:
        first, noise0 = smooth(first)
        second, noise1 = smooth(second)
        noise = pad_field(noise0 + noise1, level_count(height, width))
    pyramid = build_pyramid(first, second, cameras)
    last = finest_before_match(preset, len(pyramid))
    estimate = first.depth.new_zeros(10, *pyramid[-1].first.depth.shape)
    for number, level in reversed(list(enumerate(pyramid))):
        if number < len(pyramid) - 1:
            estimate = upsample(estimate, exact_border=preset.exact_border)
        if number >= last:
            known = noise if number == 0 else None
            estimate = solve_level(level, estimate, known, preset, number)
    if last > 0:
        coarse = estimate[:3, :, :height, :width]
        motion = match_batch(coarse, (first, second), sharp=sharp, images=match_images)
        estimate.zero_()
        estimate[:3] = pad_motion(motion, len(pyramid))
        refining = preset if match_images is None else preset.for_depth_alone()
        estimate = solve_level(pyramid[0], estimate, noise, refining, 0)
    motion = estimate[:3, :, :height, :width]
    return lift(motion, first.depth, cameras, exact=preset.exact_lift)


def check_settings(preset: Preset) -> None:
    """Refuse a preset that differs from the paper's, the default, in a setting not heeded here."""
    unknown = [
        field.name
        for field in fields(preset)
        if field.name not in _SETTINGS and getattr(preset, field.name) != field.default
    ]
    if unknown:
        raise ConfigError(
            f"scene flow: engine 'torch' has no {', '.join(unknown)}; "
            'use engine="numba" or another preset'
        )


def build_pyramid(first: FrameBatch, second: FrameBatch, cameras: Sequence[Camera]) -> list[Level]:
    """Both frames at every level, finest first, and the rays through their pixels."""
    levels = level_count(*first.depth.shape[1:])
    first, second = pad_frames(first, levels), pad_frames(second, levels)
    pyramid = [Level(first, second, rays(cameras, first.depth))]
    for level in range(1, levels):
        first, second = halve(first), halve(second)
        pyramid.append(Level(first, second, rays(cameras, first.depth, level=level)))
    return pyramid


def pad_frames(frames: FrameBatch, levels: int) -> FrameBatch:
    """Repeat the last row and column until every level but the coarsest has even sides."""
    return FrameBatch(*(pad_field(field, levels) for field in frames))


def pad_field(field: Fields, levels: int) -> Resized:
    """`pad_frames` of one field."""
    height, width = field.shape[1:]
    tall, wide = padded_size(height, width, levels)
    return pad(field, (0, wide - width, 0, tall - height), mode="replicate")


def halve(frames: FrameBatch) -> FrameBatch:
    """The frames one level coarser."""
    return FrameBatch(halve_intensity(frames.intensity), halve_depth(frames.depth))


def upsample(estimate: Estimate, *, exact_border: bool) -> Float32[Tensor, "10 b h2 w2"]:
    """All ten fields one level finer; motion in pixels doubles."""
    fine = double(estimate, exact_border=exact_border)
    fine[:2].mul_(2)
    return fine


def pad_motion(motion: Motion, levels: int) -> Float32[Tensor, "3 b h2 w2"]:
    """`pad_field` of all three components."""
    return torch.stack([pad_field(field, levels) for field in motion])


def solve_level(
    level: Level, estimate: Estimate, noise: Fields | None, preset: Preset, number: int
) -> Estimate:
    """All warps of a level, the `number`-th from the finest."""
    for _ in range(preset.warps_at(number)):
        estimate = solve_warp(level, estimate, noise, preset, number)
    return estimate


def solve_warp(
    level: Level, estimate: Estimate, noise: Fields | None, preset: Preset, number: int
) -> Estimate:
    """One warp and its primal-dual iterations, then the median filter; writes over `estimate`."""
    total, misfit = solve_motion(level, estimate, noise, preset, number)
    estimate[:3] = median(total, level.first.depth, misfit)
    return estimate


def solve_motion(
    level: Level, estimate: Estimate, noise: Fields | None, preset: Preset, number: int
) -> tuple[Motion, Fields]:
    """Motion before the median filter, and the depth residual at the warp.

    On its own so that what the iterations need is gone before the filter takes its memory.
    """
    first, second, pixel_rays = level
    gradients = differentiate(second, pixel_rays, exact_border=preset.exact_border)
    residuals = warp(first, gradients, estimate[0], estimate[1])
    if preset.robust:
        variance = torch.zeros_like(first.depth) if noise is None else noise
        gain = contrast_gain(first.intensity)
        residuals = reweight(residuals, estimate[:3], first.depth, gain, variance)
    weights = steps(
        residuals, *surface_metric(first.depth, pixel_rays), step_ratio=preset.step_ratio
    )
    del gradients
    count = preset.iterations_at(number)
    state = iterate(
        initial_state(estimate), residuals, weights, count, step_ratio=preset.step_ratio
    )
    state.motion[:2].clamp_(-1, 1)
    total = state.start + state.motion
    total[2].masked_fill_(first.depth <= 0, 0)
    return total, residuals.Zt


def differentiate(
    frames: FrameBatch, pixel_rays: Rays, *, exact_border: bool
) -> tuple[Fields, ...]:
    """Intensity and depth, each with its gradient; no depth gradient at holes.

    The authors overlook holes at the ends: a null border pixel keeps its one-sided difference.
    """
    rx, ry = surface_metric(frames.depth, pixel_rays)
    i_x, i_y = derivatives(frames.intensity, rx, ry)
    z_x, z_y = derivatives(frames.depth, rx, ry)
    hole = frames.depth == 0
    covered = slice(None) if exact_border else slice(1, -1)
    z_x[:, :, covered].masked_fill_(hole[:, :, covered], 0)
    z_y[:, covered].masked_fill_(hole[:, covered], 0)
    return frames.intensity, i_x, i_y, frames.depth, z_x, z_y


def initial_state(estimate: Estimate) -> State:
    """Increments at zero, depth motion and duals where the coarser level left them.

    The state lives in `estimate`: its motion becomes the frozen start, its duals are iterated.
    """
    start = estimate[:3]
    motion = torch.zeros_like(start)
    motion[2] = start[2]
    start[2].zero_()
    return State(start, motion, motion.clone(), estimate[3], estimate[4:7], estimate[7:])
