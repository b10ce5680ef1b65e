"""Where a hand should be and how it is turned, over time, within what a wrist can do."""

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64

from skelflow.synth.motions.play import GRIPS, Hold, Play
from skelflow.synth.motions.timing import Course, ease
from skelflow.synth.people.kinematics import SIDES, Moves, palm_frame
from skelflow.synth.people.rotations import (
    Turn,
    Vector,
    axis_of,
    frame_of,
    inverse,
    part_way,
    rotate,
    turn_about,
    twist_about,
    unit,
)

WIDE_M = 0.4  # ways at least as long take their whole arc
WRIST_RAD = 1.2  # farthest a hand bends
NEUTRAL_RAD = 0.6  # forearm's turn from the rest pose where the thumb points forward
PRONATION_RAD = 1.5  # farthest it turns either way from there


class _Stay(NamedTuple):
    """What a hold asks for in every frame."""

    goal_m: Vector
    touch_m: Vector
    hand: Turn
    elbow: Vector
    curl: Float64[np.ndarray, "t 5"]


class HandCourse:
    """One hand's way through its holds.

    Places are blended where they are; turns are blended as seen from the forearm, twist and bend
    apart, so that a wrist never takes a way that no wrist can.

    Parameters
    ----------
    goal_m, elbow, curl : over time, where the touching point is, where the elbow points, and how
        far fingers are closed.
    """

    def __init__(self, play: Play, trunk: Moves, side: int) -> None:
        self.play, self.trunk, self.side = play, trunk, side
        letter = SIDES[side]
        wrist, elbow = play.body.bone_m(f"wrist.{letter}"), play.body.bone_m(f"lowerarm01.{letter}")
        self._along = unit(wrist - elbow)
        holds = sorted(play.hands[side], key=lambda hold: hold.arrive_s)
        self._stays = [self._stay(hold) for hold in holds]
        self._times = [(before.leave_s, after.arrive_s) for before, after in pairwise(holds)]
        self._shares = [ease(play.time_s, leave, arrive) for leave, arrive in self._times]
        first = self._stays[0]
        self.goal_m, self._touch, elbow, self.curl = (
            first.goal_m, first.touch_m, first.elbow, first.curl,
        )  # fmt: skip
        for hold, stay, share in zip(holds[1:], self._stays[1:], self._shares, strict=True):
            s = share[:, None]
            far = np.linalg.norm(stay.goal_m - self.goal_m, axis=1, keepdims=True)
            arc = self._stage(hold.arc_m) * 4 * s * (1 - s) * np.minimum(far / WIDE_M, 1)
            self.goal_m = self.goal_m + s * (stay.goal_m - self.goal_m) + arc
            self._touch = self._touch + s * (stay.touch_m - self._touch)
            elbow = elbow + s * (stay.elbow - elbow)
            self.curl = self.curl + s * (stay.curl - self.curl)
        self.elbow = unit(elbow)

    def wrist_m(self, hand: Turn) -> Vector:
        """Where the wrist must be for the hand, so turned, to touch its goal."""
        return np.asarray(self.goal_m - rotate(hand, self._touch))

    def free_turn(self) -> Turn:
        """The hand's turn if no forearm had a say: where to begin."""
        hand = self._stays[0].hand
        for stay, share in zip(self._stays[1:], self._shares, strict=True):
            hand = part_way(hand, stay.hand, share)
        return hand

    def turn_on(self, forearm: Turn) -> Turn:
        """The hand's turn on a forearm, from hold to hold."""
        twist, bend = self._limited(forearm, self._stays[0].hand)
        time, last = self.play.time_s, len(self.play.time_s) - 1
        frames = np.arange(last + 1)
        for stay, (leave, arrive), share in zip(
            self._stays[1:], self._times, self._shares, strict=True
        ):
            start = min(int(np.searchsorted(time, leave)), last)
            end = min(int(np.searchsorted(time, arrive)), last)
            before, after = np.minimum(frames, start), np.maximum(frames, end)
            next_twist, next_bend = self._limited(forearm, stay.hand)
            twist = twist[before] + share * (next_twist[after] - twist[before])
            bend = bend[before] + share[:, None] * (next_bend[after] - bend[before])
        return np.asarray(forearm @ turn_about(bend) @ turn_about(twist[:, None] * self._along))

    def _limited(self, forearm: Turn, hand: Turn) -> tuple[Course, Vector]:
        """Twist about the forearm and bend of the wrist, no farther than they go."""
        relative = inverse(forearm) @ hand
        turned = twist_about(relative, self._along)
        bend = axis_of(relative @ turn_about(-turned[:, None] * self._along))
        neutral = -NEUTRAL_RAD * self.play.out(self.side)
        off = (turned - neutral + np.pi) % (2 * np.pi) - np.pi
        size = np.linalg.norm(bend, axis=1, keepdims=True).clip(1e-9)
        bend = bend * np.minimum(1, WRIST_RAD * np.tanh(size / WRIST_RAD) / size)
        return neutral + np.clip(off, -PRONATION_RAD, PRONATION_RAD), bend

    def _stay(self, hold: Hold) -> _Stay:
        frames = len(self.play.time_s)
        turn, place = self._anchor(hold.anchor)
        goal = place + rotate(turn, self._stage(hold.offset_m))
        pair = frame_of(self._stage(hold.fingers), self._stage(hold.palm))
        rest = palm_frame(self.play.body, SIDES[self.side])
        touch = np.broadcast_to(self.play.touch_m(self.side, hold.touch), (frames, 3))
        lift = np.broadcast_to(np.asarray(hold.elbow, np.float64), (frames,)) * np.pi / 2
        out = self.play.out(self.side)
        elbow = np.stack([out * np.sin(lift), np.cos(lift), 0.45 + 0 * lift], axis=-1)
        curl = np.broadcast_to(GRIPS[hold.grip], (frames, 5))
        return _Stay(goal, touch, turn @ pair @ rest.T, elbow, curl)

    def _stage(self, direction: object) -> Vector:
        """(outward, up, forward) on stage axes, one for each frame."""
        given = np.asarray(direction, np.float64)
        signs = np.array([self.play.out(self.side), -1.0, -1.0])
        return np.broadcast_to(given * signs, (len(self.play.time_s), 3))

    def _anchor(self, name: str) -> tuple[Turn, Vector]:
        """The frame and the place of what a hold hangs on, over time."""
        body, trunk = self.play.body, self.trunk
        letter = SIDES[self.side]
        frames = len(self.play.time_s)
        if name == "floor":
            return np.broadcast_to(np.eye(3), (frames, 3, 3)), np.zeros((frames, 3))
        if name == "shoulder":
            bone, rest = body.template.bone("spine01"), body.bone_m(f"upperarm01.{letter}")
        elif name == "hip":
            bone, rest = body.template.bone("root"), body.bone_m(f"upperleg01.{letter}")
        else:
            place = body.template.landmark_names.index(name)
            bone, rest = int(body.template.landmark_bone[place]), body.landmark_m(name)
        return trunk.turn[:, bone], trunk.carry(body, bone, rest)
