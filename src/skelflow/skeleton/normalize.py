"""Origin and extrema of skeleton sequences, for normalizing the networks' input."""

from collections.abc import Iterable

import numpy as np
from jaxtyping import Float32

from skelflow.errors import DataError
from skelflow.types import Joints3D

Point = Float32[np.ndarray, "3"]


def root_origin(joints_m: Joints3D, *, root: int) -> Point:
    """The root joint of the first body that has one, in its first valid frame.

    Parameters
    ----------
    joints_m : (t, bodies, joints, 3) float32, meters, NaN = missing.
    root : index of the joint the body hangs on.

    Returns
    -------
    (3,) float32, meters; zeros where no frame has a root.
    """
    roots = joints_m[:, :, root].swapaxes(0, 1).reshape(-1, 3)
    valid = roots[np.isfinite(roots).all(axis=-1)]
    return valid[0] if len(valid) else np.zeros(3, np.float32)


def joint_extrema(sequences: Iterable[Joints3D], *, root: int | None = None) -> tuple[Point, Point]:
    """Smallest and largest coordinate of each axis over all valid joints of many sequences.

    Parameters
    ----------
    sequences : arrays (t, bodies, joints, 3) float32, meters, NaN = missing.
    root : index of the root joint; when given, every sequence is moved to its `root_origin` first.

    Returns
    -------
    low, high : (3,) float32, meters.

    Raises
    ------
    DataError
        No sequence has a valid joint.

    Examples
    --------
    >>> low, high = joint_extrema([np.float32([[[[0, 1, 2], [4, 3, 2]]]])])
    >>> low.tolist(), high.tolist()
    ([0.0, 1.0, 2.0], [4.0, 3.0, 2.0])
    """
    low, high = np.full(3, np.inf, np.float32), np.full(3, -np.inf, np.float32)
    for joints_m in sequences:
        origin = 0.0 if root is None else root_origin(joints_m, root=root)
        points = joints_m[np.isfinite(joints_m).all(axis=-1)] - origin
        low = np.minimum(low, points.min(axis=0, initial=np.inf)).astype(np.float32)
        high = np.maximum(high, points.max(axis=0, initial=-np.inf)).astype(np.float32)
    if not np.isfinite(low).all():
        raise DataError(
            "no valid joint in the sequences the normalization is fitted to; "
            "check that the training split has skeletons"
        )
    return low, high
