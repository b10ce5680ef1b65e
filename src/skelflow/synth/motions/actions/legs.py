"""Motions of the legs: kick, hop on one foot, jump."""

import numpy as np

from skelflow.synth.motions.motion_plan import HandKeyframe, MotionPlan
from skelflow.synth.motions.props import Prop
from skelflow.synth.motions.timing import Trajectory, ease, pulse

LEG_M = 0.87  # of the person that kicks are written for


def kick(plan: MotionPlan) -> tuple[Prop, ...]:
    """Weight goes onto one leg; the other swings back, kicks forward and comes down again."""
    foot, time, style = plan.style.hand, plan.time_s, plan.style
    wide = min(style.amplitude, 1.0) * sum(plan.leg_m(foot)) / LEG_M
    back, forth = pulse(time, 0.5, 1.35, edge=0.45), _strike(time, 1.0, 1.32, 2.2)
    up = pulse(time, 0.35, 2.2, edge=0.3)
    plan.balls_m[:, foot, 2] -= wide * (0.76 * forth - 0.28 * back)
    plan.balls_m[:, foot, 1] -= wide * (0.42 * forth + 0.13 * back + 0.04 * up)
    plan.balls_m[:, foot, 0] -= 0.04 * plan.outward_sign(foot) * up
    plan.heel_rad[:, foot] += 0.7 * back - 0.15 * forth
    plan.shift_m[:, 0] -= plan.outward_sign(foot) * (0.8 * style.stance_m) * up
    plan.shift_m[:, 1] -= 0.03 * up
    plan.trunk[:, 0] += 0.14 * back - 0.2 * forth
    plan.pelvis[:, 1] += 0.2 * plan.outward_sign(foot) * (forth - back)
    plan.head[:, 0] += 0.2 * up
    for side in (0, 1):
        against = 1 if side != foot else -1
        plan.hands[side][-1] = _swung(plan, side, 0.5 * against * (forth - 0.6 * back), 0.4 * up)
    return ()


def hop(plan: MotionPlan) -> tuple[Prop, ...]:
    """Hops on one foot, the other held up behind."""
    foot, time, style = plan.style.hand, plan.time_s, plan.style
    other = 1 - foot
    up = pulse(time, 0.3, 3.4, edge=0.2)
    plan.balls_m[:, other, 1] -= 0.3 * plan.scale * up
    plan.balls_m[:, other, 2] += 0.24 * plan.scale * up
    plan.heel_rad[:, other] += 0.7 * up
    plan.shift_m[:, 0] += plan.outward_sign(foot) * 0.95 * style.stance_m * up
    count, first, period_s = 3 + style.repeats, 0.95, 0.62
    for number in range(count):
        _bounce(
            plan, first + number * period_s, period_s, high_m=0.11 * style.amplitude, dip_m=0.07
        )
    plan.trunk[:, 0] += 0.1 * up
    spread = 0.45 * up * style.liveliness
    for side in (0, 1):
        plan.hands[side][-1] = _swung(plan, side, 0.1 * up, spread)
    return ()


def jump(plan: MotionPlan) -> tuple[Prop, ...]:
    """Crouches with the arms back, jumps with the arms up, lands soft."""
    time, style = plan.time_s, plan.style
    count, period_s = (1 if style.repeats < 1 else 2), 1.35
    swung, raised = np.zeros_like(time), np.zeros_like(time)
    for number in range(count):
        start = 0.2 + number * period_s
        crouch = pulse(time, start, start + 0.62, edge=0.45)
        plan.trunk[:, 0] += 0.5 * crouch
        plan.pelvis[:, 0] += 0.2 * crouch
        plan.head[:, 0] -= 0.35 * crouch
        _bounce(plan, start + 0.1, 1.15, high_m=0.24 * style.amplitude, dip_m=0.24)
        lift = pulse(time, start + 0.3, start + 1.45, edge=0.48)
        swung += (0.9 + 0.7 * style.liveliness) * lift - 0.6 * crouch
        raised += 0.15 * lift
    for side in (0, 1):
        plan.hands[side][-1] = _swung(plan, side, swung, raised)
    return ()


def _bounce(
    plan: MotionPlan, start_s: float, duration_s: float, *, high_m: float, dip_m: float
) -> None:
    """Both feet leave the floor once: bend, fly a parabola, bend."""
    time, scale = plan.time_s, plan.scale
    leave, land = start_s + 0.38 * duration_s, start_s + 0.74 * duration_s
    fly = np.clip((time - leave) / (land - leave), 0, 1)
    plan.balls_m[:, :, 1] -= (4 * high_m * scale * fly * (1 - fly))[:, None]
    toes = pulse(time, leave - 0.08, land + 0.06, edge=0.3)
    plan.heel_rad += 0.45 * toes[:, None]
    bend = pulse(time, start_s, leave + 0.04, edge=0.5)
    bend += 0.7 * pulse(time, land - 0.04, start_s + 1.1 * duration_s, edge=0.4)
    plan.shift_m[:, 1] -= dip_m * scale * bend


def _strike(time: Trajectory, start_s: float, hit_s: float, back_s: float) -> Trajectory:
    """Fast there, slowly back."""
    return np.asarray(ease(time, start_s, hit_s) - ease(time, hit_s + 0.08, back_s))


def _swung(
    plan: MotionPlan, side: int, forward_rad: Trajectory, aside_rad: Trajectory
) -> HandKeyframe:
    """An arm that goes along: how far it is swung forward, and away from the body."""
    length = 0.94 * sum(plan.arm_m(side))
    aside = 0.12 + aside_rad
    flat = length * np.cos(aside)
    offset = np.stack(
        [
            length * np.sin(aside),
            -flat * np.cos(forward_rad + 0.06),
            flat * np.sin(forward_rad + 0.06),
        ],
        axis=1,
    )
    down = np.stack([0 * aside, -np.cos(forward_rad), np.sin(forward_rad) + 0.12], axis=1)
    return HandKeyframe(0.0, 0.0, "shoulder", offset, down, (-1, 0, 0.15), elbow=0.4)
