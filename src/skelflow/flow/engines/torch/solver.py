"""The scene-flow solver on torch tensors: many pairs at once, on any device."""

from collections.abc import Sequence
from dataclasses import fields
from functools import partial
from typing import NamedTuple

import torch
from jaxtyping import Float32
from torch import Tensor
from torch.nn.functional import pad

from skelflow.errors import ConfigError
from skelflow.flow.engines.torch.camera import Fields, Flow, Motion, Rays, lift, rays
from skelflow.flow.engines.torch.depth_image import relief, shading
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
from skelflow.flow.engines.torch.inputs import check_cameras, check_shapes, check_values
from skelflow.flow.engines.torch.primal_dual import State, iterate, steps
from skelflow.flow.engines.torch.robust import contrast_gain, smooth, trust
from skelflow.flow.presets import Preset, find_preset
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
def scene_flow_batched(
    intensity0: Fields | None,
    depth0: Fields,
    intensity1: Fields | None,
    depth1: Fields,
    *,
    camera: Camera | Sequence[Camera],
    preset: str = "paper",
    check: bool = True,
) -> Flow:
    """Dense 3D motion of every pixel of frame 0 that has depth, for many frame pairs at once.

    Parameters
    ----------
    intensity0, intensity1 : (b, h, w) float32, gray 0..255, registered to the depth; or both None
        for depth alone, where an image made of the depth takes their place.
    depth0, depth1 : (b, h, w) float32, meters along the optical axis, 0 where there is none; all
        on one device.
    camera : Camera, or a sequence of one Camera a pair
        Of the same size as the images.
    preset : str
        As of `skelflow.flow.api.scene_flow`.
    check : bool
        Look for NaN and other units before the solve, which waits for the device once. Without,
        nothing ever waits, and such values give a meaningless flow.

    Returns
    -------
    (b, h, w, 3) float32 on the inputs' device, meters a frame in frame 0's camera: x right, y
    down, z away; 0 where frame 0 has no depth. Carries no gradient.

    Raises
    ------
    DataError
        Sizes, types or devices differ, values are not finite, or depth is not in meters.
    ConfigError
        A camera has another size, their number is not that of the pairs, or the preset is unknown
        or has settings that only `skelflow.flow.engines.numba.solver` knows.

    Notes
    -----
    Source: Jaimez et al., ICRA 2015. Twin of `skelflow.flow.api.scene_flow`,
    equal to rounding. Takes 280 bytes a pixel beyond its input: 21 MB for each pair of 240 x 320.

    Examples
    --------
    >>> camera = Camera.from_fov(40, 30, 62.5)
    >>> walls = torch.full((2, 30, 40), 2.0)
    >>> flow = scene_flow_batched(None, walls, None, walls, camera=camera)
    >>> flow.shape, float(flow.abs().max())
    (torch.Size([2, 30, 40, 3]), 0.0)
    """
    settings = find_preset(preset)
    given = {"depth0": depth0, "depth1": depth1, "intensity0": intensity0, "intensity1": intensity1}
    check_shapes(given)
    cameras = check_cameras(camera, depth0)
    if check:
        check_values(given)
    if intensity0 is None or intensity1 is None:
        image = partial(shading, cameras=cameras) if settings.robust else relief
        intensity0, intensity1 = image(depth0), image(depth1)
    first, second = Frames(intensity0, depth0), Frames(intensity1, depth1)
    return solve(first, second, cameras=cameras, preset=settings)


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
            f"scene flow: the batched solver has no {', '.join(unknown)}; "
            "use skelflow.flow.api.scene_flow or another preset"
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
