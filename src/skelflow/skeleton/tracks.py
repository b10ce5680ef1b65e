"""Select the tracks of acting people among those a sensor reports."""

import numpy as np
from jaxtyping import Bool, Float32, Float64

from skelflow.types import Joints3D

_SHORTEST = 12  # frames
_WIDEST = 0.8  # x-spread over y-spread of a standing or sitting person
_MOST_FRAMES = 0.69754


def select_bodies(joints_m: Joints3D, *, keep: int = 2) -> tuple[int, ...]:
    """Choose the tracks of people, by motion, most first.

    Tracks shorter than 12 frames and tracks wider than tall (x-spread > 0.8 y-spread in more than
    69.754 % of their frames) are phantoms: furniture or a second reading of the same person. When
    only phantoms are there, the one with the most motion is kept, so that a skeleton is never
    empty while the sensor saw a body.

    Parameters
    ----------
    joints_m : (t, bodies, joints, 3) float32, meters, NaN where missing.
    keep : the largest number of tracks to return.

    Returns
    -------
    Indices on the bodies axis, at most `keep`; empty when no track has a single frame.

    Notes
    -----
    Source: thresholds of the NTU RGB+D preprocessing in Zhang et al., View Adaptive Neural
    Networks, TPAMI 2019, and its successors.
    """
    length = _present(joints_m).sum(axis=0)
    motion = _motion(joints_m)
    by_motion = [int(body) for body in np.argsort(-motion, kind="stable") if length[body] > 0]
    wide = _wide(joints_m)
    people = [body for body in by_motion if length[body] >= _SHORTEST and not wide[body]]
    return tuple((people or by_motion[:1])[:keep])


def _present(joints_m: Joints3D) -> Bool[np.ndarray, "t bodies"]:
    return np.asarray(np.isfinite(joints_m).all(axis=-1).any(axis=-1))


def _motion(joints_m: Joints3D) -> Float64[np.ndarray, " bodies"]:
    """Variance of the joints' positions over time, summed; 0 for an absent body."""
    finite = np.isfinite(joints_m)
    count = np.maximum(finite.sum(axis=0), 1)
    values = np.where(finite, joints_m, 0).astype(np.float64)
    mean = values.sum(axis=0) / count
    square = (np.where(finite, values - mean, 0) ** 2).sum(axis=0) / count
    return np.asarray(square.sum(axis=(-1, -2)))


def _wide(joints_m: Joints3D) -> Bool[np.ndarray, " bodies"]:
    """Whether a track is wider than tall in most of its frames."""
    wide = _spread(joints_m[..., 0]) > _WIDEST * _spread(joints_m[..., 1])
    present = _present(joints_m)
    frames = np.maximum(present.sum(axis=0), 1)
    return np.asarray((wide & present).sum(axis=0) > _MOST_FRAMES * frames)


def _spread(values: Float32[np.ndarray, "t bodies joints"]) -> Float32[np.ndarray, "t bodies"]:
    finite = np.isfinite(values)
    top = np.where(finite, values, -np.inf).max(axis=-1)
    low = np.where(finite, values, np.inf).min(axis=-1)
    return np.where(finite.any(axis=-1), top - low, 0).astype(np.float32)
