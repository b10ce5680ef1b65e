"""Motions of the head alone: nod, shake."""

from skelflow.synth.motions.actions.parts import Part
from skelflow.synth.motions.play import Play
from skelflow.synth.motions.timing import pulse, swing


def nod(play: Play) -> Part:
    """The head goes down and up a few times, the trunk goes along a little."""
    time, style = play.time_s, play.style
    beat = swing(time, 0.5, 2.7, times=2.5 + 0.5 * style.repeats)
    bow = 0.3 * style.amplitude * beat + 0.14 * pulse(time, 0.4, 2.8)
    play.head[:, 0] += bow
    play.trunk[:, 0] += 0.18 * style.liveliness * bow
    return Part()


def shake(play: Play) -> Part:
    """The head turns left and right a few times."""
    time, style = play.time_s, play.style
    beat = swing(time, 0.4, 2.8, times=3 + 0.5 * style.repeats)
    play.head[:, 1] += 0.55 * style.amplitude * beat
    play.trunk[:, 1] += 0.06 * style.liveliness * beat
    return Part()
