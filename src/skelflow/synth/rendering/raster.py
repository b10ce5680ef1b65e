"""Rasterizer with a z-buffer: the visible triangle and barycentric weights of every pixel."""

from dataclasses import dataclass
from typing import Any, no_type_check

import numpy as np
from jaxtyping import Float32, Int32

from skelflow.errors import ConfigError
from skelflow.flow.engines.jit import compiled
from skelflow.types import Camera, Depth

NEAREST_M = 0.05  # near clipping plane
NOTHING = -1
_ROUNDING = 1e-9  # tolerance of barycentric coordinates over depth; avoids cracks between neighbors


@dataclass(frozen=True)
class Raster:
    """The visible surface at the center of every pixel.

    Parameters
    ----------
    depth_m : (h, w) float32, meters along the optical axis, 0 where there is no surface.
    face : (h, w) int32, index of the triangle, -1 where there is none.
    weights : (h, w, 3) float32
        Perspective-correct barycentric coordinates of the pixel's point.
    """

    depth_m: Depth
    face: Int32[np.ndarray, "h w"]
    weights: Float32[np.ndarray, "h w 3"]


def rasterize(
    points_m: Float32[np.ndarray, "points 3"],
    faces: Int32[np.ndarray, "faces 3"],
    *,
    camera: Camera,
) -> Raster:
    """Rasterize two-sided triangles for a pinhole camera.

    Pixel rays are intersected with the triangles' planes, so triangles may reach behind the camera.

    Parameters
    ----------
    points_m : (points, 3), meters in the camera's frame: x right, y down, z away.
    faces : (faces, 3), three point indices each.
    camera : without lens distortion; pixel centers lie at integers.

    Raises
    ------
    ConfigError
        The camera's lens distorts.

    Notes
    -----
    Source: Olano and Greer, Triangle Scan Conversion using 2D Homogeneous Coordinates, 1997.

    Examples
    --------
    >>> corners = np.float32([[-9, -9, 2], [9, -9, 2], [0, 9, 2]])
    >>> raster = rasterize(corners, np.int32([[0, 1, 2]]), camera=Camera(5, 3, 4.0, 4.0, 2.0, 1.0))
    >>> float(raster.depth_m[1, 2]), int(raster.face[1, 2])
    (2.0, 0)
    """
    if any(camera.distortion):
        raise ConfigError(f"rasterize: needs a lens without distortion, found {camera.distortion}")
    shape = camera.height, camera.width
    depth_m = np.full(shape, np.inf, np.float32)
    face = np.full(shape, NOTHING, np.int32)
    weights = np.zeros((*shape, 3), np.float32)
    lens = np.array([camera.fx, camera.fy, camera.cx, camera.cy])
    _draw(points_m, faces, lens, depth_m, face, weights)
    depth_m[face == NOTHING] = 0
    return Raster(depth_m, face, weights)


@compiled
@no_type_check
def _draw(points: Any, faces: Any, lens: Any, depth: Any, face: Any, weights: Any) -> None:
    """Draw every triangle within its bounding box."""
    inverse = np.empty((3, 3))
    for number in range(faces.shape[0]):
        a, b, c = points[faces[number, 0]], points[faces[number, 1]], points[faces[number, 2]]
        if max(a[2], b[2], c[2]) <= NEAREST_M or not _invert(a, b, c, inverse):
            continue
        left, right = _pixel_range(a, b, c, 0, lens[0], lens[2], depth.shape[1])
        top, bottom = _pixel_range(a, b, c, 1, lens[1], lens[3], depth.shape[0])
        for y in range(top, bottom):
            _draw_row(number, inverse, y, left, right, lens, depth[y], face[y], weights[y])


@compiled
@no_type_check
def _draw_row(
    number: Any,
    inverse: Any,
    y: Any,
    left: Any,
    right: Any,
    lens: Any,
    depth: Any,
    face: Any,
    weights: Any,
) -> None:
    """Draw a triangle into the pixels of one row that it covers and where it is nearest."""
    down = (y - lens[3]) / lens[1]
    p0 = inverse[0, 1] * down + inverse[0, 2]
    q0 = inverse[1, 1] * down + inverse[1, 2]
    r0 = inverse[2, 1] * down + inverse[2, 2]
    for x in range(left, right):
        across = (x - lens[2]) / lens[0]
        p = inverse[0, 0] * across + p0
        q = inverse[1, 0] * across + q0
        r = inverse[2, 0] * across + r0
        if p >= -_ROUNDING and q >= -_ROUNDING and r >= -_ROUNDING:
            total = p + q + r
            if total * NEAREST_M < 1 and total * depth[x] > 1:
                z = 1 / total
                depth[x], face[x] = z, number
                weights[x, 0], weights[x, 1], weights[x, 2] = p * z, q * z, r * z


@compiled
@no_type_check
def _invert(a: Any, b: Any, c: Any, inverse: Any) -> Any:
    """The inverse of the matrix with columns a, b, c: a ray times it is weights over depth."""
    ax, ay, az = np.float64(a[0]), np.float64(a[1]), np.float64(a[2])
    bx, by, bz = np.float64(b[0]), np.float64(b[1]), np.float64(b[2])
    cx, cy, cz = np.float64(c[0]), np.float64(c[1]), np.float64(c[2])
    ux, uy, uz = by * cz - bz * cy, bz * cx - bx * cz, bx * cy - by * cx
    volume = ax * ux + ay * uy + az * uz
    if volume == 0:
        return False
    inverse[0, 0], inverse[0, 1], inverse[0, 2] = ux / volume, uy / volume, uz / volume
    inverse[1, 0] = (cy * az - cz * ay) / volume
    inverse[1, 1] = (cz * ax - cx * az) / volume
    inverse[1, 2] = (cx * ay - cy * ax) / volume
    inverse[2, 0] = (ay * bz - az * by) / volume
    inverse[2, 1] = (az * bx - ax * bz) / volume
    inverse[2, 2] = (ax * by - ay * bx) / volume
    return True


@compiled
@no_type_check
def _pixel_range(a: Any, b: Any, c: Any, axis: Any, focal: Any, center: Any, size: Any) -> Any:
    """Bounding interval along an axis, end excluded; all if a corner is behind the camera."""
    if min(a[2], b[2], c[2]) <= NEAREST_M:
        return 0, size
    p = focal * a[axis] / a[2] + center
    q = focal * b[axis] / b[2] + center
    r = focal * c[axis] / c[2] + center
    low, high = min(p, q, r), max(p, q, r)
    if high < -1 or low > size:
        return 0, 0
    return max(0, int(np.floor(low))), min(size, int(np.ceil(high)) + 1)


@compiled
@no_type_check
def cross_edges(a: Any, b: Any, c: Any) -> Any:
    """The normal of a triangle, twice its area long; outward from counterclockwise corners."""
    ux, uy, uz = b[0] - a[0], b[1] - a[1], b[2] - a[2]
    vx, vy, vz = c[0] - a[0], c[1] - a[1], c[2] - a[2]
    return uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
