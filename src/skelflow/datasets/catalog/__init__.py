"""The data sets skelflow knows: one module each, which declares a `DATA_SET`."""

import importlib
import pkgutil
from functools import cache

from skelflow.datasets.catalog.data_set import DataSet
from skelflow.errors import ConfigError
from skelflow.io.plugins import load_plugins
from skelflow.recordings import register_reader
from skelflow.skeleton.layouts import register_layout

__all__ = ["DataSet", "data_sets", "find_data_set", "register_data_set"]

_registered: dict[str, DataSet] = {}


def register_data_set(data_set: DataSet) -> None:
    """Let every command read one more data set, split it by its protocols and name its actions.

    Its reader and its joint layout are registered along with it; `register_reader` says where the
    call belongs when recordings are prepared by several processes.

    Raises
    ------
    ConfigError
        Another data set, reader or layout has its name.
    """
    known = {**_built_in(), **_registered}
    if known.get(data_set.name, data_set) != data_set:
        raise ConfigError(
            f"a data set named {data_set.name!r} is already there; choose another name"
        )
    if data_set.reader is not None:
        register_reader(data_set.reader)
    if data_set.layout is not None:
        register_layout(data_set.layout)
    _registered[data_set.name] = data_set


def data_sets() -> tuple[DataSet, ...]:
    """All data sets: the ones declared in this package by module name, then registered ones."""
    load_plugins()
    return tuple({**_built_in(), **_registered}.values())


def find_data_set(source: str) -> DataSet:
    """The data set whose reader has that name, see `Recording.source`.

    A source without a descriptor has no action names, and its odd subjects train.
    """
    return next((one for one in data_sets() if one.name == source), DataSet(source))


@cache
def _built_in() -> dict[str, DataSet]:
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    modules = (importlib.import_module(f"{__name__}.{name}") for name in names)
    found = (getattr(module, "DATA_SET", None) for module in modules)
    return {one.name: one for one in found if one is not None}
