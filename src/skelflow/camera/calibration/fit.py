"""Cameras fitted to correspondences: joints in meters and the pixels they were seen at."""

import numpy as np
from jaxtyping import Bool, Float, Float32, Float64

from skelflow.camera.calibration.robust import Equations, consensus, refine
from skelflow.camera.pinhole import magnification
from skelflow.errors import CalibrationError
from skelflow.types import Camera, Projection
from skelflow.wording import counted

_FEWEST_POINTS = 20
_SMALLEST_SPREAD = 0.01  # of X/Z and Y/Z: a person 2 m tall spans 0.5 at 4 m
_SMALLEST_SPREAD_COLOR = 0.002  # of 1/Z: a person 5 cm deep at 4 m
_TOLERANCE_PX = {"depth": 2.0, "color": 6.0}  # what a lens may do to a straight fit on a person


def fit_depth_camera(
    joints_m: Float[np.ndarray, "*points 3"],
    joints_px: Float[np.ndarray, "*points 2"],
    *,
    width: int,
    height: int,
) -> Camera:
    """Intrinsics of the depth camera from joints and their depth pixels: RANSAC, then refined.

    A pinhole camera chooses the points that agree; one focal length and radial distortion take its
    place where they more than halve its residuals, and are monotonic in the whole image.

    Parameters
    ----------
    joints_m : (..., 3), meters, x right, y down, z away; NaN where missing.
    joints_px : (..., 2), pixels (x, y) of the depth image; NaN where missing.
    width, height : pixels, the depth image's size.

    Returns
    -------
    Camera : `skelflow.camera.pinhole.project` says what its numbers mean.

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
    zero, one = np.zeros(len(rays)), np.ones(len(rays))
    straight = Equations(
        _blocks((rays[:, 0], zero, one, zero), (zero, rays[:, 1], zero, one)), pixels, "depth"
    )
    agrees = _agree(straight)
    fit = refine(straight.select(agrees))
    if fit[0] <= 0 or fit[1] <= 0:
        raise CalibrationError(
            f"depth camera: fitted focal lengths ({fit[0]:.1f}, {fit[1]:.1f}) are not positive; "
            "expected joints with x right, y down, z away"
        )
    fx, fy, cx, cy = map(float, fit)
    pinhole = Camera(width, height, fx, fy, cx, cy)
    lens = Equations(_lens_terms(rays), pixels, "depth")
    bent = _refine_if_better(straight.select(agrees), fit, lens.select(agrees))
    if bent is None:
        return pinhole
    focal, *rest, cx, cy = map(float, bent)
    k1, k2, k3 = (k / focal for k in rest)
    camera = Camera(width, height, focal, focal, cx, cy, k1, k2, k3)
    return camera if focal > 0 and _unfolded(camera) else pinhole


def fit_color_projection(
    joints_m: Float[np.ndarray, "*points 3"],
    color_px: Float[np.ndarray, "*points 2"],
    *,
    width: int,
    height: int,
) -> Projection:
    """How depth-camera points land in the color image: RANSAC, then refined.

    A color camera that looks the same way, turned about the optical axis or displaced, chooses
    the points that agree; polynomials of third degree in X/Z and Y/Z, which stand for its tilt
    and its lens, are added where they more than halve its residuals.

    Parameters
    ----------
    joints_m : (..., 3), meters, x right, y down, z away; NaN where missing.
    color_px : (..., 2), pixels (x, y) of the color image; NaN where missing.
    width, height : pixels, the color image's size.

    Returns
    -------
    Projection : see there.

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
    straight = Equations(_both_axes(_straight_terms(rays)), pixels, "color")
    agrees = _agree(straight)
    fit = refine(straight.select(agrees))
    terms = np.concatenate((_straight_terms(rays), _bend_terms(rays)), axis=-1)
    bent = _refine_if_better(
        straight.select(agrees), fit, Equations(_both_axes(terms), pixels, "color").select(agrees)
    )
    if bent is None:
        return Projection(width, height, fit.reshape(2, 4).astype(np.float32))
    both = bent.reshape(2, 11).astype(np.float32)
    return Projection(width, height, both[:, :4].copy(), both[:, 4:].copy())


def fit_color_affine(
    joints_m: Float[np.ndarray, "*points 3"],
    color_px: Float[np.ndarray, "*points 2"],
    *,
    width: int,
    height: int,
) -> Projection:
    """The affine map from depth to color pixels, for joints at one depth: no parallax.

    Parameters, result and errors are those of `fit_color_projection`, but any depths will do.
    """
    rays, pixels = _usable(joints_m, color_px, "color")
    for axis, name in enumerate("XY"):
        _require_spread(rays[:, axis], _SMALLEST_SPREAD, f"{name}/Z", "color")
    flat = Equations(_both_axes(_straight_terms(rays)[:, :3]), pixels, "color")
    fit = refine(flat.select(_agree(flat))).reshape(2, 3)
    return Projection(width, height, np.pad(fit, ((0, 0), (0, 1))).astype(np.float32))


def project_color(
    points_m: Float[np.ndarray, "*points 3"], projection: Projection
) -> Float32[np.ndarray, "*points 2"]:
    """Color pixels (x, y) of depth-camera points; NaN where z <= 0."""
    z = np.where(points_m[..., 2] > 0, points_m[..., 2], np.nan)
    rays = np.stack((points_m[..., 0] / z, points_m[..., 1] / z, 1 / z), axis=-1)
    pixels = _straight_terms(rays) @ projection.matrix.T
    if projection.bend is not None:
        pixels = pixels + _bend_terms(rays) @ projection.bend.T
    return np.asarray(pixels, np.float32)


def _straight_terms(rays: Float[np.ndarray, "*points 3"]) -> Float[np.ndarray, "*points 4"]:
    """(x, y, 1, 1/Z) of (x, y, 1/Z)."""
    x, y, inverse = np.moveaxis(rays, -1, 0)
    return np.stack((x, y, np.ones_like(x), inverse), axis=-1)


def _bend_terms(rays: Float[np.ndarray, "*points 3"]) -> Float[np.ndarray, "*points 7"]:
    """The products of second and third degree."""
    x, y = rays[..., 0], rays[..., 1]
    xx, xy, yy = x * x, x * y, y * y
    return np.stack((xx, xy, yy, xx * x, xx * y, x * yy, yy * y), axis=-1)


def _lens_terms(rays: Float64[np.ndarray, "n 3"]) -> Float64[np.ndarray, "n 2 6"]:
    """Of one focal length f: f, f k1, f k2, f k3, cx, cy."""
    x, y = rays[:, 0], rays[:, 1]
    r2, zero, one = x * x + y * y, np.zeros(len(rays)), np.ones(len(rays))
    rows = [(a, a * r2, a * r2**2, a * r2**3) for a in (x, y)]
    return _blocks((*rows[0], one, zero), (*rows[1], zero, one))


def _blocks(*rows: tuple[Float64[np.ndarray, " n"], ...]) -> Float64[np.ndarray, "n 2 k"]:
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=1)


def _both_axes(terms: Float64[np.ndarray, "n k"]) -> Float64[np.ndarray, "n 2 k2"]:
    """The same terms for u and, with unknowns of its own, for v."""
    none = np.zeros_like(terms)
    first, second = np.concatenate((terms, none), axis=1), np.concatenate((none, terms), axis=1)
    return np.stack((first, second), axis=1)


def _agree(straight: Equations) -> Bool[np.ndarray, " n"]:
    """The points a straight camera explains, or an error when it explains few of them."""
    tolerance = _TOLERANCE_PX[straight.camera]
    agrees = consensus(straight, tolerance_px=tolerance)
    if 2 * agrees.sum() < len(straight):
        residuals = straight.residuals(refine(straight))
        raise CalibrationError(
            f"{straight.camera} camera: the fit misses the pixels by "
            f"{np.median(residuals):.1f} px in the median, expected half of the joints within "
            f"{tolerance:g}: are joints in meters, y down, pixels of this camera?"
        )
    return agrees


def _refine_if_better(
    straight: Equations, fit: Float64[np.ndarray, " k"], richer: Equations
) -> Float64[np.ndarray, " k2"] | None:
    """The richer fit when it halves the residuals of the straight one, else None."""
    try:
        bent = refine(richer)
    except CalibrationError:
        return None
    before, after = (
        float(np.percentile(model.residuals(unknowns), 95))
        for model, unknowns in ((straight, fit), (richer, bent))
    )
    return bent if after < 0.5 * before and before > 1e-3 else None


def _unfolded(camera: Camera) -> bool:
    """Whether radii rise as the lens shows them, as far as the image reaches."""
    corners = [
        (x - camera.cx, y - camera.cy) for x in (0, camera.width) for y in (0, camera.height)
    ]
    farthest = max(np.hypot(x / camera.fx, y / camera.fy) for x, y in corners)
    own = np.linspace(0, 2 * farthest, 2000)
    seen = own * magnification(own**2, camera)
    folds = np.flatnonzero(np.diff(seen) <= 0)
    return bool(seen[folds[0] if folds.size else -1] >= farthest)


def _usable(
    joints_m: Float[np.ndarray, "*points 3"], pixels: Float[np.ndarray, "*points 2"], camera: str
) -> tuple[Float64[np.ndarray, "n 3"], Float64[np.ndarray, "n 2"]]:
    """(X/Z, Y/Z, 1/Z) and the pixel of every finite point in front of the camera."""
    points = joints_m.reshape(-1, 3).astype(np.float64)
    pixels = pixels.reshape(-1, 2).astype(np.float64)
    finite: Bool[np.ndarray, " n"] = np.isfinite(points).all(1) & np.isfinite(pixels).all(1)
    good = finite & (np.nan_to_num(points[:, 2]) > 0)
    if good.sum() < _FEWEST_POINTS:
        found = counted(int(good.sum()), "joint")
        raise CalibrationError(
            f"{camera} camera: {found} with both a position and a pixel, "
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
