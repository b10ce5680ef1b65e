"""From landmarks in the image to joints in space, by the depth image."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float32

from skelflow.camera.pinhole import unproject_pixels
from skelflow.pose.blazepose.landmarks import Landmarks
from skelflow.pose.names import LANDMARKS
from skelflow.types import Camera, Depth

TORSO = tuple(
    LANDMARKS.index(f"{side}_{part}") for side in ("left", "right") for part in ("shoulder", "hip")
)
WINDOW_M = 0.03  # to each side of a landmark
REACH_M = 0.9  # no part of a body is farther from the torso, along the line of sight
LAYER_M = 0.08  # thickness of what is nearest in a window
DOUBT_M = 0.35  # a hidden landmark's surface so far from where the network expects it: another's
LEAST_VISIBILITY = 0.5

BELOW_M = {  # how far a joint lies below the surface that the camera sees
    "shoulder": 0.05,
    "hip": 0.105,
    "elbow": 0.04,
    "knee": 0.06,
    "ankle": 0.055,
    "foot_index": 0.015,
    "ear": 0.06,
}
OTHERS_BELOW_M = 0.03


class Lifted(NamedTuple):
    """Landmarks in space.

    Parameters
    ----------
    points_m : (33, 3), meters, camera frame; NaN when the person has no depth at all.
    measured : (33,), the depth image shows the landmark; elsewhere the network's guess stands.
    """

    points_m: Float32[np.ndarray, "33 3"]
    measured: Bool[np.ndarray, "33"]


def lift(person: Landmarks, depth_m: Depth, camera: Camera) -> Lifted:
    """Place the landmarks in space.

    The torso's depth is the median around shoulders and hips. A landmark lies below the nearest
    layer of what the depth image shows around it and within an arm's reach of the torso. Where
    there is none, or the landmark is hidden and the surface is far from where the network expects
    it, the network's guess relative to the torso stands.
    """
    torso_m = _torso_depth(person, depth_m)
    if torso_m is None:
        nothing = np.full((len(LANDMARKS), 3), np.nan, np.float32)
        return Lifted(nothing, np.zeros(len(LANDMARKS), bool))
    half_px = max(1, round(WINDOW_M * camera.fx / torso_m))
    surface_m = np.array(
        [_surface(_window(depth_m, point, half_px), torso_m) for point in person.points_px]
    )
    guess_z = person.relative_m[:, 2]
    expected_m = torso_m + _BELOW_M[list(TORSO)].mean() + guess_z - guess_z[list(TORSO)].mean()
    z = surface_m + _BELOW_M
    hidden = person.visibility < LEAST_VISIBILITY
    measured = np.isfinite(z) & ~(hidden & (np.abs(z - expected_m) > DOUBT_M))
    z = np.where(measured, z, expected_m)
    points_m = unproject_pixels(person.points_px, z.astype(np.float32), camera)
    return Lifted(points_m, measured)


def _depth_below(landmark: str) -> float:
    return next((below for part, below in BELOW_M.items() if part in landmark), OTHERS_BELOW_M)


_BELOW_M = np.array([_depth_below(name) for name in LANDMARKS])


def _torso_depth(person: Landmarks, depth_m: Depth) -> float | None:
    """Median depth around shoulders, hips and the middle between them; None where none is."""
    corners = person.points_px[list(TORSO)]
    points = np.concatenate((corners, (corners + corners.mean(axis=0)) / 2))
    half_px = max(1, round(0.08 * float(np.ptp(corners[:, 1]))))
    windows = [_window(depth_m, point, half_px) for point in points]
    readings = np.concatenate([window[window > 0] for window in windows])
    return float(np.median(readings)) if readings.size else None


def _window(
    depth_m: Depth, point: Float32[np.ndarray, "2"], half_px: int
) -> Float32[np.ndarray, " n"]:
    """The depth image around a point, flat; empty outside the image."""
    x, y = (int(np.clip(round(float(value)), -9999, 9999)) for value in point)
    rows = slice(max(y - half_px, 0), max(y + half_px + 1, 0))
    columns = slice(max(x - half_px, 0), max(x + half_px + 1, 0))
    return np.asarray(depth_m[rows, columns].ravel(), np.float32)


def _surface(window_m: Float32[np.ndarray, " n"], torso_m: float) -> float:
    """Median of the nearest layer within reach of the torso; NaN where nothing is."""
    near = window_m[(window_m > 0) & (np.abs(window_m - torso_m) < REACH_M)]
    if not near.size:
        return float("nan")
    first = np.percentile(near, 10)
    return float(np.median(near[near <= first + LAYER_M]))
