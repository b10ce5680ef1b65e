"""Recordings: one module a source, which declares a `READER` and so is found by itself."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from skelflow.errors import ConfigError, DataError, FormatError
from skelflow.io.files import is_file, is_folder, trouble
from skelflow.io.plugins import load_plugins
from skelflow.recordings.reader import Reader
from skelflow.recordings.walk import unreadable_folders
from skelflow.types import Recording

__all__ = [
    "Reader",
    "find_reader",
    "find_recordings",
    "holds_many",
    "open_recording",
    "readers",
    "register_reader",
]

_registered: dict[str, Reader] = {}


def register_reader(reader: Reader) -> None:
    """Let `open_recording`, `find_recordings` and every command read one more source.

    The processes that prepare recordings side by side have to register it too: call this at the
    top level of a script, or of a module that is a plugin, see `skelflow.io.plugins`.

    Raises
    ------
    ConfigError
        Another reader has its name.
    """
    known = {**_built_in(), **_registered}
    if known.get(reader.name, reader) != reader:
        raise ConfigError(f"a reader named {reader.name!r} is already there; choose another name")
    _registered[reader.name] = reader


def readers() -> tuple[Reader, ...]:
    """All readers: the ones declared in this package by module name, then registered ones."""
    load_plugins()
    return tuple({**_built_in(), **_registered}.values())


@cache
def _built_in() -> dict[str, Reader]:
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    modules = (importlib.import_module(f"{__name__}.{name}") for name in names)
    found = (getattr(module, "READER", None) for module in modules)
    return {reader.name: reader for reader in found if reader is not None}


def find_reader(path: str | Path) -> Reader | None:
    """The reader that recognizes a path; None where none does."""
    path = Path(path)
    return next((reader for reader in readers() if reader.recognizes(path)), None)


def open_recording(path: str | Path) -> Recording:
    """Open a recording of any known source; frames are decoded when they are asked for.

    Parameters
    ----------
    path : the file, folder or name that the source's reader recognizes.

    Returns
    -------
    Recording : depth in meters, camera frame x right, y down, z away.

    Raises
    ------
    FormatError
        Nothing is there, no reader recognizes it, or a file is not what its reader expects.
    """
    path = Path(path)
    reader = find_reader(path)
    if reader is not None:
        return reader.open(path)
    if found := trouble(path):
        raise FormatError(f"{path} {found}; expected one of the recordings of docs/recordings.md")
    raise FormatError(
        f"{path} is no recording that a reader recognizes; expected one of:{_expected(path.suffix)}"
    )


def holds_many(path: str | Path) -> bool:
    """Whether a path stands for the recordings in it: a folder, or a file of many.

    Raises
    ------
    FormatError
        It is a file of many recordings that cannot be read.
    """
    path = Path(path)
    if find_reader(path) is not None:
        return False
    return is_folder(path) or (is_file(path) and any(True for _ in _in_file(path)))


def find_recordings(source: str | Path) -> list[Path]:
    """Every recording below a folder, sorted; `open_recording` accepts each.

    A folder that cannot be read stands for the recordings in it: opening it says why.

    Parameters
    ----------
    source : a folder, a file of many recordings, or one recording, which is then the only one.

    Raises
    ------
    DataError
        The folder does not exist or holds no recording.
    """
    source = Path(source)
    if find_reader(source) is not None:
        return [source]
    if is_file(source):
        found = set(_in_file(source))
    elif is_folder(source):
        found = {path for reader in readers() for path in reader.find(source)}
        found |= set(unreadable_folders(source))
    else:
        raise DataError(f"{source} is no folder; expected a folder with recordings below it")
    if not found:
        raise DataError(f"no recording below {source}; expected one of:{_expected()}")
    return sorted(found)


def _in_file(file: Path) -> Iterator[Path]:
    """Every recording of a file that holds many."""
    for reader in readers():
        if reader.find_in_file is not None:
            yield from reader.find_in_file(file)


def _expected(suffix: str = "") -> str:
    """What readers expect: all of them, or those that know such files if any does."""
    kind = re.compile(rf"{re.escape(suffix)}\b") if suffix else None
    files = [reader for reader in readers() if not reader.expects.startswith("a folder")]
    known = [reader for reader in files if kind and kind.search(reader.expects)]
    return " " + "; ".join(f"{reader.expects} ({reader.name})" for reader in known or readers())
