"""Where an image has less texture than noise, the smooth coarse motion is the better one."""

import cv2
import numpy as np

from skelflow.flow.constants import DEPTH_BAND_M, FAINT
from skelflow.flow.engines.match.image_match import Mask, places
from skelflow.flow.engines.match.surfaces import surface_means
from skelflow.flow.state import Field, Motion, PyramidFrame
from skelflow.types import Depth, Intensity

WINDOW = 9, 9  # pixels that the misfit is a mean of
TEXTURE_PX = 4.0  # reach of the mean that texture is
LEAST = np.float32(1e-2)  # share of pixels off any edge, below which a surface is all edge
NOISE_SLOPE = 0.0854  # mean square slope of noise of deviation 1 after the solver's 3x3 binomial
GRAY_BAND = np.float32(15)  # gray levels beyond which a residual grows no more
FITS, SLACK = np.float32(1.2), np.float32(0.02)  # how much worse the coarse motion may fit


def prefer_smooth(
    motion: Motion,
    coarse: Motion,
    frames: tuple[PyramidFrame, PyramidFrame],
    depth: Depth,
    noise: float,
) -> Motion:
    """Toward the coarse motion where texture is fainter than noise and it fits about as well.

    `depth` is that of the first frame, without holes; `noise` is the standard deviation of the
    image's noise, gray levels.
    """
    texture = surface_texture(frames[0].intensity, depth, noise)
    share = texture / (texture + np.float32(FAINT * noise) ** 2 + np.float32(1e-6))
    fits = misfit(coarse, *frames) < FITS * misfit(motion, *frames) + SLACK
    share = np.where(fits, share, np.float32(1))
    return Motion(*(r + share * (f - r) for f, r in zip(motion, coarse, strict=True)))


def surface_texture(image: Intensity, depth: Depth, noise: float) -> Field:
    """Mean square of the slope on each pixel's own surface, beyond what noise alone makes.

    The edge of a surface before another is no texture of either: it moves with the nearer one,
    whatever the other does. Where a surface is too narrow to have anything but edges, they count.
    """
    x, y = (cv2.Sobel(image, cv2.CV_32F, *axes, scale=1 / 8) for axes in ((1, 0), (0, 1)))
    square = x**2 + y**2
    inner = 1 - find_edges(depth).astype(np.float32)
    total, mean = surface_means((inner, square * inner), depth, TEXTURE_PX)
    texture = np.where(total > LEAST, mean / np.maximum(total, LEAST), square)
    return np.maximum(texture - np.float32(NOISE_SLOPE * noise**2), np.float32(0))


def find_edges(depth: Depth) -> Mask:
    """Pixels within two of a step in depth."""
    near = np.ones((3, 3), np.uint8)
    farthest = np.maximum(cv2.dilate(depth, near) - depth, depth - cv2.erode(depth, near))
    return cv2.dilate((farthest > DEPTH_BAND_M).astype(np.uint8), near) > 0


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
