"""Trajectory of a hand through its keyframes, within the wrist's range of motion."""

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64

from skelflow.synth.motions.motion_plan import GRIPS, HandKeyframe, MotionPlan
from skelflow.synth.motions.timing import Trajectory, ease
from skelflow.synth.people.kinematics import SIDES, BoneMotion, palm_frame
from skelflow.synth.people.rotations import (
    RotationMatrix,
    Vector,
    from_rotvec,
    inverse,
    orthonormal_frame,
    rotate,
    slerp,
    to_rotvec,
    twist_angle,
    unit,
)

WIDE_M = 0.4  # movements at least this long follow their whole arc
WRIST_RAD = 1.2  # largest bend of the wrist
NEUTRAL_RAD = 0.6  # forearm twist from the rest pose with the thumb forward
PRONATION_RAD = 1.5  # largest pronation or supination from neutral


class _HandTarget(NamedTuple):
    """A keyframe's target in every frame."""

    goal_m: Vector
    touch_m: Vector
    hand: RotationMatrix
    elbow: Vector
    curl: Float64[np.ndarray, "t 5"]


class HandTrajectory:
    """Trajectory of one hand through its keyframes.

    Positions are interpolated in the scene. Orientations are interpolated relative to the forearm,
    twist and bend separately, so that the wrist stays within its range of motion.

    Parameters
    ----------
    plan, trunk, side : the person's plan, the motion of their trunk, and 0 left or 1 right.

    Attributes
    ----------
    goal_m, elbow, curl : touching point, direction of the elbow and finger flexion over time.
    """

    def __init__(self, plan: MotionPlan, trunk: BoneMotion, side: int) -> None:
        self.plan, self.trunk, self.side = plan, trunk, side
        letter = SIDES[side]
        wrist, elbow = plan.body.bone_m(f"wrist.{letter}"), plan.body.bone_m(f"lowerarm01.{letter}")
        self._along = unit(wrist - elbow)
        keyframes = sorted(plan.hands[side], key=lambda keyframe: keyframe.arrive_s)
        self._targets = [self._target(keyframe) for keyframe in keyframes]
        self._times = [(before.leave_s, after.arrive_s) for before, after in pairwise(keyframes)]
        self._shares = [ease(plan.time_s, leave, arrive) for leave, arrive in self._times]
        first = self._targets[0]
        self.goal_m, self._touch, elbow, self.curl = (
            first.goal_m, first.touch_m, first.elbow, first.curl,
        )  # fmt: skip
        for keyframe, target, share in zip(
            keyframes[1:], self._targets[1:], self._shares, strict=True
        ):
            s = share[:, None]
            far = np.linalg.norm(target.goal_m - self.goal_m, axis=1, keepdims=True)
            arc = self._to_body_axes(keyframe.arc_m) * 4 * s * (1 - s) * np.minimum(far / WIDE_M, 1)
            self.goal_m = self.goal_m + s * (target.goal_m - self.goal_m) + arc
            self._touch = self._touch + s * (target.touch_m - self._touch)
            elbow = elbow + s * (target.elbow - elbow)
            self.curl = self.curl + s * (target.curl - self.curl)
        self.elbow = unit(elbow)

    def wrist_m(self, hand: RotationMatrix) -> Vector:
        """Wrist position at which the hand with this orientation touches its goal."""
        return np.asarray(self.goal_m - rotate(hand, self._touch))

    def initial_rotation(self) -> RotationMatrix:
        """Hand orientation without wrist limits, to start the iteration."""
        hand = self._targets[0].hand
        for target, share in zip(self._targets[1:], self._shares, strict=True):
            hand = slerp(hand, target.hand, share)
        return hand

    def rotation_on(self, forearm: RotationMatrix) -> RotationMatrix:
        """Hand orientation over time for a given forearm."""
        twist, bend = self._limit_wrist(forearm, self._targets[0].hand)
        time, last = self.plan.time_s, len(self.plan.time_s) - 1
        frames = np.arange(last + 1)
        for target, (leave, arrive), share in zip(
            self._targets[1:], self._times, self._shares, strict=True
        ):
            start = min(int(np.searchsorted(time, leave)), last)
            end = min(int(np.searchsorted(time, arrive)), last)
            before, after = np.minimum(frames, start), np.maximum(frames, end)
            next_twist, next_bend = self._limit_wrist(forearm, target.hand)
            twist = twist[before] + share * (next_twist[after] - twist[before])
            bend = bend[before] + share[:, None] * (next_bend[after] - bend[before])
        return np.asarray(forearm @ from_rotvec(bend) @ from_rotvec(twist[:, None] * self._along))

    def _limit_wrist(
        self, forearm: RotationMatrix, hand: RotationMatrix
    ) -> tuple[Trajectory, Vector]:
        """Twist about the forearm and bend of the wrist, limited to their range."""
        relative = inverse(forearm) @ hand
        turned = twist_angle(relative, self._along)
        bend = to_rotvec(relative @ from_rotvec(-turned[:, None] * self._along))
        neutral = -NEUTRAL_RAD * self.plan.outward_sign(self.side)
        off = (turned - neutral + np.pi) % (2 * np.pi) - np.pi
        size = np.linalg.norm(bend, axis=1, keepdims=True).clip(1e-9)
        bend = bend * np.minimum(1, WRIST_RAD * np.tanh(size / WRIST_RAD) / size)
        return neutral + np.clip(off, -PRONATION_RAD, PRONATION_RAD), bend

    def _target(self, keyframe: HandKeyframe) -> _HandTarget:
        frames = len(self.plan.time_s)
        rotation, place = self._anchor(keyframe.anchor)
        goal = place + rotate(rotation, self._to_body_axes(keyframe.offset_m))
        pair = orthonormal_frame(
            self._to_body_axes(keyframe.fingers), self._to_body_axes(keyframe.palm)
        )
        rest = palm_frame(self.plan.body, SIDES[self.side])
        touch = np.broadcast_to(self.plan.touch_m(self.side, keyframe.touch), (frames, 3))
        lift = np.broadcast_to(np.asarray(keyframe.elbow, np.float64), (frames,)) * np.pi / 2
        out = self.plan.outward_sign(self.side)
        elbow = np.stack([out * np.sin(lift), np.cos(lift), 0.45 + 0 * lift], axis=-1)
        curl = np.broadcast_to(GRIPS[keyframe.grip], (frames, 5))
        return _HandTarget(goal, touch, rotation @ pair @ rest.T, elbow, curl)

    def _to_body_axes(self, direction: object) -> Vector:
        """(outward, up, forward) in scene axes, for each frame."""
        given = np.asarray(direction, np.float64)
        signs = np.array([self.plan.outward_sign(self.side), -1.0, -1.0])
        return np.broadcast_to(given * signs, (len(self.plan.time_s), 3))

    def _anchor(self, name: str) -> tuple[RotationMatrix, Vector]:
        """Orientation and position of a keyframe's anchor over time."""
        body, trunk = self.plan.body, self.trunk
        letter = SIDES[self.side]
        frames = len(self.plan.time_s)
        if name == "floor":
            return np.broadcast_to(np.eye(3), (frames, 3, 3)), np.zeros((frames, 3))
        if name == "shoulder":
            bone, rest = body.template.bone("spine01"), body.bone_m(f"upperarm01.{letter}")
        elif name == "hip":
            bone, rest = body.template.bone("root"), body.bone_m(f"upperleg01.{letter}")
        else:
            place = body.template.landmark_names.index(name)
            bone, rest = int(body.template.landmark_bone[place]), body.landmark_m(name)
        return trunk.rotation[:, bone], trunk.transform_point(body, bone, rest)
