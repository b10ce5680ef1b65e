"""The people who act in a recording: their tracks joined, chosen by motion, in that order."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Shaped

from skelflow.skeleton.joining import join_tracks, merge_tracks
from skelflow.skeleton.tracks import frames_present, motion_m2, select_bodies
from skelflow.types import Joints3D, Skeleton
from skelflow.wording import counted


def keep_actors(skeleton: Skeleton) -> tuple[Skeleton, tuple[str, ...]]:
    """The people who act, the one that moves most first, and what was joined or left out.

    Parameters
    ----------
    skeleton : any number of tracks, in any order.

    Returns
    -------
    The skeleton, and a sentence for each thing done. A skeleton of two bodies or more keeps two
    at least, absent ones NaN.
    """
    bodies = skeleton.joints_m.shape[1]
    if bodies < 2:
        return skeleton, ()
    groups = join_tracks(skeleton.joints_m)
    merged = merge_tracks(skeleton.joints_m, groups)
    chosen = select_bodies(merged, keep=len(groups))
    count = max(2, len(chosen))
    kept = [groups[i] for i in chosen]
    if kept == [(i,) for i in range(bodies)]:
        return skeleton, ()
    ordered = replace(
        skeleton,
        joints_m=_padded(merge_tracks(skeleton.joints_m, kept), count, np.nan),
        joints_px=_padded(merge_tracks(skeleton.joints_px, kept), count, np.nan),
        tracking=_padded(merge_tracks(skeleton.tracking, kept), count, 0.0),
    )
    return ordered, describe_choice(merged, groups, chosen)


def describe_choice(
    merged: Joints3D, groups: Sequence[tuple[int, ...]], chosen: Sequence[int]
) -> tuple[str, ...]:
    """What was done to a recording's tracks, a sentence each.

    Parameters
    ----------
    merged : (t, groups, joints, 3) float32, meters, as `merge_tracks` gives them.
    groups : as `join_tracks` gives them.
    chosen : of the groups, those that are kept.
    """
    told = [
        f"tracks {', '.join(map(str, group))} are one body, lost and found again: joined"
        for group in groups
        if len(group) > 1
    ]
    length, motion = frames_present(merged).sum(axis=0), motion_m2(merged)
    for i in (i for i in range(len(groups)) if i not in chosen):
        share = motion[i] / max(motion[chosen[0]], 1e-9)
        told.append(
            f"track {groups[i][0]} is left out: {counted(int(length[i]), 'frame')}, {share:.2g} "
            "times the motion of the body that is kept first"
        )
    return tuple(told)


def _padded(
    values: Shaped[np.ndarray, "t groups ..."], count: int, missing: float
) -> Shaped[np.ndarray, "t count ..."]:
    padded = np.full((len(values), count, *values.shape[2:]), missing, values.dtype)
    padded[:, : values.shape[1]] = values
    return padded
