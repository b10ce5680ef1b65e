"""An image made of depth, for recordings with no other: what stands out of its surroundings."""

import cv2
import numpy as np

from skelflow.types import Depth, Intensity

MEAN_PX = 6.0  # reach of the local mean, at 120 rows; grows with the image
SOFTEN_PX = 0.75  # blur of the finished image, at 120 rows
GAIN = 300.0  # gray levels per meter of relief
MIDDLE = 110.0  # what is as deep as its surroundings, and what has no depth
DARKEST, BRIGHTEST = 20.0, 255.0


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
    Chosen among 37 images by the error of the flow they lead to on a moving person with known
    motion, `benchmarks/depth_alone.py`: a black background makes a spike of every hole in noisy
    depth, a stronger relief amplifies the sensor's depth steps.
    """
    known = (depth_m > 0).astype(np.float32)
    rows = depth_m.shape[0] / 120
    weight = np.maximum(_blur(known, MEAN_PX * rows), np.float32(1e-6))
    mean = _blur(depth_m, MEAN_PX * rows) / weight
    image = np.clip(MIDDLE + GAIN * (depth_m - mean), DARKEST, BRIGHTEST)
    return _blur(np.where(known > 0, image, np.float32(MIDDLE)), SOFTEN_PX * rows)


def _blur(field: Intensity, sigma: float) -> Intensity:
    return np.asarray(cv2.GaussianBlur(field, (0, 0), sigma), np.float32)
