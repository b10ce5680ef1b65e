"""Hands that go to the face: drink, eat, brush teeth, phone, wipe, salute."""

import numpy as np

from skelflow.synth.motions.actions.parts import Part
from skelflow.synth.motions.play import Hold, Play, palm_for
from skelflow.synth.motions.props import (
    Carried,
    make_cup,
    make_phone,
    make_snack,
    make_toothbrush,
)
from skelflow.synth.motions.timing import pulse, swing


def drink(play: Play) -> Part:
    """A mug goes to the mouth, the head leans back, the mug goes down again."""
    side, away = play.style.hand, 0.25 * play.style.elbow
    play.reach(side, 0.7, 0.8, _before_chest(0.02, -0.3, 0.3))
    at_mouth = Hold(
        0, 0, "mouth", (0.0, -0.045, 0.06), (-1, 0.12, 0.25), (0.2, 0.15, -1),
        touch="grip", grip="clutch", elbow=0.25 + away, arc_m=(0.02, 0, 0.04),
    )  # fmt: skip
    play.reach(side, 1.5, 2.5, at_mouth)
    play.reach(side, 3.1, 3.2, _before_chest(0.04, -0.32, 0.28))
    play.relax(side, at_s=4.0)
    play.head[:, 0] -= 0.3 * play.style.amplitude * pulse(play.time_s, 1.2, 2.9, edge=0.35)
    return Part((Carried(make_cup(), side, play.touch_m(side, "grip")),))


def eat(play: Play) -> Part:
    """Bites off a snack, twice or more, chewing between."""
    side, bites = play.style.hand, 2 + max(play.style.repeats, 0)
    each = 3.2 / bites
    at_mouth = Hold(
        0, 0, "mouth", (0.02, -0.04, 0.075), (-0.9, 0.15, 0.4), (-0.3, -0.2, -1),
        touch="grip", grip="pinch", elbow=0.15 + 0.4 * play.style.elbow,
    )  # fmt: skip
    for bite in range(bites):
        start = 0.3 + bite * each
        play.reach(side, start + 0.42 * each, start + 0.58 * each, at_mouth)
        play.reach(side, start + each, start + each, _before_chest(0.0, -0.2, 0.26))
        play.head[:, 0] += 0.16 * pulse(play.time_s, start + 0.2 * each, start + 0.8 * each)
    play.relax(side, at_s=4.3)
    return Part((Carried(make_snack(), side, play.touch_m(side, "grip")),))


def brush_teeth(play: Play) -> Part:
    """A brush goes to and fro before the teeth."""
    side, time = play.style.hand, play.time_s
    strokes = swing(time, 1.0, 3.4, times=7 + play.style.repeats)
    offset = np.stack(
        [0.06 + 0.02 * play.style.amplitude * strokes, -0.02 + 0 * time, 0.105 + 0 * time], axis=1
    )
    fingers = (-0.3, 0.9, 0.35)
    at_mouth = Hold(
        0, 0, "mouth", offset, fingers, palm_for(fingers, (-0.5, 0.15, -0.85)),
        touch="grip", grip="fist", elbow=0.3 + 0.6 * play.style.elbow,
    )  # fmt: skip
    play.reach(side, 0.95, 3.45, at_mouth)
    play.relax(side, at_s=4.3)
    play.head[:, 0] += 0.08 * pulse(time, 0.5, 3.8)
    return Part((Carried(make_toothbrush(), side, play.touch_m(side, "grip")),))


def phone(play: Play) -> Part:
    """A phone is looked at, lifted to the ear and listened to."""
    side, time = play.style.hand, play.time_s
    ear = "left_ear" if side == 0 else "right_ear"
    play.reach(side, 0.7, 0.9, _before_chest(0.0, -0.18, 0.28))
    at_ear = Hold(
        0, 0, ear, (0.03, -0.02, 0.03), (-0.1, 0.9, -0.25), (-1, -0.05, -0.1),
        touch="grip", grip="hold", elbow=0.25 + 0.5 * play.style.elbow, arc_m=(0.06, 0, 0.03),
    )  # fmt: skip
    play.reach(side, 1.7, 9.0, at_ear)
    tilt = 0.14 * pulse(time, 1.2, 9.0, edge=0.08)
    play.head[:, 2] += play.out(side) * tilt
    play.head[:, 0] += 0.25 * pulse(time, 0.3, 1.5) + 0.05 * swing(time, 1.8, 4.2, times=2)
    return Part((Carried(make_phone(), side, play.touch_m(side, "grip")),))


def wipe_face(play: Play) -> Part:
    """A flat hand goes over the face, down and up."""
    side, time = play.style.hand, play.time_s
    wipes = swing(time, 1.0, 3.0, times=2.5 + 0.5 * play.style.repeats)
    offset = np.stack(
        [0.015 + 0.02 * wipes, 0.01 + 0.065 * play.style.amplitude * wipes, 0.012 + 0 * time],
        axis=1,
    )
    on_face = Hold(
        0, 0, "nose", offset, (-0.75, 0.7, 0.1), (-0.05, 0, -1),
        touch="palm", grip="flat", elbow=0.3 + 0.6 * play.style.elbow, arc_m=(0, 0, 0.08),
    )  # fmt: skip
    play.reach(side, 1.0, 3.0, on_face)
    play.relax(side, at_s=3.9)
    play.head[:, 0] += 0.15 * pulse(time, 0.5, 3.5)
    return Part()


def salute(play: Play) -> Part:
    """The fingertips go to the temple, the elbow out."""
    side, time = play.style.hand, play.time_s
    temple = "left_temple" if side == 0 else "right_temple"
    play.reach(side, 1.0, 2.6, Hold(
        0, 0, temple, (0.015, 0.025, 0.025), (-0.8, 0.55, 0.15), (-0.1, -0.75, 0.6),
        touch="index", grip="flat", elbow=0.8 + 0.2 * play.style.amplitude, arc_m=(0.08, 0, 0.1),
    ))  # fmt: skip
    play.relax(side, at_s=3.4)
    play.trunk[:, 0] -= 0.05 * pulse(time, 0.4, 3.2)
    return Part()


def _before_chest(out: float, up: float, front: float) -> Hold:
    """A thing is held before the chest, upright."""
    return Hold(
        0, 0, "shoulder", (out, up, front), (-0.45, 0.1, 1), (-1, 0, -0.4),
        touch="grip", grip="clutch", elbow=0.15,
    )  # fmt: skip
