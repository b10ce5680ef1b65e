"""Recordings: one module a source; a new module that is a `Reader` is found by itself."""

import importlib
import pkgutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Protocol, runtime_checkable

from skelflow.errors import DataError, FormatError
from skelflow.types import Recording


@runtime_checkable
class Reader(Protocol):
    """What a module of this package offers to be a reader (as its module-level names).

    `NAME` is how messages call it, `EXPECTS` says in one line what a path must look like.
    """

    NAME: str
    EXPECTS: str

    def recognizes(self, path: Path) -> bool:
        """Whether the path is this reader's, broken or not."""

    def read(self, path: Path) -> Recording:
        """The recording at a path that `recognizes` accepted."""

    def find(self, folder: Path) -> Iterator[Path]:
        """Every recording below a folder, each once."""


@cache
def readers() -> tuple[Reader, ...]:
    """All readers, by module name: the modules and packages here that offer what a reader does."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    modules = (importlib.import_module(f"{__name__}.{name}") for name in names)
    return tuple(module for module in modules if isinstance(module, Reader))


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
    for reader in readers():
        if reader.recognizes(path):
            return reader.read(path)
    found = "is no recording that a reader recognizes" if path.exists() else "does not exist"
    expected = "".join(f"\n  {reader.NAME}: {reader.EXPECTS}" for reader in readers())
    raise FormatError(f"{path} {found}; expected one of{expected}")


def find_recordings(source: str | Path) -> list[Path]:
    """Every recording below a folder, sorted; `open_recording` accepts each.

    Parameters
    ----------
    source : a folder, or one recording, which is then the only one.

    Raises
    ------
    DataError
        The folder does not exist or holds no recording.
    """
    source = Path(source)
    if any(reader.recognizes(source) for reader in readers()):
        return [source]
    if not source.is_dir():
        raise DataError(f"{source} is no folder; expected a folder with recordings below it")
    found = sorted({path for reader in readers() for path in reader.find(source)})
    if not found:
        expected = "".join(f"\n  {reader.NAME}: {reader.EXPECTS}" for reader in readers())
        raise DataError(f"no recording below {source}; expected{expected}")
    return found
