"""The engines by name: each is one module, imported when it is first asked for.

An engine is a module with a function `solve_pairs` of type `Engine`; `register_engine` adds one.
"""

from importlib import import_module
from typing import Protocol, cast, runtime_checkable

from skelflow.flow.inputs import Flows, FramePairs
from skelflow.flow.presets import Preset
from skelflow.io.plugins import Registry


@runtime_checkable
class Engine(Protocol):
    """What computes the flow of a batch of frame pairs."""

    def __call__(self, pairs: FramePairs, *, preset: Preset, threads: int) -> Flows:
        """Check the values of a batch whose sizes are known to agree, and solve it.

        Parameters
        ----------
        pairs : NumPy arrays; an engine may take other arrays too, and returns what it was given.
        preset : settings that are heeded, or refused with `ConfigError`.
        threads : at most so many on one pair, 1 or more.

        Returns
        -------
        (pairs, h, w, 3) float32, meters a frame in frame 0's camera: x right, y down, z away; 0
        where frame 0 has no depth.

        Raises
        ------
        DataError
            Values are not finite, depth is not in meters, or the arrays are of another kind.
        ConfigError
            The preset has settings that the engine does not know.
        """


_ENGINES = Registry[str]("flow engine")  # modules


def register_engine(name: str, module: str) -> None:
    """Let `scene_flow(..., engine=name)` use the `solve_pairs` of a module.

    Raises
    ------
    ConfigError
        The name belongs to another module.

    Examples
    --------
    >>> register_engine("numpy", "skelflow.flow.engines.numpy.solver")
    >>> register_engine("numpy", "mine")
    Traceback (most recent call last):
    ...
    skelflow.errors.ConfigError: flow engine 'numpy' is registered already; choose another name
    """
    _ENGINES.add(name, module)


def find_engine(name: str) -> Engine:
    """The engine of that name; `ConfigError` with the nearest name if there is none.

    Looks at what installed packages register where none of that name is there.
    """
    return cast(Engine, import_module(_ENGINES.find(name)).solve_pairs)


for engine in ("numba", "numpy", "torch"):
    register_engine(engine, f"skelflow.flow.engines.{engine}.solver")
