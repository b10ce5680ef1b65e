"""What a motion hands back beside the courses it wrote: things."""

from dataclasses import dataclass

from skelflow.synth.motions.props import Prop


@dataclass(frozen=True)
class Part:
    """The things that take part in a motion."""

    props: tuple[Prop, ...] = ()
