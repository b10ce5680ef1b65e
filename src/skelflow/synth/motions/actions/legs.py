"""Motions of the legs: kick, hop on one foot, jump."""

import numpy as np

from skelflow.synth.motions.actions.parts import Part
from skelflow.synth.motions.play import Hold, Play
from skelflow.synth.motions.timing import Course, ease, pulse

LEG_M = 0.87  # of the person that kicks are written for


def kick(play: Play) -> Part:
    """Weight goes onto one leg; the other swings back, kicks forward and comes down again."""
    foot, time, style = play.style.hand, play.time_s, play.style
    wide = min(style.amplitude, 1.0) * sum(play.leg_m(foot)) / LEG_M
    back, forth = pulse(time, 0.5, 1.35, edge=0.45), _strike(time, 1.0, 1.32, 2.2)
    up = pulse(time, 0.35, 2.2, edge=0.3)
    play.balls_m[:, foot, 2] -= wide * (0.76 * forth - 0.28 * back)
    play.balls_m[:, foot, 1] -= wide * (0.42 * forth + 0.13 * back + 0.04 * up)
    play.balls_m[:, foot, 0] -= 0.04 * play.out(foot) * up
    play.heel_rad[:, foot] += 0.7 * back - 0.15 * forth
    play.shift_m[:, 0] -= play.out(foot) * (0.8 * style.stance_m) * up
    play.shift_m[:, 1] -= 0.03 * up
    play.trunk[:, 0] += 0.14 * back - 0.2 * forth
    play.pelvis[:, 1] += 0.2 * play.out(foot) * (forth - back)
    play.head[:, 0] += 0.2 * up
    for side in (0, 1):
        against = 1 if side != foot else -1
        play.hands[side][-1] = _swung(play, side, 0.5 * against * (forth - 0.6 * back), 0.4 * up)
    return Part()


def hop(play: Play) -> Part:
    """Hops on one foot, the other held up behind."""
    foot, time, style = play.style.hand, play.time_s, play.style
    other = 1 - foot
    up = pulse(time, 0.3, 3.4, edge=0.2)
    play.balls_m[:, other, 1] -= 0.3 * play.scale * up
    play.balls_m[:, other, 2] += 0.24 * play.scale * up
    play.heel_rad[:, other] += 0.7 * up
    play.shift_m[:, 0] += play.out(foot) * 0.95 * style.stance_m * up
    count, first, each = 3 + style.repeats, 0.95, 0.62
    for number in range(count):
        _bounce(play, first + number * each, each, high_m=0.11 * style.amplitude, dip_m=0.07)
    play.trunk[:, 0] += 0.1 * up
    spread = 0.45 * up * style.liveliness
    for side in (0, 1):
        play.hands[side][-1] = _swung(play, side, 0.1 * up, spread)
    return Part()


def jump(play: Play) -> Part:
    """Crouches with the arms back, jumps with the arms up, lands soft."""
    time, style = play.time_s, play.style
    count, each = (1 if style.repeats < 1 else 2), 1.35
    swung, raised = np.zeros_like(time), np.zeros_like(time)
    for number in range(count):
        start = 0.2 + number * each
        crouch = pulse(time, start, start + 0.62, edge=0.45)
        play.trunk[:, 0] += 0.5 * crouch
        play.pelvis[:, 0] += 0.2 * crouch
        play.head[:, 0] -= 0.35 * crouch
        _bounce(play, start + 0.1, 1.15, high_m=0.24 * style.amplitude, dip_m=0.24)
        lift = pulse(time, start + 0.3, start + 1.45, edge=0.48)
        swung += (0.9 + 0.7 * style.liveliness) * lift - 0.6 * crouch
        raised += 0.15 * lift
    for side in (0, 1):
        play.hands[side][-1] = _swung(play, side, swung, raised)
    return Part()


def _bounce(play: Play, start_s: float, lasts_s: float, *, high_m: float, dip_m: float) -> None:
    """Both feet leave the floor once: bend, fly a parabola, bend."""
    time, scale = play.time_s, play.scale
    leave, land = start_s + 0.38 * lasts_s, start_s + 0.74 * lasts_s
    fly = np.clip((time - leave) / (land - leave), 0, 1)
    play.balls_m[:, :, 1] -= (4 * high_m * scale * fly * (1 - fly))[:, None]
    toes = pulse(time, leave - 0.08, land + 0.06, edge=0.3)
    play.heel_rad += 0.45 * toes[:, None]
    bend = pulse(time, start_s, leave + 0.04, edge=0.5)
    bend += 0.7 * pulse(time, land - 0.04, start_s + 1.1 * lasts_s, edge=0.4)
    play.shift_m[:, 1] -= dip_m * scale * bend


def _strike(time: Course, start_s: float, hit_s: float, back_s: float) -> Course:
    """Fast there, slowly back."""
    return np.asarray(ease(time, start_s, hit_s) - ease(time, hit_s + 0.08, back_s))


def _swung(play: Play, side: int, forward_rad: Course, aside_rad: Course) -> Hold:
    """An arm that goes along: how far it is swung forward, and away from the body."""
    length = 0.94 * sum(play.arm_m(side))
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
    return Hold(0.0, 0.0, "shoulder", offset, down, (-1, 0, 0.15), elbow=0.4)
