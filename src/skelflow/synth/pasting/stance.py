"""Where a recording's camera stands: how high above the floor, how far from the person."""

from dataclasses import dataclass

import numpy as np

from skelflow.camera.pinhole import unproject
from skelflow.errors import DataError
from skelflow.synth.scene.room import BACK_M, FRONT_M, HEIGHT_M
from skelflow.types import Recording, Skeleton

EMPTY = 0.5  # share of the pixels that at least have no depth where the background is left out
_FEWEST = 100  # pixels of a person
_LOWEST, _MOST = 99.5, 90.0  # percent of a person's points, of the frames: all but strays
_FARTHEST = 99.9  # percent of a person's points
_MARGIN_M = 0.4  # at least between the person and the wall, the camera and a wall, floor or ceiling


@dataclass(frozen=True)
class Stance:
    """A level camera before a person.

    Parameters
    ----------
    height_m : of the camera above the floor.
    aside_m : the person's place to the right of the camera's axis.
    away_m : distance of the room's center, where the person is unless they come near its wall.
    """

    height_m: float
    aside_m: float
    away_m: float


def find_stance(recording: Recording) -> Stance:
    """The stance of a recording whose depth shows people alone.

    The camera is taken to be level. The floor lies at the lowest of the person's points, or at the
    lowest joint where that is lower, in frames where the person stands on it.

    Raises
    ------
    DataError
        It has no depth or shows more than people, nobody is seen, or the person is where no
        synthetic room has place.
    """
    if not recording.has_depth:
        raise DataError(f"{recording.path}: has no depth; only depth can be pasted into a room")
    empty, lows, places, far = [], [], [], [np.zeros(0, np.float32)]
    for depth_m in recording.depth:
        there = depth_m > 0
        empty.append(1 - there.mean())
        if there.sum() < _FEWEST:
            continue
        points_m = unproject(depth_m, recording.camera)[there]
        lows.append(np.percentile(points_m[:, 1], _LOWEST))
        places.append(np.median(points_m, axis=0))
        far.append(points_m[::8, 2])
    _check_empty(recording, float(np.mean(empty)) if empty else 0.0)
    if not places:
        raise DataError(f"{recording.path}: no frame shows a person, of {_FEWEST} pixels at least")
    floor_m = max(np.percentile(lows, _MOST), _lowest_joint(recording.skeleton))
    aside_m, _, away_m = np.median(places, axis=0)
    reach_m = np.percentile(np.concatenate(far), _FARTHEST) - (BACK_M - _MARGIN_M)
    stance = Stance(float(floor_m), float(aside_m), float(max(away_m, reach_m)))
    _check_place(recording, stance)
    return stance


def _lowest_joint(skeleton: Skeleton | None) -> float:
    """How far below the camera the lowest joint is, in frames where the person stands."""
    if skeleton is None:
        return -np.inf
    heights = np.nan_to_num(skeleton.joints_m[..., 1], nan=-np.inf).max(
        axis=(1, 2), initial=-np.inf
    )
    heights = heights[np.isfinite(heights)]
    return float(np.percentile(heights, _MOST)) if len(heights) else -np.inf


def _check_empty(recording: Recording, share: float) -> None:
    if share < EMPTY:
        raise DataError(
            f"{recording.path}: {share:.0%} of its depth is empty, expected half of it at least, "
            "as where the background is left out (UTD-MHAD, masked depth of NTU RGB+D); set what "
            "is no person to 0"
        )


def _check_place(recording: Recording, stance: Stance) -> None:
    most = HEIGHT_M - _MARGIN_M
    if not _MARGIN_M <= stance.height_m <= most:
        raise DataError(
            f"{recording.path}: the person's feet are {stance.height_m:.2f} m below the camera's "
            f"axis, expected {_MARGIN_M:g} to {most:g} m: a level camera that sees them, in a room "
            f"{HEIGHT_M:g} m high"
        )
    farthest = -FRONT_M - _MARGIN_M
    if stance.away_m > farthest:
        raise DataError(
            f"{recording.path}: the person is {stance.away_m:.2f} m away, expected {farthest:g} m "
            "at most: rooms are no larger"
        )
