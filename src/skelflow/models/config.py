"""What every network is told, and what it says that it reads."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, ClassVar, NamedTuple, TypeVar

from pydantic import Field

from skelflow.settings import Count, Settings

Dropout = Annotated[float, Field(ge=0, lt=1)]
Own = TypeVar("Own", bound="NetworkConfig")


class Input(StrEnum):
    """A tensor of a `Batch` that a network may read."""

    FLOW = "flow"
    JOINTS_PX = "joints_px"
    JOINTS_M = "joints_m"


class ClipSize(NamedTuple):
    """Frames, and pixels of a side, of the clips that a network reads."""

    length: int
    side: int


class SequenceSize(NamedTuple):
    """Size of the skeleton sequences that a network reads."""

    frames: int
    bodies: int
    joints: int


class NetworkConfig(Settings):
    """Base of all networks' settings: the classes, and what the network reads.

    A subclass adds its fields, each with a default, says by `inputs` which tensors of a batch the
    network reads, and by `clip` and `sequence` of which size. Everything that prepares data for
    the network, or refuses data that lacks something, follows from these three.

    Parameters
    ----------
    classes : actions to tell apart.

    Attributes
    ----------
    free : settings in which networks may differ that share a branch's weights: of the head, of
        training alone, and widths, which the tensors' own sizes tell. A subclass adds its own.

    Raises
    ------
    ConfigError
        A value has the wrong type, is out of range or contradicts another one.
    """

    free: ClassVar[frozenset[str]] = frozenset({"classes", "width", "dropout"})

    classes: Count = 60

    @property
    def inputs(self) -> frozenset[Input]:
        """The tensors of a batch that the network reads; every subclass says so."""
        raise NotImplementedError(f"{type(self).__name__} does not say by `inputs` what it reads")

    @property
    def clip(self) -> ClipSize | None:
        """Size of the clips; None = it reads none."""
        return None

    @property
    def sequence(self) -> SequenceSize | None:
        """Size of the skeleton sequences; None = it reads none."""
        return None

    @property
    def reads_clips(self) -> bool:
        """Whether a sample is a clip of flow; otherwise it is a whole skeleton sequence."""
        return not self.inputs.isdisjoint({Input.FLOW, Input.JOINTS_PX})

    @property
    def reads_joints(self) -> bool:
        """Whether recordings without a skeleton are of no use to the network."""
        return not self.inputs.isdisjoint({Input.JOINTS_PX, Input.JOINTS_M})

    @classmethod
    def option_names(cls, options: Mapping[str, Any]) -> frozenset[str]:  # noqa: ARG003
        """Names of all options, flat, beside those that are given."""
        return frozenset(cls.model_fields)

    @classmethod
    def from_options(cls: type[Own], options: Mapping[str, Any]) -> Own:
        """The settings that flat options say, as a recipe or a checkpoint holds them."""
        return cls.from_mapping(options)

    def decisive(self) -> dict[str, Any]:
        """Settings by name without which a branch's trained weights compute something else."""
        return {name: value for name, value in self if name not in self.free}

    def to_options(self) -> dict[str, Any]:
        """Flat, plain values, from which `from_options` makes the same settings."""
        return self.model_dump()


class SkeletonConfig(NetworkConfig):
    """Base of the settings of networks that read whole skeleton sequences.

    Parameters
    ----------
    joints, bodies, frames : size of the input.
    """

    free: ClassVar[frozenset[str]] = NetworkConfig.free | {"bodies"}

    joints: Count = 25
    bodies: Count = 2
    frames: Count = 64

    @property
    def inputs(self) -> frozenset[Input]:
        """Joints in meters."""
        return frozenset({Input.JOINTS_M})

    @property
    def sequence(self) -> SequenceSize:
        """Size of the skeleton sequences."""
        return SequenceSize(self.frames, self.bodies, self.joints)
