"""An image made of depth, for recordings that have no other: what stands out of its surroundings."""

import cv2
import numpy as np

from skelflow.types import Depth, Intensity

BLUR_PX = 6.0  # at 120 rows; grows with the image
GAIN = 900.0  # gray levels per meter of relief
MIDDLE = 110.0
DARKEST, BRIGHTEST = 20.0, 255.0


def relief(depth_m: Depth) -> Intensity:
    """Depth minus its local mean as a gray image; the background is black.

    Parameters
    ----------
    depth_m : (h, w) float32, meters, 0 where there is none.

    Returns
    -------
    (h, w) float32, 0..255.
    """
    known = (depth_m > 0).astype(np.float32)
    sigma = BLUR_PX * depth_m.shape[0] / 120
    total = cv2.GaussianBlur(depth_m, (0, 0), sigma, borderType=cv2.BORDER_REFLECT)
    weight = cv2.GaussianBlur(known, (0, 0), sigma, borderType=cv2.BORDER_REFLECT)
    mean = total / np.maximum(weight, np.float32(1e-6))
    image = np.clip(MIDDLE + GAIN * (depth_m - mean), DARKEST, BRIGHTEST)
    return np.asarray(image * known, np.float32)
