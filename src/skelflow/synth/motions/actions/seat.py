"""Sitting down on a chair, and standing up from it."""

from skelflow.synth.motions.motion_plan import HandKeyframe, MotionPlan
from skelflow.synth.motions.props import FixedProp, Prop, make_chair
from skelflow.synth.motions.timing import Trajectory, ease, pulse

HIP_OVER_SEAT_M = 0.085


def sit_down(plan: MotionPlan) -> tuple[Prop, ...]:
    """Leans forward, lowers the hips onto the chair behind, settles."""
    duration_s = 1.5
    _sit(plan, ease(plan.time_s, 0.5, 0.5 + duration_s), 0.4, 0.7 + duration_s)
    _rest_hands(plan, 1.3, 9.0)
    return _chair(plan)


def stand_up(plan: MotionPlan) -> tuple[Prop, ...]:
    """Leans forward, lifts the hips off the chair, straightens."""
    duration_s = 1.4
    _sit(plan, 1 - ease(plan.time_s, 0.7, 0.7 + duration_s), 0.35, 0.9 + duration_s)
    _rest_hands(plan, -2.0, 0.8)
    for side in (0, 1):
        plan.relax(side, at_s=1.0 + duration_s)
    return _chair(plan)


def _sit(plan: MotionPlan, down: Trajectory, start_s: float, end_s: float) -> None:
    """The hips follow `down`: 0 standing, 1 on the seat."""
    plan.seat += down
    plan.seat_m = _seat_m(plan) + HIP_OVER_SEAT_M * plan.scale
    plan.shift_m[:, 2] -= _back_m(plan) * down
    bow = pulse(plan.time_s, start_s, end_s, edge=0.5)
    plan.pelvis[:, 0] += 0.45 * bow * plan.style.amplitude - 0.12 * down
    plan.trunk[:, 0] += 0.35 * bow * plan.style.amplitude + 0.08 * down
    plan.head[:, 0] -= 0.3 * bow


def _rest_hands(plan: MotionPlan, arrive_s: float, leave_s: float) -> None:
    """Both hands lie on the thighs."""
    for side in (0, 1):
        if arrive_s < 0:
            plan.hands[side].clear()
        plan.reach(side, arrive_s, leave_s, HandKeyframe(
            0, 0, "hip", (0.02, 0.1, 0.3), (-0.35, -0.1, 1), (0, -1, 0), touch="palm",
            elbow=0.35, arc_m=(0.05, 0, 0.06),
        ))  # fmt: skip


def _seat_m(plan: MotionPlan) -> float:
    """A seat a little lower than the knee."""
    return -float(plan.body.bone_m("lowerleg01.L")[1]) - 0.05


def _back_m(plan: MotionPlan) -> float:
    """How far behind the feet the hips are when sitting."""
    return 0.95 * plan.leg_m(0)[0]


def _chair(plan: MotionPlan) -> tuple[Prop, ...]:
    return (FixedProp(make_chair(_seat_m(plan), back_m=_back_m(plan) - 0.03)),)
