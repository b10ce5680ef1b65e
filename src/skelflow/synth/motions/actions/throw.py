"""Throwing something away."""

from skelflow.synth.motions.actions.parts import Part
from skelflow.synth.motions.play import Hold, Play
from skelflow.synth.motions.props import Carried, make_crumple
from skelflow.synth.motions.timing import ease, pulse


def throw(play: Play) -> Part:
    """A hand goes back over the shoulder, then forward; what it held flies on."""
    side, time, style = play.style.hand, play.time_s, play.style
    wide = style.amplitude
    windup = Hold(
        0, 0, "shoulder", (0.22 * wide, 0.24, -0.14 * wide), (0.1, 0.8, -0.6), (-0.2, 0.6, 0.8),
        touch="grip", grip="clutch", elbow=0.85, arc_m=(0.18, 0, 0.12),
    )  # fmt: skip
    follow = Hold(
        0, 0, "shoulder", (-0.1, 0.02, 0.58), (-0.1, -0.3, 1), (-0.2, -1, -0.2),
        touch="grip", grip="flat", elbow=0.5, arc_m=(0.05, 0.22, 0.05),
    )  # fmt: skip
    play.reach(side, 1.0, 1.15, windup)
    play.reach(side, 1.52, 1.55, follow)
    play.relax(side, at_s=2.4)
    back, forth = pulse(time, 0.4, 1.35, edge=0.45), ease(time, 1.1, 1.5) - ease(time, 1.8, 2.6)
    turn = play.out(side) * (0.35 * forth - 0.45 * back)
    play.trunk[:, 1] += turn * wide
    play.head[:, 1] -= 0.8 * turn * wide
    play.trunk[:, 0] += 0.16 * forth - 0.06 * back
    play.shift_m[:, 2] += 0.07 * forth - 0.05 * back
    thing = make_crumple(play.rng)
    return Part((Carried(thing, side, play.touch_m(side, "grip"), release_s=1.32),))
