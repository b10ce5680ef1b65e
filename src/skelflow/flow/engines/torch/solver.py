"""The scene-flow solver on torch tensors: many pairs at once, on any device."""

from collections.abc import Sequence
from dataclasses import fields
from typing import NamedTuple

import torch
from jaxtyping import Float32
from torch import Tensor
from torch.nn.functional import pad

from skelflow.errors import ConfigError
from skelflow.flow.engines.torch.camera import Fields, Flow, Motion, Rays, lift, rays
from skelflow.flow.engines.torch.energy import (
    Frames,
    Resized,
    derivatives,
    double,
    halve_depth,
    halve_intensity,
    median,
    surface_metric,
    warp,
)
from skelflow.flow.engines.torch.primal_dual import State, iterate, steps
from skelflow.flow.engines.torch.robust import contrast_gain, smooth, trust
from skelflow.flow.presets import Preset
from skelflow.flow.pyramid_sizes import level_count, padded_size
from skelflow.types import Camera

Guess = Float32[Tensor, "10 b h w"]  # u v w, p_d, p_x of u v w, p_y of u v w

_SETTINGS = (  # those `solve` heeds
    *("iterations", "warps", "pace", "exact_border", "exact_lift"),
    *("robust", "smooth"),
)


class Level(NamedTuple):
    """Both frames of every pair at one pyramid level, and the cameras that see them so."""

    first: Frames
    second: Frames
    sight: Rays


@torch.no_grad()
def solve(first: Frames, second: Frames, *, cameras: Sequence[Camera], preset: Preset) -> Flow:
    """Pyramid, one primal-dual solve a level from coarse to fine, lift to 3D.

    Twin of `skelflow.flow.engines.numpy.solver.solve`; `cameras` is one for all pairs or one
    for each.
    """
    check_settings(preset)
    height, width = first.depth.shape[1:]
    noise = None
    if preset.smooth:
        first, noise0 = smooth(first)
        second, noise1 = smooth(second)
        noise = pad_field(noise0 + noise1, level_count(height, width))
    pyramid = build_pyramid(first, second, cameras)
    guess = first.depth.new_zeros(10, *pyramid[-1].first.depth.shape)
    for number, level in reversed(list(enumerate(pyramid))):
        if number < len(pyramid) - 1:
            guess = upsample(guess, exact_border=preset.exact_border)
        for _ in range(preset.warps_at(number)):
            guess = solve_warp(level, guess, noise if number == 0 else None, preset, number)
    motion = guess[:3, :, :height, :width]
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


def build_pyramid(first: Frames, second: Frames, cameras: Sequence[Camera]) -> list[Level]:
    """Both frames at every level, finest first, and the rays through their pixels."""
    levels = level_count(*first.depth.shape[1:])
    first, second = pad_frames(first, levels), pad_frames(second, levels)
    pyramid = [Level(first, second, rays(cameras, first.depth))]
    for level in range(1, levels):
        first, second = halve(first), halve(second)
        pyramid.append(Level(first, second, rays(cameras, first.depth, level=level)))
    return pyramid


def pad_frames(frames: Frames, levels: int) -> Frames:
    """Repeat the last row and column until every level but the coarsest has even sides."""
    return Frames(*(pad_field(field, levels) for field in frames))


def pad_field(field: Fields, levels: int) -> Resized:
    """`pad_frames` of one field."""
    height, width = field.shape[1:]
    tall, wide = padded_size(height, width, levels)
    return pad(field, (0, wide - width, 0, tall - height), mode="replicate")


def halve(frames: Frames) -> Frames:
    """The frames one level coarser."""
    return Frames(halve_intensity(frames.intensity), halve_depth(frames.depth))


def upsample(guess: Guess, *, exact_border: bool) -> Float32[Tensor, "10 b h2 w2"]:
    """All ten fields one level finer; motion in pixels doubles."""
    fine = double(guess, exact_border=exact_border)
    fine[:2].mul_(2)
    return fine


def solve_warp(
    level: Level, guess: Guess, noise: Fields | None, preset: Preset, number: int
) -> Guess:
    """One warp and its primal-dual iterations, then the median filter; writes over `guess`."""
    total, misfit = estimate(level, guess, noise, preset, number)
    guess[:3] = median(total, level.first.depth, misfit)
    return guess


def estimate(
    level: Level, guess: Guess, noise: Fields | None, preset: Preset, number: int
) -> tuple[Motion, Fields]:
    """Motion before the median filter, and the depth residual at the warp.

    On its own so that what the iterations need is gone before the filter takes its memory.
    """
    first, second, sight = level
    gradients = differentiate(second, sight, exact_border=preset.exact_border)
    residuals = warp(first, gradients, guess[0], guess[1])
    if preset.robust:
        variance = torch.zeros_like(first.depth) if noise is None else noise
        gain = contrast_gain(first.intensity)
        residuals = trust(residuals, guess[:3], first.depth, gain, variance)
    weights = steps(residuals, *surface_metric(first.depth, sight), pace=preset.pace)
    del gradients
    count = preset.iterations_at(number)
    state = iterate(begin(guess), residuals, weights, count, pace=preset.pace)
    state.motion[:2].clamp_(-1, 1)
    total = state.start + state.motion
    total[2].masked_fill_(first.depth <= 0, 0)
    return total, residuals.Zt


def differentiate(frames: Frames, sight: Rays, *, exact_border: bool) -> tuple[Fields, ...]:
    """Intensity and depth, each with its gradient; no depth gradient at holes.

    The authors overlook holes at the ends: a null border pixel keeps its one-sided difference.
    """
    rx, ry = surface_metric(frames.depth, sight)
    i_x, i_y = derivatives(frames.intensity, rx, ry)
    z_x, z_y = derivatives(frames.depth, rx, ry)
    hole = frames.depth == 0
    covered = slice(None) if exact_border else slice(1, -1)
    z_x[:, :, covered].masked_fill_(hole[:, :, covered], 0)
    z_y[:, covered].masked_fill_(hole[:, covered], 0)
    return frames.intensity, i_x, i_y, frames.depth, z_x, z_y


def begin(guess: Guess) -> State:
    """Increments at zero, depth motion and duals where the coarser level left them.

    The state lives in `guess`: its motion becomes the frozen start, its duals are iterated.
    """
    start = guess[:3]
    motion = torch.zeros_like(start)
    motion[2] = start[2]
    start[2].zero_()
    return State(start, motion, motion.clone(), guess[3], guess[4:7], guess[7:])
