"""The data sets skelflow knows: one module each, which declares a `DATA_SET`."""

import importlib
import pkgutil
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from skelflow.datasets.catalog.data_set import DataSet
from skelflow.errors import ConfigError
from skelflow.io.plugins import load_plugins
from skelflow.recordings import find_reader, register_reader
from skelflow.recordings.action_names import find_action_names
from skelflow.skeleton.layouts import register_layout
from skelflow.types import Recording

__all__ = [
    "DataSet",
    "action_name",
    "action_names",
    "contradiction",
    "data_sets",
    "find_data_set",
    "known_action_names",
    "register_data_set",
    "share_actions",
]

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


def known_action_names(paths: Iterable[Path]) -> dict[int, str]:
    """What the actions of some recordings are called: by their actions.txt, else their data set.

    Parameters
    ----------
    paths : of recordings that agree on it; the first one's source names the data set.

    Raises
    ------
    FormatError
        An actions.txt has a line that is none.
    ConfigError
        Two recordings call one number by different names, or give one name to two numbers.
    """
    names: dict[int, str] = {}
    for path in paths:
        reader = find_reader(path)
        own = action_names(path, "" if reader is None else reader.name)
        if found := contradiction(own, names):
            raise ConfigError(
                f"{path}: {found} in other recordings; use one actions.txt above all of them"
            )
        names.update(own)
    return names


def action_names(path: Path, source: str) -> Mapping[int, str]:
    """What the actions of a source are called at a path: by an `actions.txt`, else its data set.

    Raises
    ------
    FormatError
        The actions.txt has a line that is none.
    """
    return find_action_names(path) or find_data_set(source).action_names


def contradiction(names: Mapping[int, str], others: Mapping[int, str]) -> str:
    """How two lists of actions contradict each other, in words; "" where they do not.

    Examples
    --------
    >>> contradiction({1: "clap"}, {1: "wave"})
    "action 1 is 'clap', and 'wave'"
    >>> contradiction({2: "wave"}, {1: "wave"})
    "'wave' is action 2, and 1"
    """
    numbers = {name: number for number, name in others.items()}
    for number, name in names.items():
        if others.get(number, name) != name:
            return f"action {number} is {name!r}, and {others[number]!r}"
        if numbers.get(name, number) != number:
            return f"{name!r} is action {number}, and {numbers[name]}"
    return ""


def share_actions(source: str, other: str) -> bool:
    """Whether the numbers of actions mean the same in two sources, as far as their data sets say.

    Examples
    --------
    >>> share_actions("ntu", "pyskl"), share_actions("ntu", "folder")
    (True, False)
    """
    return find_data_set(source).action_names == find_data_set(other).action_names


def action_name(recording: Recording) -> str | None:
    """What its action is called, by an `actions.txt` above it or by its data set."""
    action = recording.labels.action
    if action is None:
        return None
    return action_names(recording.path, recording.source).get(action)


@cache
def _built_in() -> dict[str, DataSet]:
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    modules = (importlib.import_module(f"{__name__}.{name}") for name in names)
    found = (getattr(module, "DATA_SET", None) for module in modules)
    return {one.name: one for one in found if one is not None}
