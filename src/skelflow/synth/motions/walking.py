"""Steps: feet that follow a path of the hips, one after the other."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float64

from skelflow.synth.motions.play import Play
from skelflow.synth.motions.timing import Course, ease, pulse

# time -> (left, forward, heading): meters on the person's own axes, radians to the right
Path = Callable[[Course], Float64[np.ndarray, "t 3"]]

LIFT_M = 0.055
HEEL_RAD = 0.65  # heel lifted before the foot leaves
TOE_RAD = 0.28  # toes lifted before it lands


def walk(play: Play, path: Path, *, start_s: float, end_s: float, steps: int) -> None:
    """Walk along a path: each foot lands where the hips will be in the middle of its stance."""
    time = play.time_s
    way = path(time)
    play.shift_m[:, 0] += way[:, 0]
    play.shift_m[:, 2] += way[:, 1]
    play.pelvis[:, 1] += way[:, 2]
    lasts = (end_s - start_s) / steps
    phase = np.zeros_like(time)
    for number in range(steps):
        side = (play.style.hand + number) % 2
        leave = start_s + number * lasts
        _step(play, path, side, leave, leave + lasts, min(leave + 1.5 * lasts, end_s))
        phase += (1 if side == 1 else -1) * pulse(time, leave, leave + 2 * lasts, edge=0.5)
    phase *= min(1.0, 1.2 / max(np.abs(phase).max(), 1e-6))
    play.trunk[:, 1] += 0.08 * phase
    play.pelvis[:, 1] -= 0.06 * phase
    play.trunk[:, 0] += 0.05 * pulse(time, start_s, end_s, edge=0.2)
    for side in (0, 1):
        forward = 0.17 * play.style.amplitude * play.scale * phase * (1 if side == 0 else -1)
        play.hands[side].clear()
        play.relax(side, at_s=0.0, forward_m=forward)


def _step(
    play: Play, path: Path, side: int, leave_s: float, land_s: float, stance_s: float
) -> None:
    """One foot goes to where the path is at `stance_s`."""
    time, lasts = play.time_s, land_s - leave_s
    share = ease(time, leave_s, land_s)
    left, forward, heading = path(np.array([stance_s]))[0]
    old = play.heading_rad[:, side]
    aside = play.out(side) * (0.8 * play.style.stance_m + 0.02)
    rest = play.body.bone_m("toe1-1.L")[2]
    goal_x = left + aside * np.cos(heading) + rest * np.sin(heading)
    goal_z = -forward - aside * np.sin(heading) + rest * np.cos(heading)
    play.balls_m[:, side, 0] += share * (goal_x - play.balls_m[:, side, 0])
    play.balls_m[:, side, 2] += share * (goal_z - play.balls_m[:, side, 2])
    play.heading_rad[:, side] = old + share * (heading - old)
    heel = pulse(time, leave_s - 0.45 * lasts, land_s - 0.25 * lasts, edge=0.5)
    toe = pulse(time, land_s - 0.5 * lasts, land_s + 0.35 * lasts, edge=0.5)
    play.heel_rad[:, side] += HEEL_RAD * heel - TOE_RAD * toe
    foot_m = abs(float(play.body.bone_m("foot.L")[2] - rest)) + 0.05
    lift = LIFT_M * play.scale * 4 * share * (1 - share) + foot_m * np.sin(TOE_RAD * toe)
    play.balls_m[:, side, 1] -= lift
