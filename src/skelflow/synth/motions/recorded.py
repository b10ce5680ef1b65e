"""A recorded skeleton made ready to be re-enacted: named, gapless, not mirrored, upright."""

import numpy as np
from jaxtyping import Float64
from scipy.ndimage import gaussian_filter1d

from skelflow.errors import DataError
from skelflow.skeleton.layouts import KINECT_V2, find_layout
from skelflow.synth.people.rotations import rotate, turn_about, unit
from skelflow.types import Skeleton

SMOOTH_FRAMES = 0.8  # sensors jitter from frame to frame
SEEN = 0.5  # share of frames in which somebody must be there to take part
STRAIGHT_COS = -0.9  # thigh and shin of a leg that stands
MOST_TILT_RAD = 0.6  # more is no sensor looking down, but somebody lying

ALIASES = {"spine_base": "hip_center", "spine_mid": "spine", "spine_shoulder": "shoulder_center"}
SIDE_NAMES = ("left", "right")
Places = dict[str, Float64[np.ndarray, "t 3"]]


def read_places(skeleton: Skeleton) -> list[Places]:
    """Where the joints of everybody recorded are, by their Kinect v2 names; at most two people.

    Missing joints are interpolated over time, jitter is smoothed. Kinect's pictures are mirror
    images and so are its skeletons (toes point to where the back is); those are mirrored back, so
    that left hands stay left. A sensor that looks down makes everybody lean; the whole stage is
    turned about x until those who stand on straight legs stand upright.

    Raises
    ------
    DataError
        Nobody is there in at least half the frames, or a joint never is.
    """
    bodies = [
        body
        for body in range(skeleton.joints_m.shape[1])
        if np.isfinite(skeleton.joints_m[:, body]).all(axis=-1).mean() >= SEEN
    ][:2]
    if not bodies:
        raise DataError(
            f"skeleton of {len(skeleton)} frames: no body has its joints in at least "
            f"{SEEN:.0%} of them; choose a recording where somebody is tracked"
        )
    recorded = [_name_places(skeleton, body) for body in bodies]
    if sum(_toes_ahead_m(places) for places in recorded) < 0:
        recorded = [_mirrored(places) for places in recorded]
    level = turn_about(np.array([-_tilt_rad(recorded), 0.0, 0.0]))
    return [{name: rotate(level, place) for name, place in places.items()} for places in recorded]


def _name_places(skeleton: Skeleton, body: int) -> Places:
    """Joints by their Kinect v2 names, gaps filled, jitter smoothed."""
    names = find_layout(skeleton.layout).joints
    places: Places = {}
    for name in KINECT_V2.joints:
        source = name if name in names else ALIASES.get(name)
        if source in names:
            track = skeleton.joints_m[:, body, names.index(source)].astype(np.float64)
            places[name] = gaussian_filter1d(_fill(track, source), SMOOTH_FRAMES, axis=0)
    if "neck" not in places:
        places["neck"] = places["spine_shoulder"]
    return places


def _fill(track: Float64[np.ndarray, "t 3"], name: str) -> Float64[np.ndarray, "t 3"]:
    """Missing places between those before and after."""
    seen = np.isfinite(track).all(axis=1)
    if not seen.any():
        raise DataError(f"joint {name!r} is missing in every frame; it cannot be re-enacted")
    frames = np.arange(len(track))
    return np.stack([np.interp(frames, frames[seen], track[seen, x]) for x in range(3)], axis=1)


def _toes_ahead_m(places: Places) -> float:
    """How far feet point to where left, right and up say the front is: negative in a mirror."""
    up = places["spine_shoulder"] - places["spine_base"]
    front = unit(np.cross(places["left_shoulder"] - places["right_shoulder"], up))
    feet = [places[f"{name}_foot"] - places[f"{name}_ankle"] for name in SIDE_NAMES]
    return float(np.median([np.einsum("ti,ti->t", foot, front) for foot in feet]))


def _mirrored(places: Places) -> Places:
    """The same seen in a mirror: left stays left, x turns over."""
    return {name: place * np.array([-1, 1, 1]) for name, place in places.items()}


def _tilt_rad(recorded: list[Places]) -> float:
    """How far those who stand lean forward, as a turn about x; 0 where nobody stands."""
    leaning = []
    for places in recorded:
        up = places["spine_shoulder"] - (places["left_ankle"] + places["right_ankle"]) / 2
        straight = np.ones(len(up), bool)
        for name in SIDE_NAMES:
            knee = places[f"{name}_knee"]
            thigh, shin = unit(places[f"{name}_hip"] - knee), unit(places[f"{name}_ankle"] - knee)
            straight &= np.einsum("ti,ti->t", thigh, shin) < STRAIGHT_COS
        leaning.append(np.arctan2(-up[straight, 2], -up[straight, 1]))
    angles = np.concatenate(leaning)
    return float(np.clip(np.median(angles), -MOST_TILT_RAD, MOST_TILT_RAD)) if len(angles) else 0.0
