"""Networks by name: one expression assembles each of them."""

import fnmatch
from dataclasses import dataclass, field, fields
from typing import Any

from skelflow.errors import ConfigError
from skelflow.models.base import Network
from skelflow.models.config import (
    FlowConfig,
    FusedConfig,
    NetworkConfig,
    TcnBjcnConfig,
    TcnConfig,
    build_config,
    nearest_name,
)
from skelflow.models.flow.c3d import C3d
from skelflow.models.fusion import C3dAt2, Fused
from skelflow.models.guides.res_tcn import ResTcn, ResTcnBjcn


@dataclass(frozen=True)
class _Entry:
    network: type[Network]
    config: type[NetworkConfig]
    fixed: dict[str, Any] = field(default_factory=dict)
    default: dict[str, Any] = field(default_factory=dict)


_MODELS = {
    "c3d": _Entry(C3d, FlowConfig, fixed={"attention": "none"}),
    "c3d_at1": _Entry(C3d, FlowConfig, fixed={"attention": "at1"}),
    "c3d_at2": _Entry(
        C3dAt2, FusedConfig, fixed={"attention": "at2"}, default={"skeleton_update": "frozen"}
    ),
    "fused": _Entry(Fused, FusedConfig),
    "res_tcn": _Entry(ResTcn, TcnConfig),
    "res_tcn_bjcn": _Entry(ResTcnBjcn, TcnBjcnConfig),
}


def list_models(pattern: str = "*") -> list[str]:
    """Names that `create_model` knows, sorted; the pattern may have wildcards.

    Examples
    --------
    >>> list_models("res_*")
    ['res_tcn', 'res_tcn_bjcn']
    """
    return sorted(fnmatch.filter(_MODELS, pattern))


def find_config(name: str) -> type[NetworkConfig]:
    """The kind of configuration that the model of that name takes; `ConfigError` if unknown."""
    return _find(name).config


def create_model(
    name: str,
    *,
    classes: int = 60,
    joints: int = 25,
    bodies: int = 2,
    frames: int = 300,
    width: float = 1.0,
    clip_length: int = 16,
    crop: int = 112,
    **options: Any,
) -> Network:
    """An untrained network.

    Parameters
    ----------
    name : one of `list_models()`.
    classes, joints, bodies, frames, width, clip_length, crop
        What any network can be told; those that do not concern it are not looked at.
    options : further fields of the network's configuration, see `skelflow.models.config`.

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
    known = {setting.name for setting in fields(entry.config)}
    sizes = {
        "classes": classes,
        "joints": joints,
        "bodies": bodies,
        "frames": frames,
        "width": width,
        "clip_length": clip_length,
        "crop": crop,
    }
    for key, value in entry.fixed.items():
        if options.get(key, value) != value:
            raise ConfigError(
                f"{name}: {key} is {value!r} by the model's name, found {options[key]!r}"
            )
    chosen = {key: value for key, value in sizes.items() if key in known}
    network = entry.network(
        build_config(entry.config, chosen | entry.fixed | entry.default | options)
    )
    network.name = name
    return network


def _find(name: str) -> _Entry:
    if name not in _MODELS:
        raise ConfigError(f"unknown model {name!r}; {nearest_name(name, _MODELS)}")
    return _MODELS[name]
