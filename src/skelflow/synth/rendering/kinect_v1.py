"""Sensor model of a Kinect v1's depth: steps of disparity, their noise, the projector's shadow."""

import cv2
import numpy as np
from jaxtyping import Bool, Float32, UInt16

from skelflow.synth.rendering.kinect import to_millimeters
from skelflow.types import Depth

# UTD-MHAD's depth comes in steps of this times the squared distance. On people who stand, 78 % of
# its pixels are the same in the next frame, 21 % are a step off, and the changes of neighbors
# correlate by 0.44; this noise gives 77 %, 23 % and 0.42 (tests/synth/test_kinect_v1.py).
STEP_PER_M = 2.9e-3
NOISE_STEPS, CORRELATED_PX = 0.2, 3  # standard deviation, side of the square it is averaged over
BASELINE_M = 0.075  # from the camera to the projector


def sense_depth(
    depth_m: Depth, random: np.random.Generator, *, focal_px: float, mirrored: bool
) -> UInt16[np.ndarray, "h w"]:
    """Simulate Kinect v1 depth in millimeters; 0 (no surface) stays 0.

    Depth comes in steps that grow with the squared distance, 24 mm at 2.9 m. What the projector
    does not light has no reading: a strip beside whatever stands before something else.

    Parameters
    ----------
    depth_m : (h, w) float32, meters, 0 where there is none.
    focal_px : of the image, horizontally.
    mirrored : the image is mirrored; shadows then fall to the left, else to the right.

    Notes
    -----
    Source: Khoshelham and Elberink, Accuracy and Resolution of Kinect Depth Data, Sensors 2012, for
    the steps and that noise is of disparity; its size is UTD-MHAD's.
    """
    near = np.divide(1, depth_m, out=np.zeros_like(depth_m), where=depth_m > 0)
    steps = np.rint(near / np.float32(STEP_PER_M) + _noise(depth_m.shape, random))
    seen = (depth_m > 0) & ~_in_shadow(near, focal_px * BASELINE_M, mirrored=mirrored)
    read_m = 1 / (np.float32(STEP_PER_M) * np.maximum(steps, 1))
    return to_millimeters(np.where(seen, read_m, np.float32(0)))


def _noise(shape: tuple[int, ...], random: np.random.Generator) -> Float32[np.ndarray, "h w"]:
    """Noise of disparity in steps."""
    white = random.standard_normal(shape, np.float32)
    side = CORRELATED_PX
    return np.asarray(cv2.blur(white, (side, side)) * np.float32(side * NOISE_STEPS))


def _in_shadow(near: Depth, shift: float, *, mirrored: bool) -> Bool[np.ndarray, "h w"]:
    """Where something else is in the projector's way, by the projector's column of every pixel.

    Parameters
    ----------
    near : 1 / depth, 0 where there is no surface.
    shift : columns by which the projector sees a point aside, times its depth.
    """
    if not mirrored:
        return _in_shadow(near[:, ::-1], shift, mirrored=True)[:, ::-1]
    column = np.arange(near.shape[1], dtype=np.float32) - np.float32(shift) * near
    first = np.minimum.accumulate(column[:, ::-1], axis=1)[:, ::-1]
    return np.asarray(column > first)
