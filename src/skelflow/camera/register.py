"""Registration: the color image seen through the depth camera's pixels."""

import cv2
import numpy as np
from jaxtyping import Bool, Float32, UInt8

from skelflow.camera.calibration.fit import project_color
from skelflow.camera.pinhole import unproject
from skelflow.errors import CalibrationError
from skelflow.types import Camera, Color, Depth, Intensity, Projection

_OCCLUSION = 0.03  # a pixel this share of its depth behind another one is hidden by it


def register_color(
    color: UInt8[np.ndarray, "h2 w2 3"],
    depth_m: Depth,
    camera: Camera,
    projection: Projection,
) -> Color:
    """Resample a color image onto the depth image's grid.

    Every depth pixel is carried to the color image through its point in space. A pixel that the
    color camera cannot see because something nearer stands before it (z-buffer) stays 0.

    Parameters
    ----------
    color : (h2, w2, 3) uint8 RGB.
    depth_m : (h, w) float32, meters, 0 = no reading.
    camera : the depth camera.
    projection : from depth-camera points to color pixels.

    Returns
    -------
    (h, w, 3) uint8 RGB; 0 where there is no depth, no color, or the surface is hidden.

    Raises
    ------
    CalibrationError
        An image has another size than its camera.
    """
    _require_size("color image", color.shape[:2], (projection.height, projection.width))
    _require_size("depth image", depth_m.shape, (camera.height, camera.width))
    pixels = project_color(unproject(depth_m, camera), projection)
    scale = abs(float(projection.matrix[0, 0])) / camera.fx
    return resample_color(color, depth_m, pixels, scale=scale)


def resample_color(
    color: UInt8[np.ndarray, "h2 w2 3"],
    depth_m: Depth,
    pixels: Float32[np.ndarray, "h w 2"],
    *,
    scale: float,
) -> Color:
    """Take from a color image what each depth pixel shows.

    Parameters
    ----------
    color : (h2, w2, 3) uint8 RGB.
    depth_m : (h, w) float32, meters, 0 = no reading.
    pixels : (x, y) in `color` of what each depth pixel shows; NaN = nowhere.
    scale : color pixels to a depth pixel.

    Returns
    -------
    See `register_color`.
    """
    seen = (depth_m > 0) & _inside(pixels, color.shape[1], color.shape[0])
    seen &= ~_hidden(pixels, depth_m, seen, 1.5 * max(scale, 1.0))
    smooth = round(scale)  # color pixels to a depth pixel: their mean, against aliasing
    source = cv2.blur(color, (smooth, smooth)) if smooth > 1 else color
    maps = np.where(seen[..., None], pixels, np.float32(0)).astype(np.float32)
    found = cv2.remap(
        source,
        np.ascontiguousarray(maps[..., 0]),
        np.ascontiguousarray(maps[..., 1]),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.where(seen[..., None], found, 0).astype(np.uint8)


def gray(color: Color) -> Intensity:
    """Intensity of a color image: 0.299 R + 0.587 G + 0.114 B, 0..255 (ITU-R BT.601)."""
    return np.asarray(color @ np.array([0.299, 0.587, 0.114], np.float32), np.float32)


def _require_size(what: str, found: tuple[int, ...], expected: tuple[int, int]) -> None:
    if tuple(found) != expected:
        raise CalibrationError(
            f"{what} is {found[1]}x{found[0]}, its camera {expected[1]}x{expected[0]}"
        )


def _inside(
    pixels: Float32[np.ndarray, "h w 2"], width: int, height: int
) -> Bool[np.ndarray, "h w"]:
    """Pixels that fall into the color image; NaN does not."""
    x, y = pixels[..., 0], pixels[..., 1]
    return (x >= -0.5) & (x < width - 0.5) & (y >= -0.5) & (y < height - 0.5)


def _hidden(
    pixels: Float32[np.ndarray, "h w 2"],
    depth_m: Depth,
    seen: Bool[np.ndarray, "h w"],
    cell_px: float,
) -> Bool[np.ndarray, "h w"]:
    """Pixels that share a cell of the color image with a clearly nearer one."""
    cells = np.floor((np.where(seen[..., None], pixels, 0) + 0.5) / cell_px).astype(np.intp)
    width = int(cells[..., 0].max()) + 1
    index = cells[..., 1] * width + cells[..., 0]
    nearest = np.full(int(index.max()) + 1, np.inf, np.float32)
    np.minimum.at(nearest, index[seen], depth_m[seen])
    return np.asarray(seen & (depth_m > (1 + _OCCLUSION) * nearest[index]))
