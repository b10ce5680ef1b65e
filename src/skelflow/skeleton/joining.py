"""Join the tracks of a person whom the sensor lost and found again."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float32, Float64, Shaped

from skelflow.skeleton.tracks import frames_present
from skelflow.types import Joints3D

_LOST_FRAMES = 30  # a person may be lost that long
_SHARED_JOINTS = 5
_JUMP_M, _STEP_M = 0.3, 0.05  # and be found that far, and that much farther a frame


def join_tracks(joints_m: Joints3D) -> tuple[tuple[int, ...], ...]:
    """Tracks that are one person's, whom the sensor lost and found again under a new number.

    One follows another when it begins within a second after the other's end, at most 0.3 m away
    and 0.05 m more for each frame in between.

    Parameters
    ----------
    joints_m : (t, bodies, joints, 3) float32, meters, NaN where missing.

    Returns
    -------
    Groups of indices on the bodies axis, each in the order of time; tracks without a frame are in
    none.
    """
    present = frames_present(joints_m)
    spans = {
        body: (int(np.argmax(seen)), len(seen) - 1 - int(np.argmax(seen[::-1])))
        for body, seen in enumerate(present.T)
        if seen.any()
    }
    groups: list[list[int]] = []
    ends, last = np.zeros(len(spans), np.int64), np.zeros(len(spans), np.int64)  # of each group
    for body in sorted(spans, key=lambda body: spans[body][0]):
        start, end = spans[body]
        lost = start - ends[: len(groups)]
        near = np.flatnonzero((lost > 0) & (lost <= _LOST_FRAMES))
        before = joints_m[ends[near], last[near]]
        beyond_m = _distances_m(before, joints_m[start, body]) - _STEP_M * (lost[near] - 1)
        if near.size and beyond_m.min() <= _JUMP_M:
            group = int(near[beyond_m.argmin()])
        else:
            group = len(groups)
            groups.append([])
        groups[group].append(body)
        ends[group], last[group] = end, body
    return tuple(tuple(group) for group in groups)


def merge_tracks(
    values: Shaped[np.ndarray, "t bodies ..."], groups: Sequence[tuple[int, ...]]
) -> Shaped[np.ndarray, "t groups ..."]:
    """One track a group: of the tracks in it, the one that is there, NaN or 0 elsewhere."""
    empty = np.zeros((len(values), 0, *values.shape[2:]), values.dtype)
    merged = []
    for group in groups:
        track = values[:, group[0]].copy()
        for body in group[1:]:
            there = _filled(values[:, body])
            track[there] = values[there, body]
        merged.append(track)
    return np.stack(merged, axis=1) if merged else empty


def _filled(values: Shaped[np.ndarray, "t ..."]) -> Bool[np.ndarray, " t"]:
    """Frames in which a track is there."""
    flat = values.reshape(len(values), -1)
    return np.asarray((np.isfinite(flat) & (flat != 0)).any(axis=1))


def _distances_m(
    before: Float32[np.ndarray, "n joints 3"], after: Float32[np.ndarray, "joints 3"]
) -> Float64[np.ndarray, " n"]:
    """Median distances of the joints that both have; infinite where they share too few."""
    apart = np.linalg.norm(before - after, axis=-1)
    apart = np.sort(np.where(np.isfinite(apart), apart, np.inf), axis=1)
    known, rows = np.isfinite(apart).sum(axis=1), np.arange(len(apart))
    median = (apart[rows, np.maximum(known - 1, 0) // 2] + apart[rows, known // 2]) / 2
    return np.where(known >= _SHARED_JOINTS, median.astype(np.float64), np.inf)
