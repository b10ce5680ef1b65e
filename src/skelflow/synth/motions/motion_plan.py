"""Motion plan of one person: trajectories of trunk and feet, keyframes of the hands.

Directions and offsets in motions are (outward, up, forward): outward is away from the body's
midline on the side of the hand or foot, so that one motion serves both hands.
"""

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float64

from skelflow.synth.motions.timing import FRAME_RATE_HZ, Trajectory, sway
from skelflow.synth.people.body import Body
from skelflow.synth.people.kinematics import SIDES, hips_m, palm_frame
from skelflow.synth.people.style import Style

Number = float | int | np.floating
Triple = tuple[Number, Number, Number] | Float64[np.ndarray, "t 3"] | Float64[np.ndarray, "3"]

STATURE_M = 1.75  # motions are written for this stature
GRIPS = {
    "loose": (0.2, 0.15, 0.2, 0.25, 0.3),
    "flat": (0.0, -0.2, -0.2, -0.2, -0.2),
    "fist": (0.9, 1.0, 1.0, 1.0, 1.0),
    "point": (0.8, -0.15, 0.95, 1.0, 1.0),
    "hold": (0.5, 0.5, 0.5, 0.5, 0.5),
    "pinch": (0.6, 0.55, 0.6, 0.7, 0.8),
    "clutch": (0.75, 0.8, 0.8, 0.8, 0.8),
}


@dataclass(frozen=True)
class HandKeyframe:
    """A target that a hand holds for a while.

    Parameters
    ----------
    arrive_s, leave_s : start and end; between keyframes the hand moves with minimum jerk.
    anchor : a landmark of the body, "shoulder", "hip" (both of the hand's side) or "floor".
    offset_m : (outward, up, forward) from the anchor, in the anchor's frame; may change over time.
    fingers, palm : directions of the fingers and the palm normal, in the anchor's frame.
    touch : the point of the hand placed at the target: "wrist", "palm", "grip", "knuckles", "tip"
        or "index".
    grip : key of `GRIPS`.
    elbow : elevation of the elbow, 0 (down) to 1 (level with the shoulder).
    arc_m : (outward, up, forward) deviation of a long movement from the straight line.
    """

    arrive_s: Number
    leave_s: Number
    anchor: str
    offset_m: Triple
    fingers: Triple = (0, -1, 0)
    palm: Triple = (-1, 0, 0)
    touch: str = "wrist"
    grip: str = "loose"
    elbow: Number | Trajectory = 0.15
    arc_m: Triple = (0, 0, 0)


def palm_for(fingers: tuple[float, float, float], thumb: tuple[float, float, float]) -> Triple:
    """Palm normal for given finger and thumb directions, all (outward, up, forward)."""
    return np.asarray(np.cross(fingers, thumb), np.float64)


@dataclass
class MotionPlan:
    """Trajectories and keyframes of one person; motions add to them.

    Parameters
    ----------
    shift_m : (t, 3) displacement of the hips from standing: to the person's left, up, forward.
    pelvis, trunk, head : (t, 3) rotation vectors in radians, scene axes: positive is forward,
        to the person's right, and to the person's right shoulder; each relative to the one before.
    balls_m : (t, 2, 3) ball of each foot, scene axes.
    heel_rad, yaw_rad, heading_rad : (t, 2)
        Lift of the heel about the ball; outward rotation; rotation to the person's right.
    seat : (t,) 1 where the hips rest on a seat, at `seat_m` above the floor.
    hands : keyframes of the left and right hand, in order of time.
    """

    body: Body
    style: Style
    rng: np.random.Generator
    time_s: Trajectory
    seat_m: float = 0.0
    shift_m: Float64[np.ndarray, "t 3"] = field(init=False)
    pelvis: Float64[np.ndarray, "t 3"] = field(init=False)
    trunk: Float64[np.ndarray, "t 3"] = field(init=False)
    head: Float64[np.ndarray, "t 3"] = field(init=False)
    balls_m: Float64[np.ndarray, "t 2 3"] = field(init=False)
    heel_rad: Float64[np.ndarray, "t 2"] = field(init=False)
    yaw_rad: Float64[np.ndarray, "t 2"] = field(init=False)
    heading_rad: Float64[np.ndarray, "t 2"] = field(init=False)
    seat: Trajectory = field(init=False)
    hands: tuple[list[HandKeyframe], list[HandKeyframe]] = field(init=False)

    def __post_init__(self) -> None:
        frames, style = len(self.time_s), self.style
        self.shift_m, self.pelvis, self.trunk, self.head = (np.zeros((frames, 3)) for _ in range(4))
        self.heel_rad, self.heading_rad = np.zeros((frames, 2)), np.zeros((frames, 2))
        self.seat = np.zeros(frames)
        self.yaw_rad = np.full((frames, 2), style.turn_out_rad)
        self.balls_m = np.zeros((frames, 2, 3))
        for side, letter in enumerate(SIDES):
            ball = self.body.bone_m(f"toe1-1.{letter}")
            self.balls_m[:, side] = (
                self.outward_sign(side) * (style.stance_m + 0.02),
                ball[1],
                ball[2],
            )
        self.hands = ([], [])
        self._add_idle_motion()
        for side in (0, 1):
            self.relax(side, at_s=0.0)

    def _add_idle_motion(self) -> None:
        """Add idle motion: weight shifts, breathing, slouch, a moving head."""
        wander, time = self.rng, self.time_s
        self.shift_m[:, 0] += sway(wander, time, size=0.009)
        self.shift_m[:, 2] += sway(wander, time, size=0.006) - 0.01
        breath = 0.008 * np.sin(2 * np.pi * (time / 3.5 + wander.random()))
        self.trunk[:, 0] += self.style.slouch_rad + breath + sway(wander, time, size=0.008)
        self.trunk[:, 1] += sway(wander, time, size=0.015)
        self.head += np.stack([sway(wander, time, size=0.02) for _ in range(3)], axis=1)
        self.head[:, 0] -= 0.8 * self.style.slouch_rad

    @property
    def scale(self) -> float:
        """Stature relative to the one motions are written for."""
        return self.body.build.stature_m / STATURE_M

    def outward_sign(self, side: int) -> int:
        """Sign of the outward direction along x: the person's left is +x."""
        return 1 if side == 0 else -1

    def arm_m(self, side: int) -> tuple[float, float]:
        """Lengths of upper arm and forearm."""
        return self._lengths(side, "upperarm01", "lowerarm01", "wrist")

    def leg_m(self, side: int) -> tuple[float, float]:
        """Lengths of thigh and shin."""
        return self._lengths(side, "upperleg01", "lowerleg01", "foot")

    def _lengths(self, side: int, *bones: str) -> tuple[float, float]:
        a, b, c = (self.body.bone_m(f"{bone}.{SIDES[side]}") for bone in bones)
        return float(np.linalg.norm(b - a)), float(np.linalg.norm(c - b))

    def reach(self, side: int, arrive_s: Number, leave_s: Number, keyframe: HandKeyframe) -> None:
        """Add a keyframe at these times, its offsets scaled to the person."""
        scaled = np.asarray(keyframe.offset_m, np.float64) * self.scale
        arc = np.asarray(keyframe.arc_m, np.float64) * self.scale
        self.hands[side].append(
            HandKeyframe(
                **{
                    **vars(keyframe),
                    "arrive_s": arrive_s,
                    "leave_s": leave_s,
                    "offset_m": scaled,
                    "arc_m": arc,
                }
            )
        )

    def relax(self, side: int, *, at_s: Number, forward_m: Trajectory | float = 0.0) -> None:
        """Let the arm hang from `at_s` on, with the wrist `forward_m` in front of the hip."""
        length, lateral = sum(self.arm_m(side)), self._hip_clearance_m(side)
        offset = np.stack(
            np.broadcast_arrays(lateral, -0.94 * length, 0.05 * length + np.asarray(forward_m)),
            axis=-1,
        )
        arc = np.array([0.1, 0.0, 0.14]) * self.scale
        hang = HandKeyframe(
            at_s, at_s, "shoulder", offset, (0.02, -1, 0.12), (-1, 0, 0.15), elbow=0.35, arc_m=arc
        )
        self.hands[side].append(hang)

    def _hip_clearance_m(self, side: int) -> float:
        """Lateral distance from the shoulder at which a hanging wrist clears the hips."""
        body = self.body
        hip = hips_m(body)
        level = np.abs(body.points_m[:, 1] - hip[1]) < 0.12
        torso = level & (body.template.skin_bone[:, 0] != body.template.bone("wrist.L"))
        near = torso & (np.abs(body.points_m[:, 0]) < 0.3)
        width = float(np.abs(body.points_m[near, 0]).max())
        shoulder = abs(body.bone_m(f"upperarm01.{SIDES[side]}")[0])
        return max(float(width + 0.055 - shoulder), 0.03)

    def touch_m(self, side: int, touch: str) -> Float64[np.ndarray, " 3"]:
        """A point of the hand at rest, relative to the wrist."""
        letter = SIDES[side]
        wrist, frame = self.body.bone_m(f"wrist.{letter}"), palm_frame(self.body, letter)
        middle = 0.5 * (self.body.bone_m(f"finger3-1.{letter}") - wrist) + wrist
        points = {
            "wrist": wrist,
            "palm": middle + 0.018 * frame[:, 1],
            "grip": middle + 0.3 * (middle - wrist) + 0.045 * self.scale * frame[:, 1],
            "knuckles": self.body.bone_m(f"finger3-1.{letter}"),
            "tip": self.body.joints_m[21 if side == 0 else 23],
            "index": self.body.bone_m(f"finger2-3.{letter}") + 0.02 * frame[:, 0],
        }
        return np.asarray(points[touch] - wrist)


def motion_time(frames: int, *, tempo: float) -> Trajectory:
    """Motion time of each frame, scaled by the person's tempo."""
    return np.arange(frames) / FRAME_RATE_HZ * tempo
