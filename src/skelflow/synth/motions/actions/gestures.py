"""Gestures with one or both arms: clap, wave, point, selfie, palms together, crossed hands."""

import numpy as np

from skelflow.synth.motions.motion_plan import HandKeyframe, MotionPlan
from skelflow.synth.motions.props import HeldProp, Prop, make_phone
from skelflow.synth.motions.timing import pulse, swing


def clap(plan: MotionPlan) -> tuple[Prop, ...]:
    """Both palms meet before the chest, again and again."""
    time, style = plan.time_s, plan.style
    claps = 5 + 2 * style.repeats
    rhythm = (1 + np.cos(2 * np.pi * claps * np.clip((time - 0.8) / 2.4, 0, 1))) / 2
    apart = 0.002 + 0.11 * style.amplitude * rhythm
    offset = np.stack([apart, -0.06 + 0 * time, 0.27 + 0 * time], axis=1)
    for side in (0, 1):
        plan.reach(side, 0.75, 3.3, HandKeyframe(
            0, 0, "chest", offset, (-0.15, 0.55, 0.8), (-1, 0, 0),
            touch="palm", grip="flat", elbow=0.2 + 0.5 * style.elbow,
        ))  # fmt: skip
        plan.relax(side, at_s=4.2)
    return ()


def wave(plan: MotionPlan) -> tuple[Prop, ...]:
    """A raised hand goes from side to side."""
    side, time, style = plan.style.hand, plan.time_s, plan.style
    beat = swing(time, 0.9, 3.3, times=4 + style.repeats) * style.amplitude
    offset = np.stack([0.24 + 0.13 * beat, 0.24 - 0.03 * beat**2, 0.2 + 0 * time], axis=1)
    fingers = np.stack([0.45 * beat, 1 + 0 * time, 0.1 + 0 * time], axis=1)
    plan.reach(side, 0.9, 3.3, HandKeyframe(
        0, 0, "shoulder", offset, fingers, (0, 0, 1), grip="flat", elbow=0.3 + 0.4 * style.elbow,
        arc_m=(0.05, 0, 0.12),
    ))  # fmt: skip
    plan.relax(side, at_s=4.2)
    plan.trunk[:, 2] += 0.04 * plan.outward_sign(side) * pulse(time, 0.3, 4.0)
    return ()


def point(plan: MotionPlan) -> tuple[Prop, ...]:
    """The index finger of a stretched arm points at something."""
    side, time, style = plan.style.hand, plan.time_s, plan.style
    way = np.array([plan.rng.uniform(0.1, 0.8), plan.rng.uniform(0.0, 0.3), 1.0])
    way /= np.linalg.norm(way)
    far = 0.95 * sum(plan.arm_m(side)) / plan.scale
    plan.reach(side, 1.0, 2.7, HandKeyframe(
        0, 0, "shoulder", way * far, way, (-0.5, -1, 0), grip="point", elbow=0.25,
        arc_m=(0.02, 0, 0.05),
    ))  # fmt: skip
    plan.relax(side, at_s=3.6)
    gaze = np.arctan2(way[0], way[2]) * plan.outward_sign(side)
    plan.head[:, 1] -= 0.7 * gaze * pulse(time, 0.3, 3.4, edge=0.25)
    plan.trunk[:, 1] -= 0.15 * style.liveliness * gaze * pulse(time, 0.3, 3.4, edge=0.3)
    return ()


def take_selfie(plan: MotionPlan) -> tuple[Prop, ...]:
    """A phone is held out before and above the face; the head leans and smiles at it."""
    side, time, style = plan.style.hand, plan.time_s, plan.style
    tremble = 0.008 * np.sin(2 * np.pi * 1.1 * time)
    offset = np.stack([0.1 + tremble, 0.3 + tremble, 0.47 + 0 * time], axis=1)
    plan.reach(side, 1.1, 9.0, HandKeyframe(
        0, 0, "shoulder", offset, (-0.55, 0.8, 0.1), (0.05, -0.25, -1), touch="grip",
        grip="hold", elbow=0.25 + 0.3 * style.elbow, arc_m=(0.06, 0, 0.06),
    ))  # fmt: skip
    lean = pulse(time, 0.8, 9.0, edge=0.1)
    plan.head[:, 2] += (0.1 + 0.1 * style.liveliness) * plan.outward_sign(side) * lean
    plan.head[:, 1] -= 0.2 * plan.outward_sign(side) * lean
    plan.head[:, 0] -= 0.12 * lean
    return (HeldProp(make_phone(), side, plan.touch_m(side, "grip")),)


def join_palms(plan: MotionPlan) -> tuple[Prop, ...]:
    """Both palms meet before the chest, fingers up, the head bows a little."""
    time, style = plan.time_s, plan.style
    for side in (0, 1):
        plan.reach(side, 1.0, 2.8, HandKeyframe(
            0, 0, "chest", (0.001, 0.02, 0.15), (-0.1, 1, 0.25), (-1, 0, 0), touch="palm",
            grip="flat", elbow=0.45 + 0.4 * style.elbow, arc_m=(0.12, 0, 0.08),
        ))  # fmt: skip
        plan.relax(side, at_s=3.7)
    plan.head[:, 0] += 0.16 * style.liveliness * pulse(time, 0.9, 3.0, edge=0.3)
    plan.trunk[:, 0] += 0.07 * style.liveliness * pulse(time, 0.9, 3.0, edge=0.3)
    return ()


def cross_hands(plan: MotionPlan) -> tuple[Prop, ...]:
    """Both forearms cross before the chest: stop."""
    front = plan.style.hand
    for side in (0, 1):
        ahead = 0.3 if side == front else 0.22
        plan.reach(side, 0.95, 2.6, HandKeyframe(
            0, 0, "chest", (-0.07, 0.07, ahead), (-0.6, 0.85, 0.1), (-0.2, 0.0, 1),
            grip="flat", elbow=0.05 + 0.3 * plan.style.elbow,
            arc_m=(0.12, 0, 0.1 if side == front else 0.02),
        ))  # fmt: skip
        plan.relax(side, at_s=3.5)
    return ()
