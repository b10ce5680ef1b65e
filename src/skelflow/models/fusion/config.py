"""Settings of networks made of a flow network and a guide."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, NonNegativeFloat

from skelflow.errors import ConfigError
from skelflow.models.config import ClipSize, Input, NetworkConfig, SequenceSize
from skelflow.models.flow.config import FlowConfig
from skelflow.models.flow.registry import DEFAULT_TRUNK, find_trunk
from skelflow.models.guides.registry import DEFAULT_GUIDE, find_guide
from skelflow.settings import SettingsError, nearest_name

GUIDE_WIDTH = "skeleton_width"  # the option; `width` is the flow network's


class FusedConfig(NetworkConfig):
    """Settings of a flow network with a guide inside.

    Parameters
    ----------
    trunk : name of the flow network, see `skelflow.models.flow.registry`; C3D in the paper.
    flow : settings of the flow network; its attention is 'at2' unless an option says otherwise.
    guide : name of the skeleton network, see `skelflow.models.guides.registry`.
    skeleton : settings of the guide.
    skeleton_update : 'joint' trains the guide too; 'frozen' leaves it as it is, its batch
        statistics included (Table 3).
    differentiable : let the gradient of the flow network reach the guide through the score; off
        in the paper's Eq. 6.
    fusion : of `fused`: how the features of both branches are put together before the head,
        'concatenation' as in the paper, or 'gated': weighed against each other first, sample by
        sample, see `skelflow.models.fusion.gate`.
    branch_loss : of `fused`: weight of the loss of a classifier of its own on each branch's
        features, beside that on both; 0 = there are none, as in the paper.
    modality_dropout : of `fused`: probability that a training sample lacks the features of one
        branch, either one as likely; 0 in the paper.

    Notes
    -----
    As options, the settings of both parts stand side by side: `crop`, `frames`, .... A name that
    both have, such as `dropout`, holds for both, but `width` is the flow network's and the guide's
    is `skeleton_width`.
    """

    trunk: str = DEFAULT_TRUNK
    flow: FlowConfig
    guide: str
    skeleton: NetworkConfig
    skeleton_update: Literal["joint", "frozen"] = "joint"
    differentiable: bool = False
    fusion: Literal["concatenation", "gated"] = "concatenation"
    branch_loss: NonNegativeFloat = 0.0
    modality_dropout: Annotated[float, Field(ge=0, le=1)] = 0.0

    def check(self) -> None:
        """Only a trained guide whose score is used can learn from it."""
        wanted = "False unless attention is 'at2' and skeleton_update is 'joint'"
        can = self.flow.attention == "at2" and self.skeleton_update == "joint"
        self.require(can or not self.differentiable, "differentiable", wanted)

    @property
    def inputs(self) -> frozenset[Input]:
        """What the flow network and the guide read."""
        return self.flow.inputs | self.skeleton.inputs

    @property
    def clip(self) -> ClipSize:
        """Size of the clips, the flow network's."""
        return self.flow.clip

    @property
    def sequence(self) -> SequenceSize | None:
        """Size of the skeleton sequences, the guide's."""
        return self.skeleton.sequence

    @classmethod
    def option_names(cls, options: Mapping[str, Any]) -> frozenset[str]:
        """Names of both parts' options, with the guide that is asked for."""
        own = cls.model_fields.keys() - {"flow", "skeleton"}
        of_flow = _flow_kind(options).model_fields.keys()
        return frozenset(own | _guide_options(options).keys() | of_flow)

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> "FusedConfig":
        """The settings that flat options say; each goes to the parts that know it."""
        known = cls.option_names(options)
        if unknown := [name for name in options if name not in known]:
            problems = (f"{name}: no such setting; {nearest_name(name, known)}" for name in unknown)
            raise SettingsError(*problems)
        kind = _flow_kind(options)
        flow = kind.from_options({"attention": "at2"} | _only(options, kind.model_fields))
        return cls(
            flow=flow,
            guide=options.get("guide", DEFAULT_GUIDE),
            skeleton=_guide_config(options, flow),
            **_only(options, cls.model_fields.keys() - {"flow", "guide", "skeleton"}),
        )

    def to_options(self) -> dict[str, Any]:
        """Flat, plain values of both parts."""
        kind, names = type(self.skeleton), _guide_options({"guide": self.guide})
        of_guide = kind.to_options(self.skeleton)
        return {
            **{option: of_guide[name] for option, name in names.items()},
            **self.flow.to_options(),
            **self.model_dump(exclude={"flow", "skeleton"}),
        }


def _only(options: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: options[name] for name in names if name in options}


def _flow_kind(options: Mapping[str, Any]) -> type[FlowConfig]:
    return find_trunk(options.get("trunk", DEFAULT_TRUNK)).config


def _guide_options(options: Mapping[str, Any]) -> dict[str, str]:
    """The guide's option names in a fused network, each with its name in the guide's settings."""
    name = options.get("guide", DEFAULT_GUIDE)
    if not isinstance(name, str):
        raise ConfigError(f"guide: found {name!r}, expected the name of a guide")
    fields = find_guide(name).config.model_fields
    return {GUIDE_WIDTH if field == "width" else field: field for field in fields}


def _guide_config(options: Mapping[str, Any], flow: FlowConfig) -> NetworkConfig:
    """The guide's part of the options; what the flow's settings also have is taken from there."""
    given = flow.to_options() | dict(options)
    names = _guide_options(options)
    values = {field: given[option] for option, field in names.items() if option in given}
    try:
        return find_guide(options.get("guide", DEFAULT_GUIDE)).config.from_options(values)
    except SettingsError as error:
        raise error.renamed("width", GUIDE_WIDTH) from None
