"""Skeletons for recordings that have none."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Float32, UInt8

from skelflow.camera.pinhole import project
from skelflow.errors import DataError
from skelflow.pose.blazepose.landmarks import COUNT, Landmarks
from skelflow.pose.blazepose.tracker import PersonTracker
from skelflow.pose.images import picture, picture_source
from skelflow.pose.joints import find_pose_layout, to_joint_states, to_joints
from skelflow.pose.lift import LEAST_VISIBILITY, lift
from skelflow.pose.names import MIRROR
from skelflow.pose.smooth import fill_gaps, smooth
from skelflow.skeleton.tracks import select_bodies
from skelflow.types import Camera, Color, Depth, Recording, Skeleton

INFERRED, TRACKED = 1, 2

Points = Float32[np.ndarray, "t 33 3"]
States = UInt8[np.ndarray, "t 33"]


def estimate_skeleton(
    recording: Recording,
    layout: str = "kinect_v2",
    *,
    people: int = 2,
    source: str | None = None,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> Skeleton:
    """Find people in a recording, and their joints in every frame.

    Landmarks are found in the image (color, else infrared, else a painting of the depth) and
    carried into space by the depth image. In a recording that is mirrored, left and right change
    places, so that they are the person's own.

    Parameters
    ----------
    recording : with depth.
    layout : "kinect_v1" or "kinect_v2".
    people : the most that are followed; of all who were seen, those who move most are kept.
    source : "color", "infrared" or "depth"; None = the first of them that is there.
    progress : called after each frame with (done, total).

    Returns
    -------
    Skeleton : `estimated_from` names the image. A joint is tracked where the depth image shows
        it, inferred where it is hidden or its frame lies in a short gap; a person who is not found
        is NaN.

    Raises
    ------
    DataError
        No person is found in any frame.
    ConfigError
        Joints of that layout cannot be estimated.
    MissingExtraError
        LiteRT is not installed.

    Notes
    -----
    Source: Bazarevsky et al., BlazePose: on-device real-time body pose tracking, CVPR workshops
    2020; the networks are MediaPipe's.
    """
    find_pose_layout(layout)
    chosen = source or picture_source(recording)
    tracks = _follow(recording, chosen, people, progress)
    if not tracks:
        raise DataError(f"{recording.path}: no person is found in any frame of the {chosen} images")
    bodies = [_finish(points, states, recording) for points, states in tracks]
    points_m = np.stack([points for points, _ in bodies], axis=1)
    states = np.stack([states for _, states in bodies], axis=1)
    kept = list(select_bodies(points_m, keep=people))
    return _skeleton(recording, layout, points_m[:, kept], states[:, kept], chosen)


def with_estimated_skeleton(recording: Recording, layout: str = "kinect_v2") -> Recording:
    """The recording with the skeleton of `estimate_skeleton` instead of its own."""
    return replace(recording, skeleton=estimate_skeleton(recording, layout))


def _follow(
    recording: Recording, source: str, people: int, progress: Callable[[int, int], None]
) -> list[tuple[Points, States]]:
    """Of each person, in the order of their appearance, landmarks in space and their states."""
    tracker, total = PersonTracker(people=people), len(recording)
    tracks: dict[int, tuple[Points, States]] = {}
    for t in range(total):
        depth_m = recording.depth[t]
        image = picture(recording, t, depth_m, source)
        for number, found in locate(tracker, image, depth_m, recording.camera).items():
            points, states = tracks.setdefault(number, _empty(total))
            points[t], states[t] = found
        progress(t + 1, total)
    return list(tracks.values())


def locate(
    tracker: PersonTracker, image: Color, depth_m: Depth, camera: Camera
) -> dict[int, tuple[Float32[np.ndarray, "33 3"], UInt8[np.ndarray, "33"]]]:
    """The people in the next frame by number: landmarks in space, and their states."""
    people = {}
    for number, person in tracker.track(image).items():
        points_m, measured = lift(person, depth_m, camera)
        people[number] = points_m, _states(person, measured, points_m)
    return people


def _empty(total: int) -> tuple[Points, States]:
    return np.full((total, COUNT, 3), np.nan, np.float32), np.zeros((total, COUNT), np.uint8)


def _states(
    person: Landmarks, measured: Bool[np.ndarray, "33"], points_m: Float32[np.ndarray, "33 3"]
) -> UInt8[np.ndarray, "33"]:
    seen = measured & (person.visibility >= LEAST_VISIBILITY)
    states = np.where(seen, TRACKED, INFERRED)
    return np.where(np.isfinite(points_m[:, 2]), states, 0).astype(np.uint8)


def _finish(points_m: Points, states: States, recording: Recording) -> tuple[Points, States]:
    """Gaps filled, jumps removed, and left and right the person's own."""
    filled, states = fill_gaps(points_m, states, frame_rate_hz=recording.frame_rate_hz)
    smoothed = smooth(filled)
    return own_sides(smoothed, states) if recording.mirrored else (smoothed, states)


def own_sides(points_m: Points, states: States) -> tuple[Points, States]:
    """Landmarks of a mirrored image with left and right as the person has them."""
    return points_m[:, list(MIRROR)], states[:, list(MIRROR)]


def _skeleton(
    recording: Recording,
    layout: str,
    points_m: Float32[np.ndarray, "t bodies 33 3"],
    states: UInt8[np.ndarray, "t bodies 33"],
    source: str,
) -> Skeleton:
    joints_m = to_joints(points_m, layout).astype(np.float32)
    return Skeleton(
        layout=layout,
        joints_m=joints_m,
        joints_px=project(joints_m, recording.camera),
        tracking=to_joint_states(states, layout),
        estimated_from=source,
    )
