"""How much is said on stderr beside answers and mistakes."""

import logging
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from skelflow.cli.streams import printable, write_error

Level = Literal["quiet", "usual", "verbose"]

_level: Level = "usual"


@contextmanager
def speaking(level: Level) -> Iterator[None]:
    """Say so much while the block runs.

    Parameters
    ----------
    level : "quiet" leaves out bars and notes; "verbose" adds what the library logs, and where a
        mistake came up.
    """
    global _level
    before, _level = _level, level
    logger, handler = logging.getLogger("skelflow"), _Lines(logging.DEBUG)
    logged = logger.level
    if level == "verbose":
        logger.addHandler(handler)
        logger.setLevel(logging.DEBUG)
    try:
        yield
    except Exception:
        if level == "verbose":
            sys.stderr.write(printable(traceback.format_exc()))
        raise
    finally:
        _level = before
        logger.removeHandler(handler)
        logger.setLevel(logged)


def is_quiet() -> bool:
    """Whether bars and notes are left out."""
    return _level == "quiet"


class _Lines(logging.Handler):
    """What the library logs, a line each."""

    def emit(self, record: logging.LogRecord) -> None:
        name = record.name.removeprefix("skelflow.")
        write_error(f"{name}: {record.getMessage()}")
