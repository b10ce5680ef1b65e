"""Sensor model of a Kinect v2: noise, holes, flying pixels, quantization."""

import cv2
import numpy as np
from jaxtyping import Float32, UInt8, UInt16

from skelflow.types import Color, Depth, Intensity

NEAREST_M, FARTHEST_M = 0.5, 8.0
# Standard deviation over time: base + gain / signal. At a plain wall 4.5 to 5 m away NTU RGB+D has
# 8 mm, at its floor seen under 70 degrees 15 to 20 mm, and beyond about 26 mm nothing at all.
NOISE_BASE_M, NOISE_GAIN_M = 0.0015, 0.00016
LOST_BEYOND_M, LOST_SLOPE_M = 0.026, 0.003
EDGE_SHARE = 0.03  # a step in depth, of the depth
LOST_AT_EDGE, FLYING = 0.35, 0.25  # shares of the pixels at a step
INFRARED_SIGMA, COLOR_SIGMA = 2.5, 2.0  # gray levels
_FAINTEST = 1e-5


def sense_depth(
    depth_m: Depth, signal: Intensity, random: np.random.Generator
) -> UInt16[np.ndarray, "h w"]:
    """Simulate Kinect v2 depth in millimeters; 0 (no surface) stays 0.

    Noise grows as the reflected signal weakens with distance, darkness and slant, until the reading
    is lost. At depth steps a reading lies between near and far (flying pixel) or is lost.

    Parameters
    ----------
    depth_m : (h, w) float32, meters, 0 where there is none.
    signal : (h, w) float32, see `skelflow.synth.rendering.shading.shade_infrared`.
    """
    sigma_m = NOISE_BASE_M + NOISE_GAIN_M / np.maximum(signal, _FAINTEST)
    fate, place = random.random((2, *depth_m.shape), np.float32)
    near, far = _span(depth_m)
    step = far - near > EDGE_SHARE * far
    flying = step & (fate < FLYING)
    seen = np.where(flying, near + place * (far - near), depth_m)
    noisy = seen + sigma_m * random.standard_normal(depth_m.shape, np.float32)
    lost = np.where(step, fate > 1 - LOST_AT_EDGE, fate < _share_lost(sigma_m))
    return to_millimeters(np.where(lost | (depth_m == 0), np.float32(0), noisy))


def to_millimeters(depth_m: Depth) -> UInt16[np.ndarray, "h w"]:
    """Depth in integer millimeters; 0 outside the sensor's range."""
    reached = (depth_m >= NEAREST_M) & (depth_m <= FARTHEST_M)
    return np.asarray(np.where(reached, np.rint(1000 * depth_m), 0), np.uint16)


def sense_infrared(gray: Intensity, random: np.random.Generator) -> UInt8[np.ndarray, "h w"]:
    """Integer gray levels with noise."""
    noise = random.standard_normal(gray.shape, np.float32)
    return to_levels(gray + np.float32(INFRARED_SIGMA) * noise)


def sense_color(color: Color, random: np.random.Generator) -> Color:
    """Color with noise that is correlated between neighbors, as after demosaicing."""
    height, width, _ = color.shape
    noise = random.standard_normal((height, width), np.float32)
    smooth = cv2.blur(noise, (2, 2)) * np.float32(2 * COLOR_SIGMA)
    return np.asarray(np.clip(color + smooth[..., None], 0, 255), np.uint8)


def to_levels(gray: Intensity) -> UInt8[np.ndarray, "h w"]:
    """Integer gray levels."""
    return np.asarray(np.clip(np.rint(gray), 0, 255), np.uint8)


def _share_lost(sigma_m: Float32[np.ndarray, "h w"]) -> Float32[np.ndarray, "h w"]:
    excess = np.clip((sigma_m - LOST_BEYOND_M) / LOST_SLOPE_M, -30, 30)
    return np.asarray(1 / (1 + np.exp(-excess)), np.float32)


def _span(depth_m: Depth) -> tuple[Depth, Depth]:
    """Minimum and maximum depth in each 3 x 3 neighborhood."""
    square = np.ones((3, 3), np.uint8)
    return np.asarray(cv2.erode(depth_m, square)), np.asarray(cv2.dilate(depth_m, square))
