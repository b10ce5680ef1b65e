"""Rotations for many frames at once: from axes, between directions, part of the way."""

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

Turn = Float[np.ndarray, "*#frames 3 3"]  # acts on columns
Vector = Float[np.ndarray, "*#frames 3"]
Number = float | int | np.floating


def unit(vector: Vector) -> Vector:
    """A vector of length 1 in the same direction."""
    return np.asarray(vector / np.linalg.norm(vector, axis=-1, keepdims=True).clip(1e-12))


def rotate(turn: Turn, vector: Vector) -> Vector:
    """A vector after a rotation; frames broadcast."""
    return np.asarray((turn @ np.asarray(vector)[..., None])[..., 0])


def turn_about(rotvec_rad: Vector) -> Turn:
    """The rotation about an axis by its length in radians."""
    rotvec = np.asarray(rotvec_rad, np.float64)
    turned = Rotation.from_rotvec(rotvec.reshape(-1, 3)).as_matrix()
    return np.asarray(turned.reshape(*rotvec.shape, 3))


def axis_of(turn: Turn) -> Vector:
    """The axis of a rotation, as long as its angle in radians."""
    found = Rotation.from_matrix(turn.reshape(-1, 3, 3)).as_rotvec()
    return np.asarray(found.reshape(turn.shape[:-1]))


def inverse(turn: Turn) -> Turn:
    """The rotation back."""
    return np.swapaxes(turn, -1, -2)


def part_way(start: Turn, end: Turn, share: Number | Float[np.ndarray, "*#frames"]) -> Turn:
    """From one rotation toward another along the shortest way; share 0 is the start."""
    way = axis_of(inverse(start) @ end)
    return np.asarray(start @ turn_about(way * np.asarray(share)[..., None]))


def frame_of(direction: Vector, side: Vector) -> Turn:
    """Columns: the direction, what of `side` is square to it, and their cross product."""
    first = unit(direction)
    across = np.cross(first, side)
    third = unit(across)
    return np.stack([first, np.cross(third, first), third], axis=-1)


def between(start: tuple[Vector, Vector], end: tuple[Vector, Vector]) -> Turn:
    """The rotation that takes one pair (direction, side) to another; side gives way."""
    return np.asarray(frame_of(*end) @ inverse(frame_of(*start)))


def twist_about(turn: Turn, axis: Vector) -> Float[np.ndarray, "*#frames"]:
    """By how much a rotation turns about an axis, radians in (-pi, pi]."""
    shape = turn.shape[:-2]
    quaternion = Rotation.from_matrix(turn.reshape(-1, 3, 3)).as_quat().reshape(*shape, 4)
    along = np.einsum("...i,...i", quaternion[..., :3], np.broadcast_to(axis, (*shape, 3)))
    angle = 2 * np.arctan2(along, quaternion[..., 3])
    return np.asarray((angle + np.pi) % (2 * np.pi) - np.pi)
