"""Motions of the head alone: nod, shake."""

from skelflow.synth.motions.motion_plan import MotionPlan
from skelflow.synth.motions.props import Prop
from skelflow.synth.motions.timing import pulse, swing


def nod(plan: MotionPlan) -> tuple[Prop, ...]:
    """The head goes down and up a few times, the trunk goes along a little."""
    time, style = plan.time_s, plan.style
    beat = swing(time, 0.5, 2.7, times=2.5 + 0.5 * style.repeats)
    bow = 0.3 * style.amplitude * beat + 0.14 * pulse(time, 0.4, 2.8)
    plan.head[:, 0] += bow
    plan.trunk[:, 0] += 0.18 * style.liveliness * bow
    return ()


def shake(plan: MotionPlan) -> tuple[Prop, ...]:
    """The head turns left and right a few times."""
    time, style = plan.time_s, plan.style
    beat = swing(time, 0.4, 2.8, times=3 + 0.5 * style.repeats)
    plan.head[:, 1] += 0.55 * style.amplitude * beat
    plan.trunk[:, 1] += 0.06 * style.liveliness * beat
    return ()
