"""Files that others made, opened by every reader the same way.

Only regular files are opened: a pipe would wait for ever, a device never end. What is there is
looked at before, the file is never larger than a bound, and libraries that open files themselves
are given absolute paths, which none of them takes for an address on the network.
"""

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from skelflow.errors import FormatError, SkelflowError
from skelflow.io.bounds import FILE, MB, TEXT, Bound

_KINDS = {
    stat.S_ISDIR: "a folder",
    stat.S_ISFIFO: "a pipe",
    stat.S_ISSOCK: "a socket",
    stat.S_ISCHR: "a device",
    stat.S_ISBLK: "a device",
}
_ENCODINGS = {"utf-8": "UTF-8", "utf-8-sig": "UTF-8"}


@contextmanager
def open_file(
    path: str | Path, *, refusal: type[SkelflowError] = FormatError, bound: Bound = FILE
) -> Iterator[BinaryIO]:
    """A regular file, open for reading while the block runs.

    Parameters
    ----------
    path : of the file; links are followed.
    refusal : the error that says what is wrong with the file.
    bound : the most that is read.

    Raises
    ------
    refusal
        There is no such file, it cannot be read, is no regular file, or larger than the bound;
        or reading from it fails while the block runs.
    """
    check_file(path, refusal=refusal, bound=bound)
    try:
        with open(_handle(path), "rb") as stream:
            _check(path, os.fstat(stream.fileno()), refusal, bound)
            yield stream
    except OSError as error:
        raise refusal(f"{path}: {_reason(error)}") from error


def read_bytes(
    path: str | Path, *, refusal: type[SkelflowError] = FormatError, bound: Bound = FILE
) -> bytes:
    """All of a file; raises as `open_file`."""
    with open_file(path, refusal=refusal, bound=bound) as stream:
        return stream.read()


def read_head(path: str | Path, count: int, *, refusal: type[SkelflowError] = FormatError) -> bytes:
    """The first bytes of a file, fewer where it is shorter; raises as `open_file`."""
    with open_file(path, refusal=refusal) as stream:
        return stream.read(count)


def read_text(
    path: str | Path,
    *,
    encoding: str = "utf-8",
    refusal: type[SkelflowError] = FormatError,
    bound: Bound = TEXT,
) -> str:
    """All of a text; raises as `open_file`, and where it is no text of that encoding."""
    content = read_bytes(path, refusal=refusal, bound=bound)
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        kind = _ENCODINGS.get(encoding, encoding)
        raise refusal(f"{path}: no {kind} text ({error.reason} at byte {error.start})") from error


def check_file(
    path: str | Path, *, refusal: type[SkelflowError] = FormatError, bound: Bound = FILE
) -> int:
    """How many bytes a regular file has; raises as `open_file`."""
    with refused(path, refusal):
        found = Path(path).stat()
    _check(path, found, refusal, bound)
    return found.st_size


def library_path(
    path: str | Path, *, refusal: type[SkelflowError] = FormatError, bound: Bound = FILE
) -> str:
    """A checked file's absolute path, for libraries that open it by themselves.

    Raises
    ------
    refusal
        As in `open_file`; or the path is no UTF-8, at which such libraries crash.
    """
    check_file(path, refusal=refusal, bound=bound)
    if reason := trouble(path):
        raise refusal(f"{path}: {reason}")
    return absolute_text(path, refusal=refusal)


def absolute_text(path: str | Path, *, refusal: type[SkelflowError] = FormatError) -> str:
    """An absolute path as text that any library takes; `refusal` where it is no UTF-8."""
    with refused(path, refusal):
        text = str(Path(path).absolute())
    if not text.isascii() and "\ufffd" in os.fsencode(text).decode("utf-8", "replace"):
        raise refusal(f"{path}: its path is no UTF-8 text; rename the file or its folder")
    return text


def is_file(path: str | Path) -> bool:
    """Whether a regular file is there; False as well where nobody may look."""
    return _is(path, stat.S_ISREG)


def is_folder(path: str | Path) -> bool:
    """Whether a folder is there; False as well where nobody may look."""
    return _is(path, stat.S_ISDIR)


def trouble(path: str | Path) -> str:
    """Why nothing can be read at a path, in words; "" where something can."""
    try:
        found = Path(path).stat()
        if stat.S_ISDIR(found.st_mode):
            os.scandir(path).close()
    except (FileNotFoundError, NotADirectoryError):
        return "does not exist"
    except (OSError, ValueError) as error:
        return _reason(error)
    return "" if os.access(path, os.R_OK) else "cannot be read (Permission denied)"


@contextmanager
def refused(path: object, refusal: type[SkelflowError] = FormatError) -> Iterator[None]:
    """Turn what the system says about a path into `refusal`, which names the path."""
    try:
        yield
    except (OSError, ValueError) as error:
        raise refusal(f"{path}: {_reason(error)}") from error


def _reason(error: OSError | ValueError) -> str:
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return "cannot be read (does not exist)"
    reason = error.strerror if isinstance(error, OSError) else None
    return f"cannot be read ({reason or error})"


def _is(path: str | Path, kind: Callable[[int], bool]) -> bool:
    try:
        return kind(Path(path).stat().st_mode)
    except (OSError, ValueError):
        return False


def _handle(path: str | Path) -> int:
    """Opened so that even what took the file's place since it was looked at cannot block."""
    return os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))


def _check(
    path: str | Path, found: os.stat_result, refusal: type[SkelflowError], bound: Bound
) -> None:
    if not stat.S_ISREG(found.st_mode):
        kind = next((name for is_kind, name in _KINDS.items() if is_kind(found.st_mode)), "none")
        raise refusal(f"{path}: is {kind}, expected a file")
    bound.check(found.st_size / MB, path, refusal)
