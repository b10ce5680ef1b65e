"""What a motion hands back beside the courses it wrote: things."""

from dataclasses import dataclass

from skelflow.synth.acting.props import Prop


@dataclass(frozen=True)
class Part:
    """The things that take part in a motion."""

    props: tuple[Prop, ...] = ()
