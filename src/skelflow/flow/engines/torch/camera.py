"""Cameras of a batch of pairs: rays through pixels, motion lifted to space.

A camera reaches the device as numbers within commands, never as memory to be copied, for which
the device would have to be waited for.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float32
from torch import Tensor

from skelflow.flow.pyramid_sizes import halved_camera
from skelflow.types import Camera

Fields = Float32[Tensor, "b h w"]
Motion = Float32[Tensor, "3 b h w"]  # u, v, w one after the other, so that one call moves all
Flow = Float32[Tensor, "b h w 3"]


class Rays(NamedTuple):
    """Where a pixel's ray meets the plane one meter away; one camera a pair, or one for all."""

    x: Float32[Tensor, "#b 1 w"]
    y: Float32[Tensor, "#b h 1"]


def rays(cameras: Sequence[Camera], like: Fields, *, level: int = 0) -> Rays:
    """(x - cx) / fx of every column and (y - cy) / fy of every row, `level` steps up."""
    level_cameras = [halved_camera(camera, level) for camera in cameras]
    columns = torch.arange(like.shape[2], dtype=torch.float32, device=like.device)
    rows = torch.arange(like.shape[1], dtype=torch.float32, device=like.device)
    x = torch.stack([(columns - camera.cx) / camera.fx for camera in level_cameras])
    y = torch.stack([(rows - camera.cy) / camera.fy for camera in level_cameras])
    return Rays(x[:, None, :], y[:, :, None])


def lift(motion: Motion, depth: Fields, cameras: Sequence[Camera], *, exact: bool) -> Flow:
    """Motion in pixels and depth to motion in meters.

    Twin of `skelflow.flow.engines.numpy.energy.lift`.
    """
    x, y = rays(cameras, depth)
    fx = torch.stack([depth.new_full((1, 1), camera.fx) for camera in cameras])
    fy = torch.stack([depth.new_full((1, 1), camera.fy) for camera in cameras])
    u, v, w = motion
    reach = depth + w if exact else depth
    flow = torch.stack((reach * u / fx + w * x, reach * v / fy + w * y, w), dim=3)
    return flow.masked_fill_((depth <= 0)[..., None], 0)
