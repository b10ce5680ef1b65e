"""The process that reads one recording and recognizes it: bounded, and killed when it hangs."""

import errno
import json
import os
import re
import resource
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from skelflow.datasets.prepare.adapt import at_rate
from skelflow.errors import DataError, FormatError, SkelflowError
from skelflow.inference import Recognizer
from skelflow.recordings import find_recordings, open_recording
from skelflow.web.answer import write_answer
from skelflow.web.limits import Limits
from skelflow.web.uploads.archive import unpack
from skelflow.web.uploads.screen import check_files
from skelflow.wording import counted

_OPEN_FILES = 256
_SHOW_EVERY_S = 0.1
_FULL = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True)
class Task:
    """One recording to recognize.

    Parameters
    ----------
    weights : bundled name, or path.
    sent : a .zip or a file of a recording; None for a recording that is on this machine.
    recording : path of the latter, or of a .zip of it.
    folder : where the answer goes; `folder / "sent"` is for what is unpacked.
    limits : of memory, size and number.
    """

    weights: str
    sent: Path | None
    recording: Path | None
    folder: Path
    limits: Limits


def run_task(task: Task, pipe: Connection) -> None:
    """Write the answer, and tell through the pipe, in JSON, how far it is or what is wrong."""
    say = _Reports(pipe)
    try:
        bound(task.limits)
        _work(task, say)
    except SkelflowError as error:
        say(failed=without_paths(str(error), task))
    except MemoryError:
        say(failed="the recording needs more memory than a recording may; send a shorter one")
    except Exception as error:  # what a damaged file does to a decoder is not foreseen
        say(failed=_unforeseen(error), trace=traceback.format_exc())
    else:
        say(finished=True)


def _unforeseen(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno in _FULL:
        return "there is no room here to unpack a recording; try again later"
    return "the recording cannot be read; it is damaged, or of a kind unknown here"


class _Reports:
    """Messages to the server, one JSON object each."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe, self._last = pipe, 0.0

    def __call__(self, **values: Any) -> None:
        self._pipe.send_bytes(json.dumps(values).encode())

    def progress(self, stage: str) -> Callable[[int, int], None]:
        """A function that tells how far a stage is, not too often."""

        def report(done: int, total: int) -> None:
            now = time.monotonic()
            if done == total or now - self._last > _SHOW_EVERY_S:
                self._last = now
                self(stage=stage, done=done, total=total)

        return report


def _work(task: Task, say: _Reports) -> None:
    say(stage="checking")
    path, left_out = find_recording(task)
    say(stage="reading")
    recording = open_recording(path)
    if len(recording) > task.limits.frames:
        raise DataError(
            f"{recording.name}: {counted(len(recording), 'frame')}, expected at most "
            f"{task.limits.frames}"
        )
    recognizer = Recognizer.load(task.weights)
    recording = at_rate(recording, recognizer.checkpoint.frame_rate_hz)
    recording = recognizer.with_joints(recording)
    recording = replace(recording, repairs=(*recording.repairs, *left_out))
    explanation = recognizer.explain(recording, progress=say.progress("computing scene flow"))
    say(stage="drawing")
    truth = recognizer.checkpoint.action_name(recording)
    write_answer(recording, explanation, truth, task.folder)


def find_recording(task: Task) -> tuple[Path, tuple[str, ...]]:
    """The one recording that is asked for, and what was left out of what was sent, in sentences.

    What was sent is unpacked and looked at.
    """
    archive = task.sent or task.recording
    if archive is None:
        raise FormatError("nothing was sent")
    packed = archive.suffix.lower() == ".zip"
    if task.sent is None and not packed:
        return archive, ()
    folder = task.folder / "sent"
    if packed:
        unpack(archive, folder, task.limits)
    left_out = check_files(folder, task.limits)
    found = find_recordings(folder)
    if len(found) > 1:
        raise DataError(f"{len(found)} recordings were sent; send one at a time")
    return found[0], left_out


def bound(limits: Limits) -> None:
    """What this process may take from now on, and whom its libraries may disturb: nobody."""
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    pages = int(Path("/proc/self/statm").read_text().split()[0]) if _has_proc() else 0
    memory = pages * resource.getpagesize() + limits.memory_bytes
    _lower(resource.RLIMIT_AS, memory)
    _lower(resource.RLIMIT_CPU, int(4 * limits.work_s) + 1)
    _lower(resource.RLIMIT_FSIZE, limits.unpacked_bytes)
    _lower(resource.RLIMIT_NOFILE, _OPEN_FILES)
    _lower(resource.RLIMIT_CORE, 0)


def _has_proc() -> bool:
    return Path("/proc/self/statm").exists()


def _lower(kind: int, most: int) -> None:
    """Never above what is allowed already."""
    _, hard = resource.getrlimit(kind)
    bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(kind, (bound, bound))


_LONGEST = 500  # characters of a message: a page is no place for a list of all formats
_FOLDERS = re.compile(r"(?<![\w/.])/(?:[^\s/:,;'\"]+/)+")  # of an absolute path


def without_paths(message: str, task: Task) -> str:
    """The message in one line, with names below the upload in place of paths of this machine.

    What lies elsewhere, as the other parts of a recording may, keeps its name alone.
    """
    places = [task.folder / "sent", task.folder]
    places += [task.recording.parent] if task.recording else []
    for place in (*places, *(place.resolve() for place in places)):
        for shown in (f"{place}/", str(place)):
            message = message.replace(shown, "") if place.name else message
    weights = Path(task.weights)
    message = message.replace(str(weights), weights.name) if weights.name else message
    line = " ".join(_FOLDERS.sub("", message).split())
    return line if len(line) <= _LONGEST else f"{line[: line.rfind(' ', 0, _LONGEST)]} ..."
