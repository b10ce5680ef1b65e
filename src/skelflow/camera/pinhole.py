"""The pinhole model and its lens: points to pixels and back."""

from functools import lru_cache

import numpy as np
from jaxtyping import Float, Float64

from skelflow.types import Camera, Depth

_USUAL_REACH = 3.0  # X/Z of a ray 72 degrees off the axis
_STEPS = 8192  # from the axis to there
_FINEST = 16  # times as many at most
_WIDEST = 2**20  # times that reach: all but 90 degrees off the axis


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
    rays = points_m[..., :2] / safe[..., None]
    if any(camera.distortion):
        rays = rays * magnification((rays**2).sum(axis=-1), camera)[..., None]
    u = camera.fx * rays[..., 0] + camera.cx
    v = camera.fy * rays[..., 1] + camera.cy
    return np.stack((u, v), axis=-1).astype(points_m.dtype)


def unproject(depth_m: Depth, camera: Camera) -> Float[np.ndarray, "h w 3"]:
    """Camera-frame point of every pixel, meters; (0, 0, 0) where there is no depth."""
    height, width = depth_m.shape
    x = (np.arange(width, dtype=np.float32) - np.float32(camera.cx)) / np.float32(camera.fx)
    y = (np.arange(height, dtype=np.float32) - np.float32(camera.cy)) / np.float32(camera.fy)
    flat = depth_m * x[None, :], depth_m * y[:, None]
    if any(camera.distortion):
        seen = np.hypot(x[None, :], y[:, None])
        straight = np.interp(seen, *_radii(camera)) / np.maximum(seen, 1e-12)
        flat = flat[0] * straight, flat[1] * straight
    return np.stack((*flat, depth_m), axis=-1).astype(np.float32)


def unproject_pixels(
    pixels: Float[np.ndarray, "*points 2"], depth_m: Float[np.ndarray, "*points"], camera: Camera
) -> Float[np.ndarray, "*points 3"]:
    """Camera-frame points, meters, that are seen at pixels (x, y) and lie at the given depths.

    Examples
    --------
    >>> camera = Camera(320, 240, 260, 260, 159.5, 119.5)
    >>> unproject_pixels(np.array([159.5, 119.5]), np.float64(2), camera)
    array([0., 0., 2.])
    """
    rays = (pixels - np.array((camera.cx, camera.cy))) / np.array((camera.fx, camera.fy))
    if any(camera.distortion):
        seen = np.linalg.norm(rays, axis=-1)
        straight = np.interp(seen, *_radii(camera)) / np.maximum(seen, 1e-12)
        rays = rays * straight[..., None]
    depth = np.asarray(depth_m)[..., None]
    return np.concatenate((rays * depth, depth), axis=-1).astype(pixels.dtype)


def magnification(
    squared: Float[np.ndarray, "*points"], camera: Camera
) -> Float[np.ndarray, "*points"]:
    """How much farther out the lens shows rays of squared radius (X^2 + Y^2) / Z^2."""
    k1, k2, k3 = camera.distortion
    return np.asarray(1 + squared * (k1 + squared * (k2 + squared * k3)))


@lru_cache(maxsize=16)
def _radii(camera: Camera) -> tuple[Float64[np.ndarray, " n"], Float64[np.ndarray, " n"]]:
    """Radii as the lens shows them, rising, and the rays' own.

    Up to where the lens folds over, else to the image's farthest corner at least.
    """
    corner = np.hypot(
        max(abs(camera.cx), abs(camera.width - 1 - camera.cx)) / camera.fx,
        max(abs(camera.cy), abs(camera.height - 1 - camera.cy)) / camera.fy,
    )
    widening = 1
    while True:
        own = np.linspace(0, widening * _USUAL_REACH, min(widening, _FINEST) * _STEPS + 1)
        seen = own * magnification(own**2, camera)
        folds = np.flatnonzero(np.diff(seen) <= 0)
        if folds.size or seen[-1] >= corner or widening >= _WIDEST:
            end = int(folds[0]) + 1 if folds.size else len(own)
            return seen[:end], own[:end]
        widening *= 2
