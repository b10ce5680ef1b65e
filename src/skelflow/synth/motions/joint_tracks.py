"""Joint tracks of a recorded skeleton for retargeting: gaps filled, mirror and tilt undone."""

import numpy as np
from jaxtyping import Float64
from scipy.ndimage import gaussian_filter1d

from skelflow.errors import DataError
from skelflow.skeleton.layouts import KINECT_V1, KINECT_V2, find_layout
from skelflow.synth.motions.timing import FRAME_RATE_HZ
from skelflow.synth.people.rotations import from_rotvec, rotate, unit
from skelflow.types import Skeleton
from skelflow.wording import counted

SMOOTH_FRAMES = 0.8  # standard deviation of temporal smoothing
SEEN = 0.5  # share of frames in which a body must be tracked
STRAIGHT_COS = -0.9  # cosine between thigh and shin of a straight leg
MOST_TILT_RAD = 0.6  # larger tilts come from a lying person, not from the sensor

ALIASES = {"spine_base": "hip_center", "spine_mid": "spine", "spine_shoulder": "shoulder_center"}
NEEDED = tuple(name for name in KINECT_V2.joints if ALIASES.get(name, name) in KINECT_V1.joints)
SIDE_NAMES = ("left", "right")
JointTracks = dict[str, Float64[np.ndarray, "t 3"]]


def read_joint_tracks(
    skeleton: Skeleton, *, frame_rate_hz: float = FRAME_RATE_HZ
) -> list[JointTracks]:
    """Joint tracks of at most two recorded people, by Kinect v2 joint names, at 30 Hz.

    Joints are interpolated linearly over time where they are missing and between the frames of
    another rate; jitter is smoothed. Mirrored skeletons, as a Kinect records them (toes point
    backward), are mirrored back. The tilt of a sensor that looks down is removed by a rotation
    about x, after which people on straight legs stand upright.

    Parameters
    ----------
    frame_rate_hz : of the skeleton.

    Raises
    ------
    DataError
        The layout lacks joints that a body needs, no body is tracked in at least half the frames,
        or a joint is missing throughout.
    """
    _check_layout(skeleton.layout)
    bodies = [
        body
        for body in range(skeleton.joints_m.shape[1])
        if np.isfinite(skeleton.joints_m[:, body]).all(axis=-1).mean() >= SEEN
    ][:2]
    if not bodies:
        raise DataError(
            f"skeleton of {counted(len(skeleton), 'frame')}: no body has its joints in at least "
            f"{SEEN:.0%} of them; choose a recording where somebody is tracked"
        )
    recorded = [_named_tracks(skeleton, body, frame_rate_hz) for body in bodies]
    if sum(_toes_ahead_m(tracks) for tracks in recorded) < 0:
        recorded = [_mirrored(tracks) for tracks in recorded]
    level = from_rotvec(np.array([-_tilt_rad(recorded), 0.0, 0.0]))
    return [{name: rotate(level, place) for name, place in tracks.items()} for tracks in recorded]


def _check_layout(layout: str) -> None:
    """Refuse joints of which a whole body cannot be made."""
    names = find_layout(layout).joints
    missing = [
        f"{name} (or {ALIASES[name]})" if name in ALIASES else name
        for name in NEEDED
        if name not in names and ALIASES.get(name) not in names
    ]
    if missing:
        raise DataError(
            f"joint layout {layout!r} has no {', '.join(missing)}, which a whole body needs; "
            "choose recordings that have these joints, by these names"
        )


def _named_tracks(skeleton: Skeleton, body: int, frame_rate_hz: float) -> JointTracks:
    """Joints by their Kinect v2 names at 30 Hz, gaps filled, jitter smoothed."""
    names = find_layout(skeleton.layout).joints
    tracks: JointTracks = {}
    for name in KINECT_V2.joints:
        source = name if name in names else ALIASES.get(name)
        if source in names:
            track = skeleton.joints_m[:, body, names.index(source)].astype(np.float64)
            even = _interpolate(track, source, frame_rate_hz)
            tracks[name] = gaussian_filter1d(even, SMOOTH_FRAMES, axis=0)
    if "neck" not in tracks:
        tracks["neck"] = tracks["spine_shoulder"]
    return tracks


def _interpolate(
    track: Float64[np.ndarray, "t 3"], name: str, frame_rate_hz: float
) -> Float64[np.ndarray, "frames 3"]:
    """Positions at 30 Hz, linear over time between those that are there."""
    seen = np.isfinite(track).all(axis=1)
    if not seen.any():
        raise DataError(f"joint {name!r} is missing in every frame; it cannot be re-enacted")
    recorded = np.flatnonzero(seen)
    step = frame_rate_hz / FRAME_RATE_HZ  # recorded frames a frame
    frames = step * np.arange(int((len(track) - 1) / step + 1e-6) + 1)
    return np.stack([np.interp(frames, recorded, track[seen, x]) for x in range(3)], axis=1)


def _toes_ahead_m(tracks: JointTracks) -> float:
    """Distance of the toes in front of the ankles; negative if the skeleton is mirrored."""
    up = tracks["spine_shoulder"] - tracks["spine_base"]
    front = unit(np.cross(tracks["left_shoulder"] - tracks["right_shoulder"], up))
    feet = [tracks[f"{name}_foot"] - tracks[f"{name}_ankle"] for name in SIDE_NAMES]
    return float(np.median([np.einsum("ti,ti->t", foot, front) for foot in feet]))


def _mirrored(tracks: JointTracks) -> JointTracks:
    """Mirror along x; left joints stay left."""
    return {name: place * np.array([-1, 1, 1]) for name, place in tracks.items()}


def _tilt_rad(recorded: list[JointTracks]) -> float:
    """Median forward lean of people on straight legs, about x; 0 if there are none."""
    leaning = []
    for tracks in recorded:
        up = tracks["spine_shoulder"] - (tracks["left_ankle"] + tracks["right_ankle"]) / 2
        straight = np.ones(len(up), bool)
        for name in SIDE_NAMES:
            knee = tracks[f"{name}_knee"]
            thigh, shin = unit(tracks[f"{name}_hip"] - knee), unit(tracks[f"{name}_ankle"] - knee)
            straight &= np.einsum("ti,ti->t", thigh, shin) < STRAIGHT_COS
        leaning.append(np.arctan2(-up[straight, 2], -up[straight, 1]))
    angles = np.concatenate(leaning)
    return float(np.clip(np.median(angles), -MOST_TILT_RAD, MOST_TILT_RAD)) if len(angles) else 0.0
