"""Files that are whole or not there: written aside, forced to the disk, renamed; one writer."""

import os
import shutil
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from skelflow.errors import DataError, StorageError

PARTIAL = ".partial-"  # what is still being written begins with it
_LOCK = ".lock"


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn what the system says about a write into a `StorageError` that names the place."""
    try:
        yield
    except OSError as error:
        raise StorageError(
            f"{path}: cannot be written ({error.strerror or error}); make room or choose "
            "another place; the same command then goes on where it was"
        ) from error


def aside(path: Path) -> Path:
    """A hidden name beside `path` with its ending, that no other process takes."""
    return path.with_name(f"{PARTIAL}{socket.gethostname()}-{os.getpid()}-{path.name}")


def sync(paths: Iterable[Path]) -> None:
    """Force files and folders to the disk; `OSError` when one is not there."""
    for path in paths:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        except OSError:
            if not path.is_dir():  # some file systems cannot sync folders
                raise
        finally:
            os.close(handle)


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A name beside `path` to write to; it takes its place when the block ends without an error.

    Raises
    ------
    StorageError
        The file cannot be written.
    """
    partial = aside(path)
    with writing(path):
        try:
            yield partial
            sync([partial])
            partial.replace(path)
            sync([path.parent])
        finally:
            with suppress(OSError):
                partial.unlink(missing_ok=True)


def remove_partials(folder: Path) -> None:
    """Remove what stopped writers left; one that still lives then fails, it publishes no part."""
    for partial in folder.glob(f"{PARTIAL}*"):
        doomed = aside(folder / "doomed")
        with suppress(OSError):
            partial.rename(doomed)  # at once, so that nobody renames it when half of it is gone
            shutil.rmtree(doomed) if doomed.is_dir() else doomed.unlink()


@contextmanager
def only_writer(folder: Path) -> Iterator[None]:
    """Be the one run that writes into a folder, which is made; the lock dies with its process.

    Raises
    ------
    DataError
        Another run has it.
    StorageError
        The folder cannot be made or written.
    """
    made = not folder.exists()
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / _LOCK, blocking=False)
        try:
            lock.acquire()
        except Timeout:
            holder = (folder / _LOCK).read_text().strip() or "unknown process"
            raise DataError(
                f"{folder}: another run is writing here ({holder}); wait for it, stop it, "
                "or choose another place"
            ) from None
    try:
        with writing(folder):
            (folder / _LOCK).write_text(f"process {os.getpid()} on {socket.gethostname()}\n")
        yield
    finally:
        _leave(folder, lock, made)


def _leave(folder: Path, lock: FileLock, made: bool) -> None:
    remove_partials(folder)
    if made and [entry.name for entry in folder.iterdir()] == [_LOCK]:
        shutil.rmtree(folder)  # nothing came of it
    lock.release()
