"""Files that are written whole or not at all, whatever happens meanwhile."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from skelflow.errors import OutputError


@contextmanager
def whole_file(path: Path, *, keep: Path | None = None) -> Iterator[Path]:
    """A place beside `path` to write to, flushed to the disk and renamed when the block is done.

    Parameters
    ----------
    path : what the file shall be called.
    keep : the file that had this name so far gets that one.

    Raises
    ------
    OutputError
        It cannot be written: the disk is full, or the folder does not allow it. What was there
        before is still there.
    """
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        try:
            yield aside
            _flush(aside)
            if keep is not None and path.exists():
                path.replace(keep)
            aside.replace(path)
            _flush(path.parent)
        finally:
            aside.unlink(missing_ok=True)
    except (OSError, RuntimeError) as error:  # torch hides the system's error in its own
        raise OutputError(
            f"{path}: cannot be written ({_reason(error)}); what was there before is kept. Make "
            "room or choose another place, and give the same command again"
        ) from error


def _flush(path: Path) -> None:
    """Have the disk hold a file, or the names in a folder, when this returns."""
    if path.is_dir() and os.name == "nt":
        return  # folders cannot be opened there
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _reason(error: BaseException) -> str:
    """What the system said, without the path."""
    while error.__context__ is not None and not isinstance(error, OSError):
        error = error.__context__
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
