"""Joints of people while frames come: only what lies before a frame is known."""

from collections import deque
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, UInt8

from skelflow.camera.pinhole import project
from skelflow.pose.blazepose.landmarks import COUNT
from skelflow.pose.blazepose.tracker import PersonTracker
from skelflow.pose.estimate import INFERRED, locate, own_sides
from skelflow.pose.joints import find_pose_layout, to_joint_states, to_joints
from skelflow.pose.smooth import LONGEST_GAP_S
from skelflow.types import Camera, Color, Depth

_MEDIAN = 3  # frames, the newest of them last


class FrameJoints(NamedTuple):
    """Joints of one frame, as in `skelflow.types.Skeleton`; NaN and 0 where nobody is."""

    joints_m: Float32[np.ndarray, "bodies joints 3"]
    joints_px: Float32[np.ndarray, "bodies joints 2"]
    tracking: UInt8[np.ndarray, "bodies joints"]


class JointEstimator:
    """Finds people and their joints, a frame at a time.

    Where `estimate_skeleton` takes the median over five frames and fills gaps from both sides, this
    takes that of the last three and repeats a person who is lost for at most 0.3 s.

    Parameters
    ----------
    camera : of the frames.
    layout : "kinect_v1" or "kinect_v2".
    frame_rate_hz : of the frames.
    mirrored : whether the images are, as in `skelflow.types.Recording`.
    people : the most that are followed; each keeps a place in the answer while seen.

    Raises
    ------
    ConfigError
        Joints of that layout cannot be estimated.
    MissingExtraError
        LiteRT is not installed.
    """

    def __init__(
        self,
        camera: Camera,
        layout: str,
        *,
        frame_rate_hz: float,
        mirrored: bool = False,
        people: int = 2,
    ) -> None:
        find_pose_layout(layout)
        self._camera, self._layout, self._mirrored = camera, layout, mirrored
        self._gap = round(LONGEST_GAP_S * frame_rate_hz)
        self._tracker = PersonTracker(people=people)
        self._people = [_Person() for _ in range(people)]

    def __call__(self, image: Color, depth_m: Depth) -> FrameJoints:
        """The people in the next frame.

        Parameters
        ----------
        image : RGB, in the depth image's pixels, see `skelflow.pose.images`.
        depth_m : meters, 0 where there is none.
        """
        found = locate(self._tracker, image, depth_m, self._camera)
        here = {person.number: person for person in self._people}
        for number in found.keys() - here.keys():
            free = [person for person in self._people if person.number not in found]
            longest = max(free, key=lambda person: person.lost)
            longest.begin(number)
        for person in self._people:
            person.take(found.get(person.number), self._gap)
        points_m = np.stack([person.points_m() for person in self._people])
        states = np.stack([person.states for person in self._people])
        if self._mirrored:
            points_m, states = own_sides(points_m, states)
        joints_m = to_joints(points_m, self._layout).astype(np.float32)
        return FrameJoints(
            joints_m, project(joints_m, self._camera), to_joint_states(states, self._layout)
        )


class _Person:
    """Where one person was in the last frames."""

    def __init__(self) -> None:
        self.begin(-1)

    def begin(self, number: int) -> None:
        """From now on another person."""
        self.number, self.lost = number, 0
        self._points: deque[Float32[np.ndarray, "33 3"]] = deque(maxlen=_MEDIAN)
        self.states = np.zeros(COUNT, np.uint8)

    def take(
        self,
        found: tuple[Float32[np.ndarray, "33 3"], UInt8[np.ndarray, "33"]] | None,
        most_lost: int,
    ) -> None:
        """What the newest frame shows of the person; None = nothing."""
        if found is not None:
            self.lost = 0
            self._points.append(found[0])
            self.states = found[1]
            return
        self.lost += 1
        self.states = np.minimum(self.states, np.uint8(INFERRED))
        if self.lost > most_lost:
            self._points.clear()
            self.states = np.zeros(COUNT, np.uint8)

    def points_m(self) -> Float32[np.ndarray, "33 3"]:
        """The median of the frames that are known; NaN where none is."""
        known = [points for points in self._points if np.isfinite(points).all()]
        if not known:
            return np.full((COUNT, 3), np.nan, np.float32)
        return np.asarray(np.median(known, axis=0), np.float32)
