"""Two people: one punches the other, both walk towards each other, both walk apart."""

import numpy as np
from jaxtyping import Float64

from skelflow.synth.motions.motion_plan import HandKeyframe, MotionPlan
from skelflow.synth.motions.timing import Trajectory, ease, pulse
from skelflow.synth.motions.walking import walk

NEAR_M = 0.85  # how far apart two people stop


def punch_distance(plan: MotionPlan, other: MotionPlan) -> float:
    """How far apart a fist reaches a face when its owner leans in."""
    return sum(plan.arm_m(0)) + 0.27 * other.scale


def punch(plan: MotionPlan, other: MotionPlan, distance_m: float) -> None:
    """One punches, the other's head and trunk go back."""
    side, time, style = plan.style.hand, plan.time_s, plan.style
    face_m = -float(other.body.landmark_m("mouth")[1]) / plan.scale
    ahead = (distance_m - 0.2 * other.scale) / plan.scale
    for arm in (0, 1):
        plan.reach(arm, 0.75, 1.0 if arm == side else 1.9, _guard(0.05 if arm == side else 0.12))
    plan.reach(side, 1.25, 1.32, HandKeyframe(
        0, 0, "floor", (0.0, face_m, ahead), (0, 0, 1), (-0.3, -1, 0), touch="knuckles",
        grip="fist", elbow=0.7, arc_m=(0.05, 0, 0),
    ))  # fmt: skip
    plan.reach(side, 1.7, 1.9, _guard(0.05))
    for arm in (0, 1):
        plan.relax(arm, at_s=2.7)
    hit = ease(time, 1.02, 1.25) - ease(time, 1.35, 1.9)
    plan.trunk[:, 1] += plan.outward_sign(side) * (0.4 * hit - 0.15 * pulse(time, 0.6, 1.2))
    plan.head[:, 1] -= plan.outward_sign(side) * 0.35 * hit
    plan.trunk[:, 0] += 0.22 * hit
    plan.shift_m[:, 2] += 0.08 * hit
    _reel(other, style.amplitude)


def _guard(out: float) -> HandKeyframe:
    """A fist before the shoulder."""
    return HandKeyframe(
        0, 0, "shoulder", (-out, -0.02, 0.24), (-0.2, 0.85, 0.5), (-0.6, 0, -0.6),
        grip="fist", elbow=0.25, arc_m=(0.03, 0, 0.05),
    )  # fmt: skip


def _reel(other: MotionPlan, force: float) -> None:
    """Head and trunk thrown back, hands up before the body."""
    back = other.time_s
    hit = ease(back, 1.2, 1.45) - ease(back, 1.7, 2.6)
    other.trunk[:, 0] -= 0.28 * force * hit
    other.head[:, 0] -= 0.3 * force * hit
    other.head[:, 1] += 0.35 * force * hit
    other.shift_m[:, 2] -= 0.08 * force * hit
    for side in (0, 1):
        other.relax(side, at_s=1.15)
        other.reach(side, 1.6, 1.8, HandKeyframe(
            0, 0, "shoulder", (0.12, -0.24, 0.3), (-0.2, 0.7, 0.7), (0, -0.4, 1), grip="loose",
            elbow=0.4, arc_m=(0.1, 0, 0.05),
        ))  # fmt: skip
        other.relax(side, at_s=2.8)


def approach_distance(plan: MotionPlan, other: MotionPlan) -> float:
    """How far apart two people begin to walk towards each other."""
    return NEAR_M + 1.25 * (plan.scale + other.scale)


def approach(plan: MotionPlan, other: MotionPlan, distance_m: float) -> None:
    """Both walk towards each other and stop face to face."""
    for part in (plan, other):
        _go(part, (distance_m - NEAR_M) / 2, 0.3, 2.9)


def _go(plan: MotionPlan, far_m: float, start_s: float, end_s: float) -> None:
    """Straight ahead in steps of about 0.6 m."""

    def path(time: Trajectory) -> Float64[np.ndarray, "t 3"]:
        forward = far_m * _cruise(time, start_s, end_s)
        return np.stack([0 * time, forward, 0 * time], axis=1)

    steps = max(round(far_m / (0.5 * plan.scale)), 2) + 1
    walk(plan, path, start_s=start_s, end_s=end_s, steps=steps)


def _cruise(time: Trajectory, start_s: float, end_s: float, edge: float = 0.22) -> Trajectory:
    """From 0 to 1 at an even pace, speeding up and slowing down over the share `edge`."""
    s = np.clip((time - start_s) / (end_s - start_s), 0, 1)
    rise = np.clip(s / edge, 0, 1)
    fall = np.clip((1 - s) / edge, 0, 1)
    even = np.clip(s, edge, 1 - edge) - edge
    ramp = edge * (rise**3 - rise**4 / 2) + even + edge * (0.5 - fall**3 + fall**4 / 2)
    return np.asarray(ramp / (1 - edge))


def part_distance(plan: MotionPlan, other: MotionPlan) -> float:
    """How far apart two people stand before they part."""
    return NEAR_M + 0.05 * (plan.scale + other.scale)


def walk_apart(plan: MotionPlan, other: MotionPlan, distance_m: float) -> None:
    """Both turn round and walk away from each other."""
    del distance_m
    for part, way in ((plan, 1), (other, 1)):
        _leave(part, 1.15 * part.scale, yaw_rad=way * np.pi)


def _leave(plan: MotionPlan, far_m: float, *, yaw_rad: float) -> None:
    """Turn on the spot while setting off, then straight away."""

    def path(time: Trajectory) -> Float64[np.ndarray, "t 3"]:
        heading = yaw_rad * ease(time, 0.2, 1.5)
        forward = -far_m * _cruise(time, 0.8, 3.3)
        return np.stack([0 * time, forward, heading], axis=1)

    walk(plan, path, start_s=0.25, end_s=3.4, steps=6)
