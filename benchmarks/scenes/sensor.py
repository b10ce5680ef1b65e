"""What a Kinect makes of a perfect frame: noise, steps and holes in depth, noise in the image."""

import cv2
import numpy as np
from jaxtyping import Bool, Float

from skelflow.types import Depth, Intensity

Clean = Float[np.ndarray, "h w"]

PIXEL_METERS = 575.0 * 0.075  # focal length (pixels at 640 columns) times baseline (meters)
STEPS_A_PX = 8  # disparity comes in eighths of a pixel
SIGMA_M, SIGMA_AT_M = 0.0015, 2.0  # noise, growing with the square of the distance
NEAREST_M = 0.1
EDGE_M = 0.05
LOST_AT_EDGE, LOST_ANYWHERE = 0.5, 0.003
IMAGE_SIGMA = 2.0  # gray levels


def sense_depth(
    depth_m: Clean, rng: np.random.Generator, *, edge: Bool[np.ndarray, "h w"] | None = None
) -> Depth:
    """Depth as a Kinect would give it; 0 stays 0.

    Gauss 1.5 mm at 2 m, growing with the square of the distance; disparity in eighths of a pixel;
    half the pixels at depth edges lost and 0.3 % of all others.

    Parameters
    ----------
    depth_m : (h, w), meters, 0 where there is none.
    edge : (h, w) bool
        Pixels at depth edges; by default those within whose 3x3 neighborhood depth differs by
        more than 5 cm.

    Examples
    --------
    >>> wall = np.full((4, 4), 2.0, np.float32)
    >>> bool(np.abs(sense_depth(wall, np.random.default_rng(0), edge=wall < 0) - 2).max() < 0.02)
    True
    """
    noise = rng.normal(size=depth_m.shape) * SIGMA_M * (depth_m / SIGMA_AT_M) ** 2
    z = np.maximum(depth_m + noise, NEAREST_M)
    z = PIXEL_METERS / (np.round(STEPS_A_PX * PIXEL_METERS / z) / STEPS_A_PX)
    if edge is None:
        edge = _find_edges(depth_m)
    lost = rng.random(depth_m.shape) < np.where(edge, LOST_AT_EDGE, LOST_ANYWHERE)
    return np.where((depth_m == 0) | lost, 0, z).astype(np.float32)


def sense_intensity(intensity: Clean, rng: np.random.Generator) -> Intensity:
    """An image with Gaussian noise of two gray levels, in whole levels as cameras give them."""
    noisy = intensity + IMAGE_SIGMA * rng.normal(size=intensity.shape)
    return np.clip(np.rint(noisy), 0, 255).astype(np.float32)


def _find_edges(depth_m: Clean) -> Bool[np.ndarray, "h w"]:
    square = np.ones((3, 3), np.uint8)
    return np.asarray(cv2.dilate(depth_m, square) - cv2.erode(depth_m, square) > EDGE_M)
