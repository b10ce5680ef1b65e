"""The image in which people are looked for: color, infrared, or a painting of the depth."""

import cv2
import numpy as np

from skelflow.camera.register import register_color
from skelflow.types import Camera, Color, Depth, Intensity, Recording

NEAR = np.array((224, 172, 140), np.float32)  # RGB of lit surfaces: of skin
FAR = np.array((90, 110, 140), np.float32)  # a dull blue
BEHIND = np.array((128, 128, 128), np.float32)  # RGB where there is no depth
SHARES = (2, 98)  # percentiles of depth that the colors span
SHORTEST_SPAN_M = 0.3
AMBIENT = 0.35  # share of the light that comes from everywhere
LAMP = np.array((-0.2, -0.5, -0.8)) / np.linalg.norm((-0.2, -0.5, -0.8))  # where it stands


def picture_source(recording: Recording) -> str:
    """What of a recording shows people best: "color", "infrared" or "depth"."""
    if recording.color is not None:
        return "color"
    return "depth" if recording.infrared is None else "infrared"


def picture(recording: Recording, t: int, depth_m: Depth, source: str) -> Color:
    """Frame t as an RGB image in the depth image's pixels.

    Parameters
    ----------
    depth_m : of that frame.
    source : as `picture_source` says, or another one that is there.
    """
    if source == "color" and recording.color is not None:
        color, projection = recording.color[t], recording.color_projection
        if projection is None:
            return color
        return register_color(color, depth_m, recording.camera, projection)
    if source == "infrared" and recording.infrared is not None:
        return gray_picture(recording.infrared[t])
    return paint_depth(depth_m, recording.camera)


def gray_picture(infrared: Intensity) -> Color:
    """Gray levels 0..255 as an RGB image."""
    return np.repeat(infrared.clip(0, 255).astype(np.uint8)[..., None], 3, axis=2)


def paint_depth(depth_m: Depth, camera: Camera) -> Color:
    """Depth as lit surfaces, those near the color of skin and those far blue; gray without depth.

    Notes
    -----
    Of nine paintings (gray or colored, by distance or not, three backgrounds) the one in which
    BlazePose found people most often: on UTD-MHAD's training subjects and in synthetic rooms.
    """
    known = depth_m > 0
    if not known.any():
        return np.full((*depth_m.shape, 3), BEHIND, np.uint8)
    low, high = np.percentile(depth_m[known], SHARES)
    far = ((depth_m - low) / max(high - low, SHORTEST_SPAN_M)).clip(0, 1)[..., None]
    surface = (1 - far) * NEAR + far * FAR
    painted = _shade(depth_m, camera)[..., None] * surface
    return np.where(known[..., None], painted, BEHIND).astype(np.uint8)


def _shade(depth_m: Depth, camera: Camera) -> Depth:
    """How brightly the lamp lights each surface, in [0, 1]."""
    weight = np.maximum(_blur((depth_m > 0).astype(np.float32)), np.float32(1e-6))
    mean = np.maximum(_blur(depth_m) / weight, np.float32(1e-3))
    slope_x = np.gradient(mean, axis=1) * np.float32(camera.fx) / mean
    slope_y = np.gradient(mean, axis=0) * np.float32(camera.fy) / mean
    toward = -slope_x * LAMP[0] - slope_y * LAMP[1] - LAMP[2]
    lit = (toward / np.sqrt(slope_x**2 + slope_y**2 + 1)).clip(0, 1)
    return np.asarray(AMBIENT + (1 - AMBIENT) * lit, np.float32)


def _blur(image: Depth) -> Depth:
    return np.asarray(cv2.GaussianBlur(image, (0, 0), 1.0), np.float32)
