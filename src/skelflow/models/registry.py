"""Networks by name: each takes a line at the end of this file."""

import fnmatch
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from skelflow.errors import ConfigError
from skelflow.io.plugins import load_plugins
from skelflow.models.base import Network
from skelflow.models.config import NetworkConfig
from skelflow.models.flow.c3d import C3d
from skelflow.models.flow.config import ClipConfig, I3dConfig
from skelflow.models.flow.i3d import I3d
from skelflow.models.fusion.config import FusedConfig
from skelflow.models.fusion.networks import FlowAt2, Fused
from skelflow.models.guides.guide import GuideNetwork, SkeletonNetwork
from skelflow.models.guides.registry import GuideEntry, guides, register_guide, reserve_name
from skelflow.models.guides.res_tcn import TcnConfig, TcnTrunk
from skelflow.models.size import check_inputs, check_parameters, refusing
from skelflow.settings import nearest_name

__all__ = ["configure", "create_model", "list_models", "register_guide", "register_model"]


@dataclass(frozen=True)
class _Entry:
    build: Callable[[Any], Network]
    config: type[NetworkConfig]
    fixed: Mapping[str, Any] = field(default_factory=dict)
    default: Mapping[str, Any] = field(default_factory=dict)


_MODELS: dict[str, _Entry] = {}


def register_model(
    name: str,
    build: Callable[[Any], Network],
    config: type[NetworkConfig],
    *,
    fixed: Mapping[str, Any] | None = None,
    default: Mapping[str, Any] | None = None,
) -> None:
    """Let a network be made, trained and loaded by its name.

    Parameters
    ----------
    name : as in a recipe's `model.name`; it is written into the network's checkpoints.
    build : makes the network from its settings, usually its class.
    config : kind of the settings; every field has a default.
    fixed : options that the name decides.
    default : options whose default the name changes.

    Raises
    ------
    ConfigError
        The name is taken.

    Examples
    --------
    ::

        register_model("my_network", MyNetwork, MyConfig)
        create_model("my_network", classes=27)
    """
    if name in _known():
        raise ConfigError(f"model {name!r} is registered already; choose another name")
    reserve_name(name)
    _MODELS[name] = _Entry(build, config, fixed or {}, default or {})


def list_models(pattern: str = "*") -> list[str]:
    """Names that `create_model` knows, sorted; the pattern may have wildcards.

    Those that installed packages register are among them.

    Examples
    --------
    >>> list_models("res_*")
    ['res_tcn', 'res_tcn_bjcn']
    """
    load_plugins()
    return sorted(fnmatch.filter(_known(), pattern))


def configure(name: str, options: Mapping[str, Any]) -> NetworkConfig:
    """The settings of a network, without making it: what it reads, and of which size.

    Parameters
    ----------
    name : one of `list_models()`.
    options : flat, as in a recipe; what is not there has the network's default.

    Raises
    ------
    ConfigError
        An unknown name or option (the nearest known one is named), or a value out of range.

    Examples
    --------
    >>> configure("c3d_at1", {"crop": 96}).clip
    ClipSize(length=16, side=96)
    """
    entry = _find(name)
    for key, value in entry.fixed.items():
        if options.get(key, value) != value:
            raise ConfigError(
                f"{name}: {key} is {value!r} by the model's name, found {options[key]!r}"
            )
    config = entry.config.from_options({**entry.fixed, **entry.default, **options})
    check_inputs(name, config)
    return config


def create_model(
    name: str,
    *,
    classes: int | None = None,
    joints: int | None = None,
    root: int | None = None,
    bones: Sequence[Sequence[int]] | None = None,
    bodies: int | None = None,
    frames: int | None = None,
    width: float | None = None,
    clip_length: int | None = None,
    crop: int | None = None,
    **options: Any,
) -> Network:
    """An untrained network.

    Parameters
    ----------
    name : one of `list_models()`.
    classes, joints, root, bones, bodies, frames, width, clip_length, crop
        What any network can be told; those that do not concern it are not looked at. None = the
        network's default, the paper's.
    options : further fields of the network's settings, such as those of
        `skelflow.models.flow.config.ClipConfig`.

    Returns
    -------
    Network, in training mode; its whole configuration is `network.config`.

    Raises
    ------
    ConfigError
        An unknown name or option (the nearest known one is named), or a value out of range.

    Examples
    --------
    >>> sum(weight.numel() for weight in create_model("res_tcn").parameters())
    1874492
    """
    entry = _find(name)
    sizes = {
        "classes": classes,
        "joints": joints,
        "root": root,
        "bones": bones,
        "bodies": bodies,
        "frames": frames,
        "width": width,
        "clip_length": clip_length,
        "crop": crop,
    }
    known = entry.config.option_names({**entry.fixed, **options})
    chosen = {key: value for key, value in sizes.items() if key in known and value is not None}
    config = configure(name, chosen | options)
    check_parameters(name, lambda: entry.build(config))
    with refusing(name):
        network = entry.build(config)
    network.name = name
    return network


def _known() -> dict[str, _Entry]:
    """All networks; every guide is one too."""
    return {name: _with_head(guide) for name, guide in guides().items()} | _MODELS


def _with_head(guide: GuideEntry) -> _Entry:
    return _Entry(lambda config: GuideNetwork(config, guide.build(config)), guide.config)


def _find(name: str) -> _Entry:
    known = _known()
    if name not in known:
        load_plugins()
        known = _known()
    if name not in known:
        raise ConfigError(f"unknown model {name!r}; {nearest_name(name, known)}")
    return known[name]


def _res_tcn(config: TcnConfig) -> SkeletonNetwork:
    return SkeletonNetwork(config, TcnTrunk(config))


register_model("c3d", C3d, ClipConfig, fixed={"attention": "none"})
register_model("c3d_at1", C3d, ClipConfig, fixed={"attention": "at1"})
register_model("i3d", I3d, I3dConfig, fixed={"attention": "none"})
register_model("i3d_at1", I3d, I3dConfig, fixed={"attention": "at1"})
for trunk in ("c3d", "i3d"):
    register_model(
        f"{trunk}_at2",
        FlowAt2,
        FusedConfig,
        fixed={"attention": "at2", "trunk": trunk},
        default={"skeleton_update": "frozen"},
    )
register_model("fused", Fused, FusedConfig)
register_model("res_tcn", _res_tcn, TcnConfig)
