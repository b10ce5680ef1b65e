"""The one way out for text: escaped, encodable, silent when nobody reads on."""

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TextIO

_KEPT = "\n\t"


def printable(text: str) -> str:
    """The text; control characters, such as escape sequences in names, as Python writes them.

    Examples
    --------
    >>> print(printable("wave \\x1b[31m"))
    wave \\x1b[31m
    """
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() or char in _KEPT else ascii(char)[1:-1] for char in text
    )


def open_streams() -> None:
    """Make both streams take any text; what libraries write by themselves is not shown.

    Image and video libraries write warnings of their own beside the message of skelflow, which
    says the same in one line. Streams that are closed, or replaced as tests do, stay as they are.
    """
    if sys.stdout is None:
        sys.stdout = _devnull()
    elif sys.stdout is sys.__stdout__:
        sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    if sys.stderr is None:
        sys.stderr = _devnull()
    elif sys.stderr is sys.__stderr__:
        own = os.fdopen(os.dup(2), "w", buffering=1, errors="backslashreplace")
        _redirect(2)
        sys.stderr = own


def close_output() -> None:
    """Forget what could not be written to stdout; else the interpreter tries again at its end."""
    with suppress(OSError, ValueError):
        _redirect(sys.stdout.fileno())


def write_error(text: str) -> None:
    """A line on stderr, where there is somebody to read it."""
    try:
        sys.stderr.write(printable(text) + "\n")
        sys.stderr.flush()
    except (OSError, ValueError):
        with suppress(OSError, ValueError):
            _redirect(sys.stderr.fileno())


def _redirect(descriptor: int) -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)


def _devnull() -> TextIO:
    return Path(os.devnull).open("w", encoding="utf-8")
