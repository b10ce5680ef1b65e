"""Images of a camera with more pixels an angle, reduced to what a store or network knows."""

from dataclasses import replace

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from skelflow.types import Camera, Color, Depth, Intensity, Recording, Skeleton

_NEARLY = 0.1  # a camera this much short of so many pixels an angle has them

Reduced = Float32[np.ndarray, "h2 w2"]


def times_finer(camera: Camera, focal_px: float | None) -> int:
    """How many whole times as many pixels a camera has along an angle as one of `focal_px`; >= 1.

    Examples
    --------
    >>> times_finer(Camera(640, 480, 525, 525, 319.5, 239.5), 260.0)
    2
    """
    return 1 if focal_px is None else max(1, int(camera.fx / focal_px * (1 + _NEARLY)))


def reduce_images(recording: Recording, factor: int) -> Recording:
    """The recording with one pixel for each block of `factor` x `factor`; frames stay lazy.

    Depth takes the lower median of a block's readings, which is one of them, so that no reading
    comes to lie between two surfaces; images on its grid take the mean. Columns and rows that fill
    no block are left out.

    Parameters
    ----------
    recording : of any camera.
    factor : 1 = as it is.
    """
    if factor == 1:
        return recording
    color, infrared, skeleton = recording.color, recording.infrared, recording.skeleton
    if color is not None and recording.color_projection is None:
        color = color.map(lambda image: _reduce_color(image, factor))
    if infrared is not None:
        infrared = infrared.map(lambda image: _reduce_gray(image, factor))
    return replace(
        recording,
        camera=_reduced_camera(recording.camera, factor),
        depth=recording.depth.map(lambda depth: reduce_depth(depth, factor)),
        color=color,
        infrared=infrared,
        skeleton=None if skeleton is None else _reduced_skeleton(skeleton, factor),
    )


def reduce_depth(depth_m: Depth, factor: int) -> Reduced:
    """The lower median of the readings of each block, 0 where a block has none; meters.

    Examples
    --------
    >>> reduce_depth(np.array([[0, 2], [2, 3]], np.float32), 2)
    array([[2.]], dtype=float32)
    """
    height, width = depth_m.shape[0] // factor, depth_m.shape[1] // factor
    blocks = depth_m[: height * factor, : width * factor].reshape(height, factor, width, factor)
    readings = blocks.transpose(0, 2, 1, 3).reshape(height, width, factor * factor)
    ranked = np.sort(np.where(readings > 0, readings, np.inf), axis=-1)
    middle = np.maximum((readings > 0).sum(axis=-1) - 1, 0) // 2
    found = np.take_along_axis(ranked, middle[..., None], axis=-1)[..., 0]
    return np.where(np.isfinite(found), found, 0).astype(np.float32)


def _reduce_gray(image: Intensity, factor: int) -> Reduced:
    size = image.shape[1] // factor, image.shape[0] // factor
    whole = image[: size[1] * factor, : size[0] * factor]
    return np.asarray(cv2.resize(whole, size, interpolation=cv2.INTER_AREA), np.float32)


def _reduce_color(image: Color, factor: int) -> UInt8[np.ndarray, "h2 w2 3"]:
    planes = [_reduce_gray(image[..., i].astype(np.float32), factor) for i in range(3)]
    return np.asarray(np.rint(np.stack(planes, axis=-1)), np.uint8)


def _reduced_camera(camera: Camera, factor: int) -> Camera:
    return replace(
        camera,
        width=camera.width // factor,
        height=camera.height // factor,
        fx=camera.fx / factor,
        fy=camera.fy / factor,
        cx=(camera.cx + 0.5) / factor - 0.5,
        cy=(camera.cy + 0.5) / factor - 0.5,
    )


def _reduced_skeleton(skeleton: Skeleton, factor: int) -> Skeleton:
    half = np.float32(0.5)
    return replace(skeleton, joints_px=(skeleton.joints_px + half) / np.float32(factor) - half)
