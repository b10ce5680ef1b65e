"""Augmentation of flow as what it is: motion in meters at places of an image."""

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from skelflow.datasets.loading.augment import FlowAugmentation, turn
from skelflow.flow.encoding import motion_of_colors

COARSE_PX = 4  # sensor noise is alike over about so many pixels of a clip

Motion = Float32[np.ndarray, "l h w 3"]  # share of the color range; x right, y down, z away
Pixels = Float32[np.ndarray, "l bodies joints 2"]


def augment_flow(
    colored: UInt8[np.ndarray, "l h w 3"],
    joints_px: Pixels,
    change: FlowAugmentation,
    random: np.random.Generator,
    *,
    range_m: float,
    companding: float,
) -> tuple[Motion, Pixels]:
    """A randomly changed copy of a clip as the networks read it, and its joints.

    Parameters
    ----------
    colored : the clip's flow; of a square window.
    joints_px : (l, bodies, joints, 2), in its pixels; NaN = missing.
    change : how much of what.
    random : source of all chance.
    range_m, companding : of the colors.

    Returns
    -------
    (l, h, w, 3) float32 in [-1, 1], colors as `to_tensor` scales them, and (l, bodies, joints, 2).
    """
    motion = motion_of_colors(companding)[colored]
    matrix = _place(change, random, side=motion.shape[2])
    motion, joints_px = _move(motion, matrix), _move_joints(joints_px, matrix)
    angle = np.radians(random.uniform(-change.rotate_deg, change.rotate_deg))
    size = np.float32(1 + random.uniform(-change.speed, change.speed))
    motion = motion @ (turn(angle) * size).T
    motion = _add_noise(motion, change.noise_m / range_m, random)
    motion[random.uniform(size=len(motion)) < change.drop] = 0
    shares = np.minimum(np.abs(motion), 1) ** np.float32(companding)
    return np.copysign(shares, motion), joints_px


def _place(
    change: FlowAugmentation, random: np.random.Generator, *, side: int
) -> Float32[np.ndarray, "2 3"]:
    """From a pixel of the clip to its new place: zoom about the middle, then shift."""
    zoom = 1 + random.uniform(-change.zoom, change.zoom)
    x, y = random.uniform(-change.shift, change.shift, 2) * side
    middle = (side - 1) / 2 * (1 - zoom)
    return np.array([[zoom, 0, middle + x], [0, zoom, middle + y]], np.float32)


def _move(motion: Motion, matrix: Float32[np.ndarray, "2 3"]) -> Motion:
    """Each frame at its new place; nothing moves where nothing was."""
    if np.array_equal(matrix, np.eye(2, 3)):
        return motion
    size = motion.shape[2], motion.shape[1]
    return np.stack([cv2.warpAffine(frame, matrix, size) for frame in motion])


def _move_joints(joints_px: Pixels, matrix: Float32[np.ndarray, "2 3"]) -> Pixels:
    return np.asarray(joints_px @ matrix[:, :2].T + matrix[:, 2], np.float32)


def _add_noise(motion: Motion, strength: float, random: np.random.Generator) -> Motion:
    """Smooth noise of a standard deviation, as a share of the range, where anything moves."""
    if not strength:
        return motion
    length, height, width, _ = motion.shape
    rows, columns = -(-height // COARSE_PX), -(-width // COARSE_PX)
    drawn = random.standard_normal((length, rows, columns, 3), np.float32) * np.float32(strength)
    noise = np.stack([cv2.resize(frame, (width, height)) for frame in drawn])
    kept = np.outer(_kept_by_enlarging(rows, height), _kept_by_enlarging(columns, width))
    noise /= kept[..., None]
    return np.asarray(motion + noise * motion.any(axis=-1, keepdims=True), np.float32)


def _kept_by_enlarging(count: int, size: int) -> Float32[np.ndarray, " size"]:
    """Deviation, along one axis, of bilinear means of independent values of deviation 1."""
    weights = cv2.resize(np.eye(count, dtype=np.float32), (count, size))
    return np.asarray(np.linalg.norm(weights, axis=1), np.float32)
