"""Select the tracks of acting people among those a sensor reports."""

import numpy as np
from jaxtyping import Bool, Float32, Float64, Integer
from numpy.lib.stride_tricks import sliding_window_view

from skelflow.types import Joints3D

_SHORTEST = 12  # frames
_WIDEST = 0.8  # x-spread over y-spread of a standing or sitting person
_MOST_FRAMES = 0.69754
_WINDOW = 5  # frames
_FLICKERING = 2  # joints
_FAR_MORE, _STILL_M2 = 4.0, 0.01


def select_bodies(joints_m: Joints3D, *, keep: int = 2) -> tuple[int, ...]:
    """Choose the tracks of people, by motion over the whole recording, most first.

    Tracks shorter than 12 frames, or half of a shorter recording, are phantoms, and so are tracks
    wider than tall (x-spread > 0.8 y-spread in more than 69.754 % of their frames): furniture or
    a second reading of the same person. Arms held out make an actor wide, too; so a wide track
    counts where several of its joints move far more than those of any other. When only phantoms
    are there, the one with the most motion is kept, so that a skeleton is never empty while the
    sensor saw a body.

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
    Networks, TPAMI 2019, and its successors; they drop wide tracks whatever these do.
    """
    length = frames_present(joints_m).sum(axis=0)
    motion = motion_m2(joints_m)
    by_motion = [int(body) for body in np.argsort(-motion, kind="stable") if length[body] > 0]
    wide = _wide(joints_m) & ~_acts(joints_m, length)
    shortest = min(_SHORTEST, len(joints_m) // 2)
    people = [body for body in by_motion if length[body] >= shortest and not wide[body]]
    return tuple((people or by_motion[:1])[:keep])


def frames_present(joints_m: Joints3D) -> Bool[np.ndarray, "t bodies"]:
    """Where a body has a joint."""
    return np.asarray(np.isfinite(joints_m).all(axis=-1).any(axis=-1))


def motion_m2(joints_m: Joints3D) -> Float64[np.ndarray, " bodies"]:
    """Variance of the joints' positions over time, summed, square meters; 0 for an absent body."""
    return np.asarray(_variances(joints_m).sum(axis=-1))


def _acts(
    joints_m: Joints3D, length: Integer[np.ndarray, " bodies"]
) -> Bool[np.ndarray, " bodies"]:
    """Tracks that move by far the most even without the joints that flicker between places."""
    share = length / max(len(joints_m), 1)
    each = np.sort(_variances(_smoothed(joints_m)), axis=-1)[:, :-_FLICKERING]
    motion = each.sum(axis=-1) * share
    rest = [np.delete(motion, body).max(initial=0) for body in range(len(motion))]
    return np.asarray((motion > _FAR_MORE * np.array(rest)) & (motion > _STILL_M2))


def _smoothed(joints_m: Joints3D) -> Float32[np.ndarray, "t2 bodies joints 3"]:
    """Running mean over five frames: a sensor's noise is averaged away, motion is not."""
    if len(joints_m) < _WINDOW:
        return joints_m
    windows = sliding_window_view(joints_m, _WINDOW, axis=0)
    return np.asarray(windows.mean(axis=-1), np.float32)


def _variances(joints_m: Joints3D) -> Float64[np.ndarray, "bodies joints"]:
    finite = np.isfinite(joints_m)
    count = np.maximum(finite.sum(axis=0), 1)
    values = np.where(finite, joints_m, 0).astype(np.float64)
    mean = values.sum(axis=0) / count
    square = (np.where(finite, values - mean, 0) ** 2).sum(axis=0) / count
    return np.asarray(square.sum(axis=-1))


def _wide(joints_m: Joints3D) -> Bool[np.ndarray, " bodies"]:
    """Whether a track is wider than tall in most of its frames."""
    wide = _spread(joints_m[..., 0]) > _WIDEST * _spread(joints_m[..., 1])
    present = frames_present(joints_m)
    frames = np.maximum(present.sum(axis=0), 1)
    return np.asarray((wide & present).sum(axis=0) > _MOST_FRAMES * frames)


def _spread(values: Float32[np.ndarray, "t bodies joints"]) -> Float32[np.ndarray, "t bodies"]:
    finite = np.isfinite(values)
    top = np.where(finite, values, -np.inf).max(axis=-1)
    low = np.where(finite, values, np.inf).min(axis=-1)
    return np.where(finite.any(axis=-1), top - low, 0).astype(np.float32)
