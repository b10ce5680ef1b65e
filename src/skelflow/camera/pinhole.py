"""The pinhole model: points to pixels and back."""

import numpy as np
from jaxtyping import Float

from skelflow.types import Camera, Depth


def project(
    points_m: Float[np.ndarray, "*points 3"], camera: Camera
) -> Float[np.ndarray, "*points 2"]:
    """Pixels (x, y) of camera-frame points (x right, y down, z away); NaN where z <= 0.

    Examples
    --------
    >>> project(np.array([0.0, 0.0, 2.0]), Camera(320, 240, 260, 260, 159.5, 119.5))
    array([159.5, 119.5])
    """
    z = points_m[..., 2]
    safe = np.where(z > 0, z, np.nan)
    u = camera.fx * points_m[..., 0] / safe + camera.cx
    v = camera.fy * points_m[..., 1] / safe + camera.cy
    return np.stack((u, v), axis=-1).astype(points_m.dtype)


def unproject(depth_m: Depth, camera: Camera) -> Float[np.ndarray, "h w 3"]:
    """Camera-frame point of every pixel, meters; (0, 0, 0) where there is no depth."""
    height, width = depth_m.shape
    x = (np.arange(width, dtype=np.float32) - np.float32(camera.cx)) / np.float32(camera.fx)
    y = (np.arange(height, dtype=np.float32) - np.float32(camera.cy)) / np.float32(camera.fy)
    return np.stack((depth_m * x[None, :], depth_m * y[:, None], depth_m), axis=-1)
