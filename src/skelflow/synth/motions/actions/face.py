"""Hands that go to the face: drink, eat, brush teeth, phone, wipe, salute."""

import numpy as np

from skelflow.synth.motions.motion_plan import HandKeyframe, MotionPlan, palm_for
from skelflow.synth.motions.props import (
    HeldProp,
    Prop,
    make_cup,
    make_phone,
    make_snack,
    make_toothbrush,
)
from skelflow.synth.motions.timing import pulse, swing


def drink(plan: MotionPlan) -> tuple[Prop, ...]:
    """A mug goes to the mouth, the head leans back, the mug goes down again."""
    side, away = plan.style.hand, 0.25 * plan.style.elbow
    plan.reach(side, 0.7, 0.8, _before_chest(0.02, -0.3, 0.3))
    at_mouth = HandKeyframe(
        0, 0, "mouth", (0.0, -0.045, 0.06), (-1, 0.12, 0.25), (0.2, 0.15, -1),
        touch="grip", grip="clutch", elbow=0.25 + away, arc_m=(0.02, 0, 0.04),
    )  # fmt: skip
    plan.reach(side, 1.5, 2.5, at_mouth)
    plan.reach(side, 3.1, 3.2, _before_chest(0.04, -0.32, 0.28))
    plan.relax(side, at_s=4.0)
    plan.head[:, 0] -= 0.3 * plan.style.amplitude * pulse(plan.time_s, 1.2, 2.9, edge=0.35)
    return (HeldProp(make_cup(), side, plan.touch_m(side, "grip")),)


def eat(plan: MotionPlan) -> tuple[Prop, ...]:
    """Bites off a snack, twice or more, chewing between."""
    side, bites = plan.style.hand, 2 + max(plan.style.repeats, 0)
    period_s = 3.2 / bites
    at_mouth = HandKeyframe(
        0, 0, "mouth", (0.02, -0.04, 0.075), (-0.9, 0.15, 0.4), (-0.3, -0.2, -1),
        touch="grip", grip="pinch", elbow=0.15 + 0.4 * plan.style.elbow,
    )  # fmt: skip
    for bite in range(bites):
        start = 0.3 + bite * period_s
        plan.reach(side, start + 0.42 * period_s, start + 0.58 * period_s, at_mouth)
        plan.reach(side, start + period_s, start + period_s, _before_chest(0.0, -0.2, 0.26))
        plan.head[:, 0] += 0.16 * pulse(plan.time_s, start + 0.2 * period_s, start + 0.8 * period_s)
    plan.relax(side, at_s=4.3)
    return (HeldProp(make_snack(), side, plan.touch_m(side, "grip")),)


def brush_teeth(plan: MotionPlan) -> tuple[Prop, ...]:
    """A brush goes to and fro before the teeth."""
    side, time = plan.style.hand, plan.time_s
    strokes = swing(time, 1.0, 3.4, times=7 + plan.style.repeats)
    offset = np.stack(
        [0.06 + 0.02 * plan.style.amplitude * strokes, -0.02 + 0 * time, 0.105 + 0 * time], axis=1
    )
    fingers = (-0.3, 0.9, 0.35)
    at_mouth = HandKeyframe(
        0, 0, "mouth", offset, fingers, palm_for(fingers, (-0.5, 0.15, -0.85)),
        touch="grip", grip="fist", elbow=0.3 + 0.6 * plan.style.elbow,
    )  # fmt: skip
    plan.reach(side, 0.95, 3.45, at_mouth)
    plan.relax(side, at_s=4.3)
    plan.head[:, 0] += 0.08 * pulse(time, 0.5, 3.8)
    return (HeldProp(make_toothbrush(), side, plan.touch_m(side, "grip")),)


def phone(plan: MotionPlan) -> tuple[Prop, ...]:
    """A phone is looked at, lifted to the ear and listened to."""
    side, time = plan.style.hand, plan.time_s
    ear = "left_ear" if side == 0 else "right_ear"
    plan.reach(side, 0.7, 0.9, _before_chest(0.0, -0.18, 0.28))
    at_ear = HandKeyframe(
        0, 0, ear, (0.03, -0.02, 0.03), (-0.1, 0.9, -0.25), (-1, -0.05, -0.1),
        touch="grip", grip="hold", elbow=0.25 + 0.5 * plan.style.elbow, arc_m=(0.06, 0, 0.03),
    )  # fmt: skip
    plan.reach(side, 1.7, 9.0, at_ear)
    tilt = 0.14 * pulse(time, 1.2, 9.0, edge=0.08)
    plan.head[:, 2] += plan.outward_sign(side) * tilt
    plan.head[:, 0] += 0.25 * pulse(time, 0.3, 1.5) + 0.05 * swing(time, 1.8, 4.2, times=2)
    return (HeldProp(make_phone(), side, plan.touch_m(side, "grip")),)


def wipe_face(plan: MotionPlan) -> tuple[Prop, ...]:
    """A flat hand goes over the face, down and up."""
    side, time = plan.style.hand, plan.time_s
    wipes = swing(time, 1.0, 3.0, times=2.5 + 0.5 * plan.style.repeats)
    offset = np.stack(
        [0.015 + 0.02 * wipes, 0.01 + 0.065 * plan.style.amplitude * wipes, 0.012 + 0 * time],
        axis=1,
    )
    on_face = HandKeyframe(
        0, 0, "nose", offset, (-0.75, 0.7, 0.1), (-0.05, 0, -1),
        touch="palm", grip="flat", elbow=0.3 + 0.6 * plan.style.elbow, arc_m=(0, 0, 0.08),
    )  # fmt: skip
    plan.reach(side, 1.0, 3.0, on_face)
    plan.relax(side, at_s=3.9)
    plan.head[:, 0] += 0.15 * pulse(time, 0.5, 3.5)
    return ()


def salute(plan: MotionPlan) -> tuple[Prop, ...]:
    """The fingertips go to the temple, the elbow out."""
    side, time = plan.style.hand, plan.time_s
    temple = "left_temple" if side == 0 else "right_temple"
    plan.reach(side, 1.0, 2.6, HandKeyframe(
        0, 0, temple, (0.015, 0.025, 0.025), (-0.8, 0.55, 0.15), (-0.1, -0.75, 0.6),
        touch="index", grip="flat", elbow=0.8 + 0.2 * plan.style.amplitude, arc_m=(0.08, 0, 0.1),
    ))  # fmt: skip
    plan.relax(side, at_s=3.4)
    plan.trunk[:, 0] -= 0.05 * pulse(time, 0.4, 3.2)
    return ()


def _before_chest(out: float, up: float, front: float) -> HandKeyframe:
    """An object held upright in front of the chest."""
    return HandKeyframe(
        0, 0, "shoulder", (out, up, front), (-0.45, 0.1, 1), (-1, 0, -0.4),
        touch="grip", grip="clutch", elbow=0.15,
    )  # fmt: skip
