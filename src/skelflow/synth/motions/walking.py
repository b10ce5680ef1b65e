"""Walking: alternating steps along a path of the hips."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float64

from skelflow.synth.motions.motion_plan import MotionPlan
from skelflow.synth.motions.timing import Trajectory, ease, pulse

# time -> (left, forward, heading): meters on the person's own axes, radians to the right
Path = Callable[[Trajectory], Float64[np.ndarray, "t 3"]]

LIFT_M = 0.055
HEEL_RAD = 0.65  # heel lift before toe-off
TOE_RAD = 0.28  # toe lift before heel strike


def walk(plan: MotionPlan, path: Path, *, start_s: float, end_s: float, steps: int) -> None:
    """Walk along a path; each foot lands where the hips will be at mid-stance."""
    time = plan.time_s
    way = path(time)
    plan.shift_m[:, 0] += way[:, 0]
    plan.shift_m[:, 2] += way[:, 1]
    plan.pelvis[:, 1] += way[:, 2]
    duration_s = (end_s - start_s) / steps
    phase = np.zeros_like(time)
    for number in range(steps):
        side = (plan.style.hand + number) % 2
        leave = start_s + number * duration_s
        _take_step(
            plan, path, side, leave, leave + duration_s, min(leave + 1.5 * duration_s, end_s)
        )
        phase += (1 if side == 1 else -1) * pulse(time, leave, leave + 2 * duration_s, edge=0.5)
    phase *= min(1.0, 1.2 / max(np.abs(phase).max(), 1e-6))
    plan.trunk[:, 1] += 0.08 * phase
    plan.pelvis[:, 1] -= 0.06 * phase
    plan.trunk[:, 0] += 0.05 * pulse(time, start_s, end_s, edge=0.2)
    for side in (0, 1):
        forward = 0.17 * plan.style.amplitude * plan.scale * phase * (1 if side == 0 else -1)
        plan.hands[side].clear()
        plan.relax(side, at_s=0.0, forward_m=forward)


def _take_step(
    plan: MotionPlan, path: Path, side: int, leave_s: float, land_s: float, stance_s: float
) -> None:
    """Move one foot to the path's position at `stance_s`."""
    time, duration_s = plan.time_s, land_s - leave_s
    share = ease(time, leave_s, land_s)
    left, forward, heading = path(np.array([stance_s]))[0]
    old = plan.heading_rad[:, side]
    aside = plan.outward_sign(side) * (0.8 * plan.style.stance_m + 0.02)
    rest = plan.body.bone_m("toe1-1.L")[2]
    goal_x = left + aside * np.cos(heading) + rest * np.sin(heading)
    goal_z = -forward - aside * np.sin(heading) + rest * np.cos(heading)
    plan.balls_m[:, side, 0] += share * (goal_x - plan.balls_m[:, side, 0])
    plan.balls_m[:, side, 2] += share * (goal_z - plan.balls_m[:, side, 2])
    plan.heading_rad[:, side] = old + share * (heading - old)
    heel = pulse(time, leave_s - 0.45 * duration_s, land_s - 0.25 * duration_s, edge=0.5)
    toe = pulse(time, land_s - 0.5 * duration_s, land_s + 0.35 * duration_s, edge=0.5)
    plan.heel_rad[:, side] += HEEL_RAD * heel - TOE_RAD * toe
    foot_m = abs(float(plan.body.bone_m("foot.L")[2] - rest)) + 0.05
    lift = LIFT_M * plan.scale * 4 * share * (1 - share) + foot_m * np.sin(TOE_RAD * toe)
    plan.balls_m[:, side, 1] -= lift
