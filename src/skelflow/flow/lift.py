"""From motion in the image to motion in space."""

import numpy as np

from skelflow.flow.terms import Field
from skelflow.types import Camera, Depth, Flow


def lift(u: Field, v: Field, w: Field, depth: Depth, camera: Camera, *, exact: bool) -> Flow:
    """Motion in pixels and depth to motion in meters; 0 where there is no depth.

    Parameters
    ----------
    u, v : (h, w) float32, pixels a frame.
    w : (h, w) float32, change of depth, meters a frame.
    depth : (h, w) float32, meters, 0 where there is none.
    camera : of the depth image.
    exact : move the back-projected point; otherwise to first order, as the authors do.

    Returns
    -------
    (h, w, 3) float32, meters a frame: x right, y down, z away.
    """
    height, width = depth.shape
    x = (np.arange(width, dtype=np.float32) - np.float32(camera.cx)) / np.float32(camera.fx)
    y = (np.arange(height, dtype=np.float32) - np.float32(camera.cy)) / np.float32(camera.fy)
    known = depth > 0
    reach = depth + w if exact else depth
    flow = np.empty((height, width, 3), np.float32)
    flow[..., 0] = np.where(known, reach * u / np.float32(camera.fx) + w * x[None, :], 0)
    flow[..., 1] = np.where(known, reach * v / np.float32(camera.fy) + w * y[:, None], 0)
    flow[..., 2] = np.where(known, w, 0)
    return flow
