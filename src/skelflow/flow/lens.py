"""What a lens changes in scene flow: the rays that motion in the image is lifted along.

The energy lives in the image and in depth, so the solvers need no lens; only the lift turns pixels
into meters. They lift along the rays of a pinhole; this puts the lens's own in their place.
"""

from typing import Any

from jaxtyping import Float32

from skelflow.flow.inputs import Flows, FramePairs
from skelflow.types import Camera

NEWTON_STEPS = 12
LEAST = 1e-3  # meters of depth, and slope of the lens, that nothing is divided by less than

Fields = Float32[Any, "h w"]  # NumPy arrays or torch tensors


def bend_flows(flows: Flows, pairs: FramePairs, *, exact: bool) -> Flows:
    """Every pair's flow along the rays of its camera's lens; changes `flows` and returns it."""
    cameras = pairs.cameras * (len(flows) // len(pairs.cameras))
    for number, camera in enumerate(cameras):
        if any(camera.distortion):
            flows[number] = bend_flow(flows[number], pairs.depth0[number], camera, exact=exact)
    return flows


def bend_flow(
    flow: Float32[Any, "h w 3"], depth: Fields, camera: Camera, *, exact: bool
) -> Float32[Any, "h w 3"]:
    """The flow that was lifted along a pinhole's rays, along those of the camera's lens.

    Parameters
    ----------
    flow : meters, of a solver that took the camera for a pinhole.
    depth : meters, of the first frame, 0 = no reading.
    exact : whether the solver moved the back-projected point, see `Preset.exact_lift`; this does so
        in any case.

    Returns
    -------
    (h, w, 3), meters; 0 where there is no depth.

    Notes
    -----
    Source: Brown, Photogrammetric Engineering 37 (8), 1971, the radial terms.
    """
    known = depth > 0
    z0 = depth + ~known  # any depth will do where there is none
    z1 = (z0 + flow[..., 2]).clip(LEAST)
    reach = z1 if exact else z0
    seen = _seen_rays(depth, camera)
    found = [ray + (flow[..., k] - flow[..., 2] * ray) / reach for k, ray in enumerate(seen)]
    starts, ends = _straight_rays(seen, camera), _straight_rays(found, camera)
    bent = 1 * flow
    for k in range(2):
        bent[..., k] = (z1 * ends[k] - z0 * starts[k]) * known
    return bent


def _seen_rays(depth: Fields, camera: Camera) -> list[Fields]:
    """X/Z and Y/Z of every pixel as the lens shows them, in arrays of the depth's own kind."""
    ones = 0 * depth + 1
    columns, rows = ones.cumsum(1) - 1, ones.cumsum(0) - 1
    return [(columns - camera.cx) / camera.fx, (rows - camera.cy) / camera.fy]


def _straight_rays(seen: list[Fields], camera: Camera) -> list[Fields]:
    """The rays that the lens shows so, by Newton's method for their radius over the seen one."""
    k1, k2, k3 = camera.distortion
    squared = seen[0] ** 2 + seen[1] ** 2
    scale = 0 * squared + 1
    for _ in range(NEWTON_STEPS):
        own = squared * scale**2
        excess = scale * (1 + own * (k1 + own * (k2 + own * k3))) - 1
        slope = 1 + own * (3 * k1 + own * (5 * k2 + own * 7 * k3))
        scale = scale - excess / slope.clip(LEAST)
    return [ray * scale for ray in seen]
