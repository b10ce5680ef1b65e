"""Cameras fitted to correspondences: joints in meters and the pixels they were seen at."""

import numpy as np
from jaxtyping import Bool, Float, Float32, Float64

from skelflow.errors import CalibrationError
from skelflow.types import Camera, Projection

_FEWEST_POINTS = 20
_LARGEST_RESIDUAL_PX = 5.0
_SMALLEST_SPREAD = 0.01  # of X/Z and Y/Z: a person 2 m tall spans 0.5 at 4 m
_SMALLEST_SPREAD_COLOR = 0.002  # of 1/Z: a person 5 cm deep at 4 m


def fit_depth_camera(
    joints_m: Float[np.ndarray, "*points 3"],
    joints_px: Float[np.ndarray, "*points 2"],
    *,
    width: int,
    height: int,
) -> Camera:
    """Intrinsics of the depth camera from joints and their depth pixels, by robust least squares.

    Parameters
    ----------
    joints_m : (..., 3), meters, x right, y down, z away; NaN where missing.
    joints_px : (..., 2), pixels (x, y) of the depth image; NaN where missing.
    width, height : pixels, the depth image's size.

    Returns
    -------
    Camera : `x_px = fx X/Z + cx` and `y_px = fy Y/Z + cy`, no distortion.

    Raises
    ------
    CalibrationError
        Fewer than 20 usable points, all on nearly one ray, or points no pinhole camera explains.

    Examples
    --------
    >>> joints_m = np.random.default_rng(0).uniform(-1, 1, (50, 3)) + np.array([0, 0, 3])
    >>> joints_px = 365 * joints_m[:, :2] / joints_m[:, 2:] + np.array([257, 210])
    >>> round(fit_depth_camera(joints_m, joints_px, width=512, height=424).fx, 3)
    365.0
    """
    rays, pixels = _usable(joints_m, joints_px, "depth")
    for axis, name in enumerate("XY"):
        _require_spread(rays[:, axis], _SMALLEST_SPREAD, f"{name}/Z", "depth")
    ones = np.ones(len(rays))
    fits = [
        _robust_fit(np.stack((rays[:, axis], ones), axis=1), pixels[:, axis], "depth")
        for axis in range(2)
    ]
    (fx, cx), (fy, cy) = (map(float, fit) for fit in fits)
    if fx <= 0 or fy <= 0:
        raise CalibrationError(
            f"depth camera: fitted focal lengths ({fx:.1f}, {fy:.1f}) are not positive; "
            "expected joints with x right, y down, z away"
        )
    return Camera(width=width, height=height, fx=fx, fy=fy, cx=cx, cy=cy)


def fit_color_projection(
    joints_m: Float[np.ndarray, "*points 3"],
    color_px: Float[np.ndarray, "*points 2"],
    *,
    width: int,
    height: int,
) -> Projection:
    """How depth-camera points land in the color image, by robust least squares.

    Exact for a color camera that looks the same way as the depth camera, turned about the optical
    axis or displaced; a small tilt goes into the constant.

    Parameters
    ----------
    joints_m : (..., 3), meters, x right, y down, z away; NaN where missing.
    color_px : (..., 2), pixels (x, y) of the color image; NaN where missing.
    width, height : pixels, the color image's size.

    Returns
    -------
    Projection : `(u, v) = matrix @ (X/Z, Y/Z, 1, 1/Z)`.

    Raises
    ------
    CalibrationError
        Fewer than 20 usable points, all at nearly one depth or on nearly one ray, or points
        that no such projection explains.
    """
    rays, pixels = _usable(joints_m, color_px, "color")
    for axis, (name, least) in enumerate(
        (("X/Z", _SMALLEST_SPREAD), ("Y/Z", _SMALLEST_SPREAD), ("1/Z", _SMALLEST_SPREAD_COLOR))
    ):
        _require_spread(rays[:, axis], least, name, "color")
    terms = np.stack((rays[:, 0], rays[:, 1], np.ones(len(rays)), rays[:, 2]), axis=1)
    matrix = np.stack([_robust_fit(terms, pixels[:, axis], "color") for axis in range(2)])
    return Projection(width=width, height=height, matrix=matrix.astype(np.float32))


def project_color(
    points_m: Float[np.ndarray, "*points 3"], projection: Projection
) -> Float32[np.ndarray, "*points 2"]:
    """Color pixels (x, y) of depth-camera points; NaN where z <= 0."""
    z = np.where(points_m[..., 2] > 0, points_m[..., 2], np.nan)
    x, y = points_m[..., 0] / z, points_m[..., 1] / z
    terms = np.stack((x, y, np.ones_like(z), 1 / z), axis=-1)
    return np.asarray(terms @ projection.matrix.T, np.float32)


def _usable(
    joints_m: Float[np.ndarray, "*points 3"], pixels: Float[np.ndarray, "*points 2"], camera: str
) -> tuple[Float64[np.ndarray, "n 3"], Float64[np.ndarray, "n 2"]]:
    """(X/Z, Y/Z, 1/Z) and the pixel of every finite point in front of the camera."""
    points = joints_m.reshape(-1, 3).astype(np.float64)
    pixels = pixels.reshape(-1, 2).astype(np.float64)
    finite: Bool[np.ndarray, " n"] = np.isfinite(points).all(1) & np.isfinite(pixels).all(1)
    good = finite & (np.nan_to_num(points[:, 2]) > 0)
    if good.sum() < _FEWEST_POINTS:
        raise CalibrationError(
            f"{camera} camera: {good.sum()} joints with both a position and a pixel, "
            f"expected at least {_FEWEST_POINTS}"
        )
    points = points[good]
    inverse = 1 / points[:, 2:]
    return np.concatenate((points[:, :2] * inverse, inverse), axis=1), pixels[good]


def _require_spread(
    values: Float64[np.ndarray, " n"], least: float, name: str, camera: str
) -> None:
    spread = float(np.percentile(values, 95) - np.percentile(values, 5))
    if spread < least:
        raise CalibrationError(
            f"{camera} camera: {name} of the joints spans only {spread:.4f}, expected at least "
            f"{least}: use joints that lie farther apart, or more frames"
        )


def _robust_fit(
    terms: Float64[np.ndarray, "n k"], values: Float64[np.ndarray, " n"], camera: str
) -> Float64[np.ndarray, " k"]:
    """Least squares with Cauchy weights whose scale follows the median residual."""
    weights = np.ones(len(values))
    for _ in range(50):
        root = np.sqrt(weights)
        fit, _, rank, _ = np.linalg.lstsq(terms * root[:, None], values * root, rcond=1e-10)
        if rank < terms.shape[1]:
            raise CalibrationError(
                f"{camera} camera: the joints do not determine it (rank {rank} of "
                f"{terms.shape[1]}): use joints that lie farther apart, or more frames"
            )
        residual = np.abs(terms @ fit - values)
        scale = max(float(np.median(residual)), 1e-6)
        weights = 1 / (1 + (residual / (2 * scale)) ** 2)
    if scale > _LARGEST_RESIDUAL_PX:
        raise CalibrationError(
            f"{camera} camera: the fit misses the pixels by {scale:.1f} px in the median, expected "
            f"below {_LARGEST_RESIDUAL_PX:g}: are joints in meters, y down, pixels of this camera?"
        )
    return np.asarray(fit)
