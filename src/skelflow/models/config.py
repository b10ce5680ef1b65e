"""Settings of the networks: every default once, every value checked."""

import dataclasses
import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin, get_type_hints

from skelflow.errors import ConfigError


def nearest_name(name: str, known: Iterable[str]) -> str:
    """A sentence for an error message: the closest known name, or all of them."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1)
    return f"did you mean {close[0]!r}?" if close else f"known: {', '.join(names)}"


def _checked(name: str, value: Any, hint: Any) -> Any:
    if hint is float and type(value) is int:
        return float(value)
    if get_origin(hint) is Literal:
        options = get_args(hint)
        if not any(type(value) is type(option) and value == option for option in options):
            raise ConfigError(f"{name}: found {value!r}, expected one of {options}")
    elif hint in (int, float, bool) and type(value) is not hint:
        raise ConfigError(f"{name}: found {value!r}, expected {hint.__name__}")
    return value


@dataclass(frozen=True)
class NetworkConfig:
    """What every network has.

    Parameters
    ----------
    classes : actions to tell apart.
    width : multiplier of all layer widths, 1 = the paper's.
    dropout : probability, after every activation that the paper drops out.

    Raises
    ------
    ConfigError
        A value has the wrong type, is out of range or contradicts another one.
    """

    classes: int = 60
    width: float = 1.0
    dropout: float = 0.5

    def __post_init__(self) -> None:
        for name, hint in get_type_hints(type(self)).items():
            object.__setattr__(self, name, _checked(name, getattr(self, name), hint))
        self.require(self.classes >= 1, "classes", "at least 1")
        self.require(0 < self.width < float("inf"), "width", "positive and finite")
        self.require(0 <= self.dropout < 1, "dropout", "in [0, 1)")

    def require(self, condition: bool, name: str, expected: str) -> None:
        """Raise `ConfigError` about the field `name` unless the condition holds."""
        if not condition:
            raise ConfigError(f"{name}: found {getattr(self, name)!r}, expected {expected}")


@dataclass(frozen=True)
class TcnConfig(NetworkConfig):
    """Settings of Res-TCN.

    Parameters
    ----------
    joints, bodies, frames : size of the input, 25 x 2 x 300 in the paper.
    center : 'none' (paper) takes camera coordinates as they are; 'root' moves the origin to the
        first body's root joint in its first valid frame.
    root : index of that joint in the data's layout.
    """

    joints: int = 25
    bodies: int = 2
    frames: int = 300
    center: Literal["none", "root"] = "none"
    root: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("joints", "bodies", "frames"):
            self.require(getattr(self, name) >= 1, name, "at least 1")
        self.require(0 <= self.root < self.joints, "root", f"a joint index below {self.joints}")


@dataclass(frozen=True)
class TcnBjcnConfig(TcnConfig):
    """Settings of Res-TCN-BJCN.

    Parameters
    ----------
    time_factor : frames that become one before Res-BJCN, 5 in the paper.
    downsample : 'mean' of these frames or 'stride' (the first of them).
    fc_activation : 'softmax' (paper), 'softmax_scaled' (times the number of outputs) or 'relu',
        after the last dense layer of Res-BJCN.
    score_layer : the Res-BJCN layer whose responses make the score, or their 'sum'.
    score_scale : 'min_max' maps the responses to [0, 1]; 'max' divides them by the largest.
    """

    time_factor: int = 5
    downsample: Literal["mean", "stride"] = "mean"
    fc_activation: Literal["softmax", "softmax_scaled", "relu"] = "softmax"
    score_layer: Literal["sum", 1, 2, 3, 4] = "sum"
    score_scale: Literal["min_max", "max"] = "min_max"

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(self.time_factor >= 1, "time_factor", "at least 1")
        expected = f"a multiple of time_factor = {self.time_factor}; pad or cut the sequences"
        self.require(self.frames % self.time_factor == 0, "frames", expected)


@dataclass(frozen=True)
class FlowConfig(NetworkConfig):
    """Settings of C3D.

    Parameters
    ----------
    clip_length : frames of a clip, 16 in the paper, at least 8.
    crop : side of a clip, pixels, 112 in the paper, at least 16.
    attention : 'none', 'at1' (Eq. 3) or 'at2' (Eq. 5).
    radius : how 0.05 w becomes the whole radius of a disc, 'round' or 'floor'.
    preserve_rms : rescale the attended features of each sample to their RMS before attention.
    initialization : 'original' (Gaussian of fixed width, biases 1) or 'he'.
    """

    clip_length: int = 16
    crop: int = 112
    attention: Literal["none", "at1", "at2"] = "none"
    radius: Literal["round", "floor"] = "round"
    preserve_rms: bool = False
    initialization: Literal["original", "he"] = "original"

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(self.clip_length >= 8, "clip_length", "at least 8, it is halved three times")
        self.require(self.crop >= 16, "crop", "at least 16, it is halved four times")


@dataclass(frozen=True)
class FusedConfig(FlowConfig, TcnBjcnConfig):
    """Settings of C3D with a Res-TCN-BJCN inside; `width` is C3D's.

    Parameters
    ----------
    attention : as in `FlowConfig`, here 'at2' unless told otherwise.
    skeleton_width : multiplier of the skeleton network's widths.
    skeleton_update : 'joint' trains the skeleton network too; 'frozen' leaves it as it is, its
        batch statistics included (Table 3).
    differentiable : let the gradient of the flow network reach the skeleton network through
        the score; off in the paper's Eq. 6.
    """

    attention: Literal["none", "at1", "at2"] = "at2"
    skeleton_width: float = 1.0
    skeleton_update: Literal["joint", "frozen"] = "joint"
    differentiable: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(0 < self.skeleton_width < float("inf"), "skeleton_width", "positive")
        wanted = "False unless attention is 'at2' and skeleton_update is 'joint'"
        can = self.attention == "at2" and self.skeleton_update == "joint"
        self.require(can or not self.differentiable, "differentiable", wanted)

    @property
    def skeleton(self) -> TcnBjcnConfig:
        """The settings of the skeleton network alone."""
        names = (field.name for field in dataclasses.fields(TcnBjcnConfig))
        values = {name: getattr(self, name) for name in names}
        return TcnBjcnConfig(**(values | {"width": self.skeleton_width}))


def build_config(kind: type[NetworkConfig], options: dict[str, Any]) -> NetworkConfig:
    """A configuration from named options; `ConfigError` with the nearest name for an unknown one.

    Examples
    --------
    >>> build_config(FlowConfig, {"crop": 96}).crop
    96
    """
    hints = get_type_hints(kind)
    for name in options:
        if name not in hints:
            raise ConfigError(f"no option {name!r} here; {nearest_name(name, hints)}")
    return kind(**{name: _checked(name, value, hints[name]) for name, value in options.items()})
