"""Where an image has less texture than noise, the smooth coarse motion is the better one."""

import cv2
import numpy as np

from skelflow.flow.constants import DEPTH_BAND_M, FAINT
from skelflow.flow.engines.match.image_match import places
from skelflow.flow.state import Field, Motion, PyramidFrame
from skelflow.types import Intensity

WINDOW = 9, 9  # pixels that texture and misfit are means of
GRAY_BAND = np.float32(15)  # gray levels beyond which a residual grows no more
FITS, SLACK = np.float32(1.2), np.float32(0.02)  # how much worse the coarse motion may fit


def prefer_smooth(
    motion: Motion, coarse: Motion, frames: tuple[PyramidFrame, PyramidFrame], noise: float
) -> Motion:
    """Toward the coarse motion where texture is fainter than noise and it fits about as well.

    `noise` is the standard deviation of the image's noise, gray levels.
    """
    texture = local_texture(frames[0].intensity)
    share = texture / (texture + np.float32(FAINT * noise) ** 2 + np.float32(1e-6))
    fits = misfit(coarse, *frames) < FITS * misfit(motion, *frames) + SLACK
    share = np.where(fits, share, np.float32(1))
    return Motion(*(r + share * (f - r) for f, r in zip(motion, coarse, strict=True)))


def local_texture(image: Intensity) -> Field:
    """Mean square of the slope, gray levels a pixel, over 9x9 pixels."""
    x, y = (cv2.Sobel(image, cv2.CV_32F, *axes, scale=1 / 8) for axes in ((1, 0), (0, 1)))
    return np.asarray(cv2.blur(x**2 + y**2, WINDOW), np.float32)


def misfit(motion: Motion, first: PyramidFrame, second: PyramidFrame) -> Field:
    """How badly a motion fits, 0..2: gray and depth residual, each 1 at most, over 9x9 pixels."""
    x, y = places(motion.u, motion.v)
    edge = cv2.BORDER_REPLICATE
    gray = cv2.remap(second.intensity, x, y, cv2.INTER_LINEAR, borderMode=edge)
    z = cv2.remap(second.depth, x, y, cv2.INTER_NEAREST, borderMode=edge)
    off = np.minimum(np.abs(z - first.depth - motion.w) / DEPTH_BAND_M, 1)
    known = (z > 0) & (first.depth > 0)
    cost = np.minimum(np.abs(gray - first.intensity) / GRAY_BAND, 1)
    cost += np.where(known, off, np.float32(0.5))
    return np.asarray(cv2.blur(cost, WINDOW), np.float32)


def image_noise(image: Intensity) -> float:
    """Standard deviation of an image's noise, gray levels, from the flattest fifth of its blocks.

    Source: the mask of Immerkaer, Computer Vision and Image Understanding 64 (2), 1996.
    """
    mask = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32) / 6
    rough = cv2.filter2D(image, cv2.CV_32F, mask)
    blocks = max(1, image.shape[1] // 16), max(1, image.shape[0] // 16)
    squares = cv2.resize(rough * rough, blocks, interpolation=cv2.INTER_AREA)
    return float(np.sqrt(np.percentile(squares, 20)))
