"""Throwing something away."""

from skelflow.synth.motions.motion_plan import HandKeyframe, MotionPlan
from skelflow.synth.motions.props import HeldProp, Prop, make_crumple
from skelflow.synth.motions.timing import ease, pulse


def throw(plan: MotionPlan) -> tuple[Prop, ...]:
    """A hand goes back over the shoulder, then forward; what it held flies on."""
    side, time, style = plan.style.hand, plan.time_s, plan.style
    wide = style.amplitude
    windup = HandKeyframe(
        0, 0, "shoulder", (0.22 * wide, 0.24, -0.14 * wide), (0.1, 0.8, -0.6), (-0.2, 0.6, 0.8),
        touch="grip", grip="clutch", elbow=0.85, arc_m=(0.18, 0, 0.12),
    )  # fmt: skip
    follow = HandKeyframe(
        0, 0, "shoulder", (-0.1, 0.02, 0.58), (-0.1, -0.3, 1), (-0.2, -1, -0.2),
        touch="grip", grip="flat", elbow=0.5, arc_m=(0.05, 0.22, 0.05),
    )  # fmt: skip
    plan.reach(side, 1.0, 1.15, windup)
    plan.reach(side, 1.52, 1.55, follow)
    plan.relax(side, at_s=2.4)
    back, forth = pulse(time, 0.4, 1.35, edge=0.45), ease(time, 1.1, 1.5) - ease(time, 1.8, 2.6)
    yaw = plan.outward_sign(side) * (0.35 * forth - 0.45 * back)
    plan.trunk[:, 1] += yaw * wide
    plan.head[:, 1] -= 0.8 * yaw * wide
    plan.trunk[:, 0] += 0.16 * forth - 0.06 * back
    plan.shift_m[:, 2] += 0.07 * forth - 0.05 * back
    paper = make_crumple(plan.rng)
    return (HeldProp(paper, side, plan.touch_m(side, "grip"), release_s=1.32),)
