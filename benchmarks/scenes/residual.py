"""How well a scene flow maps one frame onto the next: the measure that needs no truth."""

from typing import NamedTuple

import numpy as np

from skelflow.camera.pinhole import project, unproject
from skelflow.errors import DataError
from skelflow.flow.engines.numpy.energy import warp
from skelflow.flow.metrics import Mask, check_size, select_valid
from skelflow.types import Camera, Depth, Flow, Intensity

ROUNDING_PX = 1e-3  # how far outside the image a still border pixel may seem to be


class WarpResidual(NamedTuple):
    """What is left after the warp: gray levels, meters, and the share of pixels that could be read.

    `share` is of the valid pixels: the others left the image or met a hole in the second depth.
    """

    gray: float
    depth_m: float
    share: float


def warp_residual(
    flow_m: Flow,
    intensity0: Intensity,
    depth0: Depth,
    intensity1: Intensity,
    depth1: Depth,
    *,
    camera: Camera,
    valid: Mask | None = None,
    farthest_m: float = np.inf,
) -> WarpResidual:
    """How well the second frame, read where the flow leads, matches the first: needs no truth.

    Parameters
    ----------
    flow_m : (h, w, 3) float32, meters a frame.
    intensity0, intensity1 : (h, w) float32, gray 0..255.
    depth0, depth1 : (h, w) float32, meters, 0 where there is none.
    camera : Camera of the same size.
    valid : (h, w) bool, pixels that count; all with depth in frame 0 by default.
    farthest_m : meters by which the depth found in frame 1 may differ from that in frame 0. What is
        farther is another surface: the pixel is hidden there, and is not read.

    Returns
    -------
    WarpResidual
        Means of |I2(moved) - I1| and of |Z2(moved) - (Z1 + w)|. Small is necessary for a right
        flow and not sufficient: any flow does on a plain wall. Where a pixel is hidden in frame 1
        the truth has a large residual, and a flow that takes the occluder's depth for its own has
        none: judge depth with `farthest_m`.

    Raises
    ------
    DataError
        The shapes differ, the flow is not finite at a valid pixel, no pixel is valid, or none of
        them can be read in frame 1.

    Examples
    --------
    >>> camera, still = Camera.from_fov(4, 3, 60.0), np.zeros((3, 4, 3), np.float32)
    >>> wall, gray = np.full((3, 4), 2.0, np.float32), np.full((3, 4), 90.0, np.float32)
    >>> warp_residual(still, gray, wall, gray + 3, wall, camera=camera)
    WarpResidual(gray=3.0, depth_m=0.0, share=1.0)
    """
    fields = {"flow": flow_m, "intensity0": intensity0, "intensity1": intensity1}
    for name, field in (fields | {"depth0": depth0, "depth1": depth1}).items():
        check_size(name, field.shape[:2], camera)
    known = depth0 > 0 if valid is None else valid & (depth0 > 0)
    select_valid(flow_m, np.zeros_like(flow_m), known)  # refuses what cannot be counted
    expected = depth0 + flow_m[..., 2]
    ends = unproject(depth0, camera) + flow_m
    known_ahead = known & (expected > 0)
    ends[~known_ahead] = 0, 0, 1
    places = project(ends.astype(np.float64), camera)
    v, u = np.mgrid[: camera.height, : camera.width]
    shift = (places - np.stack((u, v), axis=-1)).astype(np.float32)
    none = np.zeros_like(depth0)
    frames = (intensity0, none), (intensity1, none, none, depth1, none, none)
    residuals = warp(*frames, shift[..., 0], shift[..., 1])  # against a depth of 0: Zt is Z2
    half = np.array([camera.width - 1, camera.height - 1]) / 2
    inside = np.abs(places - half) <= half + ROUNDING_PX
    read = known_ahead & inside.all(axis=-1) & (residuals.Zt > 0)
    read &= np.abs(residuals.Zt - depth0) <= farthest_m
    if not read.any():
        raise DataError("warp residual: no valid pixel moves to a place where frame 1 has depth")
    return WarpResidual(
        gray=float(np.abs(residuals.It[read], dtype=np.float64).mean()),
        depth_m=float(np.abs(residuals.Zt[read] - expected[read], dtype=np.float64).mean()),
        share=float(read.sum() / known.sum()),
    )
