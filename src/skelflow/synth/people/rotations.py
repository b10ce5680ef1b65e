"""Batched rotation matrices: rotation vectors, interpolation, alignment, twist."""

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

RotationMatrix = Float[np.ndarray, "*#frames 3 3"]  # acts on columns
Vector = Float[np.ndarray, "*#frames 3"]
Number = float | int | np.floating


def unit(vector: Vector) -> Vector:
    """Normalize a vector to length 1."""
    return np.asarray(vector / np.linalg.norm(vector, axis=-1, keepdims=True).clip(1e-12))


def rotate(rotation: RotationMatrix, vector: Vector) -> Vector:
    """Rotate vectors; leading axes broadcast."""
    return np.asarray((rotation @ np.asarray(vector)[..., None])[..., 0])


def from_rotvec(rotvec_rad: Vector) -> RotationMatrix:
    """Rotation matrix of a rotation vector in radians."""
    rotvec = np.asarray(rotvec_rad, np.float64)
    turned = Rotation.from_rotvec(rotvec.reshape(-1, 3)).as_matrix()
    return np.asarray(turned.reshape(*rotvec.shape, 3))


def to_rotvec(rotation: RotationMatrix) -> Vector:
    """Rotation vector in radians of a rotation matrix."""
    found = Rotation.from_matrix(rotation.reshape(-1, 3, 3)).as_rotvec()
    return np.asarray(found.reshape(rotation.shape[:-1]))


def inverse(rotation: RotationMatrix) -> RotationMatrix:
    """The inverse rotation."""
    return np.swapaxes(rotation, -1, -2)


def slerp(
    start: RotationMatrix, end: RotationMatrix, share: Number | Float[np.ndarray, "*#frames"]
) -> RotationMatrix:
    """Spherical linear interpolation; `share` 0 gives the start, 1 the end."""
    way = to_rotvec(inverse(start) @ end)
    return np.asarray(start @ from_rotvec(way * np.asarray(share)[..., None]))


def orthonormal_frame(direction: Vector, side: Vector) -> RotationMatrix:
    """Right-handed frame; columns: direction, `side` orthogonalized to it, cross product."""
    first = unit(direction)
    across = np.cross(first, side)
    third = unit(across)
    return np.stack([first, np.cross(third, first), third], axis=-1)


def rotation_between(start: tuple[Vector, Vector], end: tuple[Vector, Vector]) -> RotationMatrix:
    """Rotation that maps one (direction, side) pair to another; directions match exactly."""
    return np.asarray(orthonormal_frame(*end) @ inverse(orthonormal_frame(*start)))


def twist_angle(rotation: RotationMatrix, axis: Vector) -> Float[np.ndarray, "*#frames"]:
    """Twist angle of a rotation about an axis (swing-twist decomposition), radians in (-pi, pi]."""
    shape = rotation.shape[:-2]
    quaternion = Rotation.from_matrix(rotation.reshape(-1, 3, 3)).as_quat().reshape(*shape, 4)
    along = np.einsum("...i,...i", quaternion[..., :3], np.broadcast_to(axis, (*shape, 3)))
    angle = 2 * np.arctan2(along, quaternion[..., 3])
    return np.asarray((angle + np.pi) % (2 * np.pi) - np.pi)
