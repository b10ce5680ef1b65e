"""Linear blend skinning."""

from typing import no_type_check

import numpy as np
from jaxtyping import Float32, UInt8

from skelflow.flow.engines.jit import compiled


def skin_points(
    rest_m: Float32[np.ndarray, "points 3"],
    bone: UInt8[np.ndarray, "points 4"],
    weight: Float32[np.ndarray, "points 4"],
    motions: Float32[np.ndarray, "bones 3 4"],
) -> Float32[np.ndarray, "points 3"]:
    """Deform points by linear blend skinning.

    Parameters
    ----------
    rest_m : (points, 3) float32, meters
    bone, weight : (points, 4), bone indices of each point and their weights, which sum to 1.
    motions : (bones, 3, 4) float32
        Transform of each bone, applied to rest points (x, y, z, 1).

    Examples
    --------
    >>> still = np.eye(3, 4, dtype=np.float32)[None]
    >>> bone, weight = np.zeros((1, 4), np.uint8), np.eye(1, 4, dtype=np.float32)
    >>> skin_points(np.ones((1, 3), np.float32), bone, weight, still)
    array([[1., 1., 1.]], dtype=float32)
    """
    return np.asarray(_skin(rest_m, bone, weight, motions))


@compiled
@no_type_check
def _skin(rest, bone, weight, motions):
    moved = np.zeros_like(rest)
    for n in range(rest.shape[0]):
        x, y, z = rest[n, 0], rest[n, 1], rest[n, 2]
        for k in range(bone.shape[1]):
            w = weight[n, k]
            if w == 0:
                break
            m = motions[bone[n, k]]
            for axis in range(3):
                moved[n, axis] += w * (
                    m[axis, 0] * x + m[axis, 1] * y + m[axis, 2] * z + m[axis, 3]
                )
    return moved
