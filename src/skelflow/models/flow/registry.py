"""Flow networks that a guide may steer, by name: each takes a line here."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from skelflow.errors import ConfigError
from skelflow.io.plugins import Registry
from skelflow.models.flow.c3d import C3dTrunk
from skelflow.models.flow.config import ClipConfig, FlowConfig, I3dConfig
from skelflow.models.flow.i3d import I3dTrunk
from skelflow.models.flow.trunk import FlowTrunk

DEFAULT_TRUNK = "c3d"


@dataclass(frozen=True, eq=False)  # two of the same name are two, whatever they build
class TrunkEntry:
    """How a flow network is made, and of which kind its settings are."""

    build: Callable[[Any], FlowTrunk]
    config: type[FlowConfig]


_TRUNKS = Registry[TrunkEntry]("flow network")


def register_trunk(name: str, build: Callable[[Any], FlowTrunk], config: type[FlowConfig]) -> None:
    """Let every fused network read flow by a network of one's own, by its name.

    Parameters
    ----------
    name : as in a recipe's `model.trunk`.
    build : makes the network from its settings, usually its class.
    config : kind of the settings; each is an option of the fused network too.

    Raises
    ------
    ConfigError
        The name is taken.

    Examples
    --------
    ::

        register_trunk("my_flow", MyTrunk, MyConfig)
        create_model("fused", trunk="my_flow")
    """
    _TRUNKS.add(name, TrunkEntry(build, config))


def find_trunk(name: Any) -> TrunkEntry:
    """The flow network of that name; `ConfigError` with the nearest name if there is none."""
    if not isinstance(name, str):
        raise ConfigError(f"trunk: found {name!r}, expected the name of a flow network")
    return _TRUNKS.find(name)


register_trunk(DEFAULT_TRUNK, C3dTrunk, ClipConfig)
register_trunk("i3d", I3dTrunk, I3dConfig)
