"""Paste many recordings into rooms, in a folder; an interrupted run resumes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from jaxtyping import Float

from skelflow.errors import ConfigError, DataError, SkelflowError, StorageError
from skelflow.io.atomic import only_writer, remove_partials
from skelflow.io.files import is_file
from skelflow.io.output_folder import enter_folder
from skelflow.io.process_pool import run_tasks
from skelflow.recordings import find_reader, open_recording, utd_mhad
from skelflow.recordings.action_names import write_action_names
from skelflow.recordings.folder.writer import write_folder
from skelflow.skeleton.place import SAME_PLACE_M, middle_m
from skelflow.synth.pasting.paste import paste
from skelflow.synth.rendering.kinect import to_millimeters
from skelflow.types import Recording
from skelflow.version import __version__
from skelflow.wording import counted

FORMAT = 2
SETTINGS = "rooms.json"
_COMPARED = 8  # of the recordings that are there: enough to notice those of another source

Progress = Callable[[int, int, str], None]  # recordings finished, of how many, the last one's name


@dataclass(frozen=True)
class PasteReport:
    """Summary of a run.

    Parameters
    ----------
    out : the folder.
    made, there : how many recordings this run made, and how many were there before.
    failed : path and reason of each recording that was left out.
    """

    out: Path
    made: int
    there: int
    failed: tuple[tuple[Path, str], ...]

    def to_text(self) -> str:
        """The summary as text."""
        lines = [
            f"{self.out}: {self.made} pasted, {self.there} there before, {len(self.failed)} failed"
        ]
        return "\n".join([*lines, *(f"  {reason}" for _, reason in self.failed)])


@dataclass(frozen=True)
class _Task:
    """A recording, and the folder or depth file it becomes."""

    source: Path
    is_utd: bool
    place: Path
    out: Path
    look: dict[str, Any]  # seed, distractors, clean


def paste_recordings(
    paths: Sequence[Path],
    out: str | Path,
    *,
    seed: int = 0,
    distractors: bool = True,
    clean: bool = False,
    workers: int = 1,
    action_names: Mapping[int, str] = MappingProxyType({}),
    progress: Progress = lambda *_: None,
) -> PasteReport:
    """Paste the recordings that are not in the folder yet; each appears whole or not at all.

    UTD-MHAD's recordings become recordings of UTD-MHAD, in its own files, so that data set,
    protocols and names of actions stay what they are. Others become folders of their names
    (`recordings.folder`). A recording's bytes depend on the seed and its own content and name only.

    Parameters
    ----------
    paths : of recordings, see `skelflow.synth.pasting.paste.paste`.
    out : made when it is not there.
    seed, distractors, clean : as of `paste`.
    workers : processes side by side.
    action_names : what the numbers of folders' actions mean, for the folder's actions.txt.
    progress : called after each recording with (finished, total, its name).

    Raises
    ------
    ConfigError
        The folder was made with other settings, two recordings would get one name, or it holds
        others of the same names: eight are compared, by their frames and where their people are.
    DataError
        The folder holds something else, another run writes into it, or no recording could be
        pasted.
    StorageError
        It cannot be written.
    """
    out = Path(out)
    look = {"seed": seed, "distractors": distractors, "clean": clean}
    tasks = _plan(paths, out, look)
    settings = {"format": FORMAT, "skelflow": __version__, **look}
    with only_writer(out):
        enter_folder(out, settings, settings_file=SETTINGS, outputs="[!.]*", maker="skelflow paste")
        for folder in (out / "depth", out / "skeleton"):
            remove_partials(folder)
        if action_names and not all(task.is_utd for task in tasks):
            write_action_names(out, action_names)
        missing = [task for task in tasks if not task.place.exists()]
        _check_there([task for task in tasks if task.place.exists()])
        there, failed = len(tasks) - len(missing), []
        progress(there, len(tasks), "")
        for done, (path, reason) in enumerate(run_tasks(_make, missing, workers=workers), 1):
            if reason:
                failed.append((path, reason))
            progress(there + done, len(tasks), path.name)
    if tasks and len(failed) == len(tasks):
        raise DataError(
            f"{out}: none of {counted(len(tasks), 'recording')} could be pasted; the first: "
            f"{min(failed)[1]}"
        )
    return PasteReport(out, len(missing) - len(failed), there, tuple(sorted(failed)))


def _plan(paths: Sequence[Path], out: Path, look: dict[str, Any]) -> list[_Task]:
    """Where each recording goes; no two to one place."""
    found: dict[Path, _Task] = {}
    for path in paths:
        reader = find_reader(path)
        is_utd = reader is not None and reader.name == utd_mhad.READER.name
        named = path if path.name.strip(".") else path.resolve()  # "." and ".."
        own = named.stem if is_file(path) else named.name
        place = utd_mhad.written(path, out) if is_utd else out / own
        if place in found:
            raise ConfigError(
                f"{found[place].source} and {path} would both become {place}; give each a folder "
                "of its own (--out)"
            )
        found[place] = _Task(path, is_utd, place, out, look)
    return list(found.values())


def _check_there(there: Sequence[_Task]) -> None:
    """Refuse a folder that holds other recordings of the same names."""
    for task in there[:: max(1, -(-len(there) // _COMPARED))]:
        source, pasted = open_recording(task.source), open_recording(task.place)
        places = _middle_m(source), _middle_m(pasted)
        is_near = np.allclose(*places, rtol=0, atol=SAME_PLACE_M, equal_nan=True)
        if len(source) != len(pasted) or not is_near:
            raise ConfigError(
                f"{task.place}: is there already, of another recording than {task.source}; give "
                "each source a folder of its own (--out), or remove what is there"
            )


def _middle_m(recording: Recording) -> Float[np.ndarray, "3"]:
    """NaN where no joint is known."""
    skeleton = recording.skeleton
    return np.full(3, np.nan) if skeleton is None else middle_m(skeleton.joints_m)


def _make(task: _Task) -> tuple[Path, str]:
    """Paste one recording; the reason where that cannot be done."""
    try:
        pasted = paste(open_recording(task.source), **task.look)
        _write(task, pasted)
    except StorageError:
        raise
    except SkelflowError as error:
        return task.source, str(error)
    return task.source, ""


def _write(task: _Task, pasted: Recording) -> None:
    if not task.is_utd:
        write_folder(pasted, task.place)
        return
    depth_mm = np.stack([to_millimeters(depth_m) for depth_m in pasted.depth])
    utd_mhad.write_with_depth(task.source, task.out, depth_mm)
