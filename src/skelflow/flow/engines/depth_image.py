"""An image made of depth, for recordings with no other: its relief, or its shading."""

import cv2
import numpy as np

from skelflow.flow.constants import (
    AMBIENT,
    BRIGHTEST,
    DARKEST,
    GAIN,
    MASKED_SHARE,
    MEAN_PX,
    MIDDLE,
    NORMAL_PX,
    SILHOUETTE,
    SOFTEN_PX,
)
from skelflow.flow.engines.despeckle import despeckle
from skelflow.types import Camera, Depth, Intensity


def relief(depth_m: Depth) -> Intensity:
    """Depth minus its local mean as a soft gray image; holes and background are middle gray.

    Parameters
    ----------
    depth_m : (h, w) float32, meters, 0 where there is none.

    Returns
    -------
    (h, w) float32, 0..255.

    Notes
    -----
    Chosen by the error of the flow that images of depth lead to on people with known motion,
    `benchmarks/depth_alone.py`: a black background makes a spike of every hole in noisy depth, a
    stronger relief amplifies the sensor's depth steps, and flying pixels stain their surroundings.
    """
    depth_m = _without_flying(depth_m)
    known = (depth_m > 0).astype(np.float32)
    rows = depth_m.shape[0] / 120
    mean = _masked_mean(depth_m, known, MEAN_PX * rows)
    image = np.clip(MIDDLE + GAIN * (depth_m - mean), DARKEST, BRIGHTEST)
    return _blur(np.where(known > 0, image, np.float32(MIDDLE)), SOFTEN_PX * rows)


def shading(depth_m: Depth, camera: Camera) -> Intensity:
    """Depth as a gray surface with the light at the camera; holes and background are black.

    Parameters
    ----------
    depth_m : (h, w) float32, meters, 0 where there is none.
    camera : of the same size.

    Returns
    -------
    (h, w) float32, 0..255.

    Notes
    -----
    For presets that weigh brightness by local contrast: there the faint shades of a smooth body
    count. Of the images in `benchmarks/depth_alone.py` that also work where the background is
    there, it is among the best; where it is removed, a plain silhouette does better still.
    """
    depth_m = _without_flying(depth_m)
    rows = depth_m.shape[0] / 120
    known = (depth_m > 0).astype(np.float32)
    mean = _masked_mean(depth_m, known, NORMAL_PX * rows)
    slope_x = np.gradient(mean, axis=1) * np.float32(camera.fx)
    slope_y = np.gradient(mean, axis=0) * np.float32(camera.fy)
    length = np.sqrt(slope_x * slope_x + slope_y * slope_y + mean * mean)
    facing = mean / np.maximum(length, np.float32(1e-6))
    image = known * (np.float32(AMBIENT) + np.float32(BRIGHTEST - AMBIENT) * facing)
    return _blur(image, SOFTEN_PX * rows)


def silhouette(depth_m: Depth) -> Intensity:
    """One gray wherever there is depth, 0 elsewhere: for a removed background."""
    return np.where(depth_m > 0, np.float32(SILHOUETTE), np.float32(0))


def is_masked(depth_m: Depth) -> bool:
    """Whether the background was removed: at least half of the pixels have no depth."""
    return bool((depth_m == 0).mean() >= MASKED_SHARE)


def _without_flying(depth_m: Depth) -> Depth:
    cleaned = np.empty_like(depth_m)
    despeckle(depth_m, cleaned, 0, len(depth_m))
    return cleaned


def _masked_mean(depth_m: Depth, known: Depth, sigma: float) -> Depth:
    """Gaussian mean of the pixels that have depth; `depth_m` is 0 at the others."""
    weight = np.maximum(_blur(known, sigma), np.float32(1e-6))
    return np.asarray(_blur(depth_m, sigma) / weight, np.float32)


def _blur(field: Intensity, sigma: float) -> Intensity:
    return np.asarray(cv2.GaussianBlur(field, (0, 0), sigma), np.float32)
