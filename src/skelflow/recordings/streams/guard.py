"""The one place that catches what a single recording can make a reader raise."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from skelflow.errors import FormatError, SkelflowError
from skelflow.types import Frames, Recording

_STREAMS = ("depth", "color", "infrared")


@contextmanager
def one_recording(path: Path, reader: str) -> Iterator[None]:
    """Let whatever a reader or a library raises be about this recording, and no other.

    Raises
    ------
    FormatError
        Instead of any error but skelflow's own; the one that was raised is its cause.
    """
    try:
        yield
    except SkelflowError:
        raise
    except MemoryError as error:
        raise FormatError(f"{path}: there is too little memory to read it") from error
    except Exception as error:
        raise FormatError(
            f"{path}: cannot be read as {reader} ({type(error).__name__}: {error}); its files are "
            "damaged, or the reader has a defect"
        ) from error


def guard_frames(recording: Recording, reader: str) -> Recording:
    """The same recording; its frames raise `FormatError` too when they are asked for."""
    guarded: dict[str, Any] = {
        name: _guard(frames, recording.path, reader)
        for name in _STREAMS
        if (frames := getattr(recording, name)) is not None
    }
    return replace(recording, source=reader, **guarded)


def _guard(frames: Frames[Any], path: Path, reader: str) -> Frames[Any]:
    decode: Callable[[int], Any] = frames.decode

    def guarded(t: int) -> Any:
        with one_recording(path, reader):
            return decode(t)

    return replace(frames, decode=guarded)
