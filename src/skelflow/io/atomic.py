"""Atomic writes: to a temporary sibling, forced to disk, renamed; one writer a folder."""

import errno
import os
import shutil
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from threading import get_ident

from filelock import FileLock, Timeout

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

from skelflow.errors import DataError, StorageError

PARTIAL = ".partial-"  # what is still being written begins with it
LOCK = ".lock"
_LONGEST_NAME = 255  # bytes, on most file systems


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn what the system says about a write into a `StorageError` that names the place.

    A name that is too long is no fault of the place: `DataError`.
    """
    try:
        yield
    except (OSError, RuntimeError) as error:
        reason = _system_error(error)
        if reason is None:
            raise
        if reason.errno == errno.ENAMETOOLONG:
            raise DataError(
                f"{path}: a name is too long for this place ({reason.filename}); shorten it"
            ) from error
        raise StorageError(
            f"{path}: cannot be written ({reason.strerror or reason}); make room or choose "
            "another place; the same command then goes on where it was"
        ) from error


def _system_error(error: BaseException) -> OSError | None:
    """The system's error behind one; torch hides it in its own."""
    found: BaseException | None = error
    while found is not None and not isinstance(found, OSError):
        found = found.__context__
    return found


def temp_sibling(path: Path) -> Path:
    """A hidden name beside `path` with its ending, that no other process or thread takes."""
    maker = f"{PARTIAL}{socket.gethostname()[:60]}-{os.getpid()}-{get_ident()}"
    name = f"{maker}-{path.name}"
    if len(os.fsencode(name)) > _LONGEST_NAME:
        name = f"{maker}-{sha256(os.fsencode(path.name)).hexdigest()}{path.suffix[:16]}"
    return path.with_name(name)


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
def atomic_write(path: Path, *, keep: Path | None = None) -> Iterator[Path]:
    """A name beside `path` to write to; it takes its place when the block ends without an error.

    Parameters
    ----------
    path : what the file shall be called.
    keep : the file that had this name so far gets that one.

    Raises
    ------
    StorageError
        The file cannot be written; what was there before is still there.
    """
    partial = temp_sibling(path)
    with storage_errors(path):
        try:
            yield partial
            sync([partial])
            if keep is not None and path.exists():
                path.replace(keep)
            partial.replace(path)
            sync([path.parent])
        finally:
            with suppress(OSError):
                partial.unlink(missing_ok=True)


@contextmanager
def folder_of(path: Path) -> Iterator[None]:
    """Make the folder of a file; where the block fails, empty ones that were made go again.

    Raises
    ------
    StorageError
        The folder cannot be made.
    """
    made = [folder for folder in path.parents if not folder.exists()]  # innermost first
    with storage_errors(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        with suppress(OSError):
            for folder in made:
                folder.rmdir()
        raise


def remove_partials(folder: Path) -> None:
    """Remove what stopped writers left; one that still lives then fails, it publishes no part."""
    for partial in folder.glob(f"{PARTIAL}*"):
        doomed = temp_sibling(folder / "doomed")
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
    with storage_errors(folder):
        made = not folder.exists()
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / LOCK, blocking=False)
        try:
            lock.acquire()
        except Timeout:
            holder = (folder / LOCK).read_text().strip() or "unknown process"
            raise DataError(
                f"{folder}: another run is writing here ({holder}); wait for it, stop it, "
                "or choose another place"
            ) from None
    try:
        with storage_errors(folder):
            (folder / LOCK).write_text(f"process {os.getpid()} on {socket.gethostname()}\n")
        yield
    finally:
        _leave(folder, lock, made)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Be the one run that works in a folder, which is made; no file is left in it for that.

    Two threads of a process are told apart as two processes are; on systems that cannot lock
    folders (Windows) nobody is.

    Raises
    ------
    DataError
        Another run has it.
    StorageError
        The folder cannot be made.
    """
    with storage_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    if fcntl is None:
        yield
        return
    with storage_errors(folder):
        handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise DataError(
                f"{folder}: another run is writing here; wait for it, stop it, or choose another "
                "place"
            ) from None
        yield
    finally:
        os.close(handle)


def _leave(folder: Path, lock: FileLock, made: bool) -> None:
    remove_partials(folder)
    with suppress(OSError):  # the folder may be gone
        if made and [entry.name for entry in folder.iterdir()] == [LOCK]:
            shutil.rmtree(folder)  # nothing came of it
    lock.release()
