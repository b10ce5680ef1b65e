"""Sitting down on a chair, and standing up from it."""

from skelflow.synth.motions.actions.parts import Part
from skelflow.synth.motions.play import Hold, Play
from skelflow.synth.motions.props import Standing, make_chair
from skelflow.synth.motions.timing import Course, ease, pulse

HIP_OVER_SEAT_M = 0.085


def sit_down(play: Play) -> Part:
    """Leans forward, lowers the hips onto the chair behind, settles."""
    lasts = 1.5
    _sit(play, ease(play.time_s, 0.5, 0.5 + lasts), 0.4, 0.7 + lasts)
    _rest_hands(play, 1.3, 9.0)
    return _chair(play)


def stand_up(play: Play) -> Part:
    """Leans forward, lifts the hips off the chair, straightens."""
    lasts = 1.4
    _sit(play, 1 - ease(play.time_s, 0.7, 0.7 + lasts), 0.35, 0.9 + lasts)
    _rest_hands(play, -2.0, 0.8)
    for side in (0, 1):
        play.relax(side, at_s=1.0 + lasts)
    return _chair(play)


def _sit(play: Play, down: Course, start_s: float, end_s: float) -> None:
    """The hips follow `down`: 0 standing, 1 on the seat."""
    play.seat += down
    play.seat_m = _seat_m(play) + HIP_OVER_SEAT_M * play.scale
    play.shift_m[:, 2] -= _back_m(play) * down
    bow = pulse(play.time_s, start_s, end_s, edge=0.5)
    play.pelvis[:, 0] += 0.45 * bow * play.style.amplitude - 0.12 * down
    play.trunk[:, 0] += 0.35 * bow * play.style.amplitude + 0.08 * down
    play.head[:, 0] -= 0.3 * bow


def _rest_hands(play: Play, arrive_s: float, leave_s: float) -> None:
    """Both hands lie on the thighs."""
    for side in (0, 1):
        if arrive_s < 0:
            play.hands[side].clear()
        play.reach(side, arrive_s, leave_s, Hold(
            0, 0, "hip", (0.02, 0.1, 0.3), (-0.35, -0.1, 1), (0, -1, 0), touch="palm",
            elbow=0.35, arc_m=(0.05, 0, 0.06),
        ))  # fmt: skip


def _seat_m(play: Play) -> float:
    """A seat a little lower than the knee."""
    return -float(play.body.bone_m("lowerleg01.L")[1]) - 0.05


def _back_m(play: Play) -> float:
    """How far behind the feet the hips are when sitting."""
    return 0.95 * play.leg_m(0)[0]


def _chair(play: Play) -> Part:
    return Part((Standing(make_chair(_seat_m(play), back_m=_back_m(play) - 0.03)),))
