"""Sizes of the pyramid: how many levels, how much padding, the camera at each."""

from typing import Any

import numpy as np

from skelflow.flow.state import Field, PyramidFrame, Resized
from skelflow.types import Camera

COARSEST_ROWS = 15  # the authors' coarsest level is about 15 x 20


def level_count(height: int, width: int) -> int:
    """Pyramid levels whose coarsest is about 15 pixels on the shorter side."""
    return max(1, int(np.floor(np.log2(min(height, width) / COARSEST_ROWS))) + 1)


def padded_size(height: int, width: int, levels: int) -> tuple[int, int]:
    """The next size whose sides are even at every level above the coarsest."""
    unit = 2 ** (levels - 1)
    return height + -height % unit, width + -width % unit


def pad(frame: PyramidFrame, levels: int) -> PyramidFrame:
    """Repeat the last row and column up to `padded_size`."""
    return PyramidFrame(*(pad_field(field, levels) for field in frame))


def pad_field(field: Field, levels: int) -> Resized:
    """`pad` of one field."""
    height, width = field.shape
    tall, wide = padded_size(height, width, levels)
    edges = ((0, tall - height), (0, wide - width))
    return np.ascontiguousarray(np.pad(field, edges, mode="edge"))


def halved_camera(camera: Camera, level: int) -> Camera:
    """The camera `level` steps up the pyramid, principal point as the authors place it."""
    scale = 2.0**level
    return Camera(
        width=max(1, round(camera.width / scale)),
        height=max(1, round(camera.height / scale)),
        fx=camera.fx / scale,
        fy=camera.fy / scale,
        cx=(camera.cx + 0.5) / scale - 0.5,
        cy=(camera.cy + 0.5) / scale - 0.5,
    )


Rays = np.ndarray[Any, np.dtype[np.float32]]


def rays(camera: Camera, field: Field) -> tuple[Rays, Rays]:
    """(x - cx) / fx of every column and (y - cy) / fy of every row of a field."""
    height, width = field.shape
    x = (np.arange(width, dtype=np.float32) - np.float32(camera.cx)) / np.float32(camera.fx)
    y = (np.arange(height, dtype=np.float32) - np.float32(camera.cy)) / np.float32(camera.fy)
    return x, y
