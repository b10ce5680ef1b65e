"""Guides by name: each takes a line here."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from skelflow.errors import ConfigError
from skelflow.io.plugins import Registry
from skelflow.models.config import NetworkConfig
from skelflow.models.guides.gcn import GcnConfig, GcnTrunk
from skelflow.models.guides.guide import Guide
from skelflow.models.guides.motion import MotionConfig, MotionGuide
from skelflow.models.guides.res_tcn import TcnBjcnConfig, TcnBjcnTrunk

DEFAULT_GUIDE = "res_tcn_bjcn"


@dataclass(frozen=True, eq=False)  # two of the same name are two, whatever they build
class GuideEntry:
    """How a guide is made, and of which kind its settings are."""

    build: Callable[[Any], Guide]
    config: type[NetworkConfig]


_GUIDES = Registry[GuideEntry]("guide")
_reserved: set[str] = set()


def register_guide(name: str, build: Callable[[Any], Guide], config: type[NetworkConfig]) -> None:
    """Let every fused network be steered by a skeleton network, by its name.

    The network can also be trained by itself: `create_model(name)` gives it a linear head.

    Parameters
    ----------
    name : as in a recipe's `model.guide`.
    build : makes the guide from its settings, usually its class.
    config : kind of the settings. Each option of theirs is one of the fused network too; of the
        names that the flow's settings also have, `width` becomes `skeleton_width`, and others,
        such as `dropout`, hold for both.

    Raises
    ------
    ConfigError
        The name is taken, by a guide or by another network.

    Examples
    --------
    ::

        register_guide("my_gcn", MyGcn, MyGcnConfig)
        create_model("fused", guide="my_gcn")
    """
    if name in _reserved:
        raise ConfigError(f"guide {name!r}: a network has that name; choose another one")
    _GUIDES.add(name, GuideEntry(build, config))


def reserve_name(name: str) -> None:
    """Keep a whole network's name from guides, since every guide is a network too."""
    _reserved.add(name)


def find_guide(name: str) -> GuideEntry:
    """The guide of that name; `ConfigError` with the nearest name if there is none."""
    return _GUIDES.find(name)


def guides() -> dict[str, GuideEntry]:
    """All guides by name."""
    return _GUIDES.all()


register_guide(DEFAULT_GUIDE, TcnBjcnTrunk, TcnBjcnConfig)
register_guide("gcn", GcnTrunk, GcnConfig)
register_guide("motion", MotionGuide, MotionConfig)
