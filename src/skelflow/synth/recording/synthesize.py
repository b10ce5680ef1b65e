"""Make a folder of synthetic recordings in the layout of NTU RGB+D; an interrupted run resumes."""

import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from skelflow.errors import DataError
from skelflow.io.atomic import PARTIAL, only_writer
from skelflow.io.output_folder import enter_folder
from skelflow.io.process_pool import run_tasks
from skelflow.recordings.action_names import write_action_names
from skelflow.synth.recording.recording_spec import RecordingSpec, SynthConfig, plan_recordings
from skelflow.synth.recording.render_recording import RecordingPaths, render_recording
from skelflow.version import __version__
from skelflow.wording import counted

FORMAT = 1
SETTINGS = "synth.json"
_JOINTS = "joints"

Progress = Callable[[int, int, str], None]  # recordings finished, of how many, the last one's name


@dataclass(frozen=True)
class SynthReport:
    """Summary of a run.

    Parameters
    ----------
    out : the folder.
    recordings : all recordings that were asked for.
    made : how many of them this run made; the others existed.
    frames : number of frames this run made.
    seconds : duration of the run.
    """

    out: Path
    recordings: tuple[RecordingSpec, ...]
    made: int
    frames: int
    seconds: float

    def to_text(self) -> str:
        """The summary as text."""
        people = counted(len({spec.performer for spec in self.recordings}), "person", "people")
        actions = counted(len({spec.action for spec in self.recordings}), "action")
        there = len(self.recordings) - self.made
        lines = [
            f"{self.out}: {counted(len(self.recordings), 'recording')}, {people}, {actions}",
            f"  made        {self.made}, {counted(self.frames, 'frame')}"
            + (f"; {there} there before" if there else ""),
        ]
        if self.made:
            rate = self.frames / self.seconds
            lines.append(f"  speed       {rate:.1f} frames a second, {self.seconds:.0f} s")
        return "\n".join(lines)


def synthesize(
    out: str | Path,
    config: SynthConfig,
    *,
    workers: int = 1,
    action_names: Mapping[int, str] = MappingProxyType({}),
    progress: Progress = lambda *_: None,
) -> SynthReport:
    """Make the recordings that are not in the folder yet.

    Each recording appears complete or not at all; its bytes do not depend on `workers`.

    Parameters
    ----------
    out : made when it is not there: `nturgb+d_depth`, `nturgb+d_skeletons`, `nturgb+d_ir`,
        `nturgb+d_rgb`, `nturgb+d_depth_masked`, `truth`, and the settings in `synth.json`.
    workers : processes side by side.
    action_names : what the numbers of retargeted recordings' actions mean, for the folder's
        actions.txt. Numbers without a name become "action 7", recordings without a label
        "unlabeled".
    progress : called after each recording with (finished, total, its name).

    Raises
    ------
    ConfigError
        The folder was made with other settings, or an action is unknown.
    DataError
        The folder holds something else, or another run writes into it.
    StorageError
        It cannot be written.
    """
    out, start = Path(out), time.perf_counter()
    recordings = plan_recordings(config, named=action_names)
    settings = {"format": FORMAT, "skelflow": __version__, **config.folder_settings()}
    played = {f"{spec.skeleton.name} {spec.digest}" for spec in recordings if spec.skeleton}
    if played:
        settings[_JOINTS] = sorted(played)
    with only_writer(out):
        enter_folder(
            out,
            settings,
            settings_file=SETTINGS,
            outputs="nturgb+d*",
            maker="skelflow synth",
            later=(_JOINTS,),
        )
        if config.retargeted:
            write_action_names(out, _name_actions(recordings, action_names))
        missing = [spec for spec in recordings if not _is_there(out, spec, config)]
        there, made, frames = len(recordings) - len(missing), 0, 0
        progress(there, len(recordings), "")
        tasks = [(out, spec, config) for spec in missing]
        for name, count in run_tasks(_make, tasks, workers=workers):
            made, frames = made + 1, frames + count
            progress(there + made, len(recordings), name)
    return SynthReport(out, recordings, made, frames, time.perf_counter() - start)


def _name_actions(recordings: Sequence[RecordingSpec], known: Mapping[int, str]) -> dict[int, str]:
    """A name for every action, so that none is read as NTU RGB+D's of that number."""
    names = dict(known)
    for spec in recordings:
        names.setdefault(spec.action, f"action {spec.action}" if spec.is_labeled else "unlabeled")
    return names


def truth_path(out: str | Path, name: str) -> Path:
    """Path of a recording's ground truth."""
    return Path(out) / "truth" / f"{name}_truth.npz"


def _recording_paths(out: Path, name: str, config: SynthConfig) -> RecordingPaths:
    """NTU RGB+D's folders, and one for the ground truth."""
    return RecordingPaths(
        depth=out / "nturgb+d_depth" / name,
        skeleton=out / "nturgb+d_skeletons" / f"{name}.skeleton",
        infrared=out / "nturgb+d_ir" / f"{name}_ir.avi",
        truth=truth_path(out, name),
        color=out / "nturgb+d_rgb" / f"{name}_rgb.avi" if config.color_size else None,
        masked=out / "nturgb+d_depth_masked" / name if config.masked else None,
    )


def _is_there(out: Path, spec: RecordingSpec, config: SynthConfig) -> bool:
    return all(
        path.exists() for path in vars(_recording_paths(out, spec.name, config)).values() if path
    )


def _make(task: tuple[Path, RecordingSpec, SynthConfig]) -> tuple[str, int]:
    """Render into a temporary folder, then move the files to their places."""
    out, spec, config = task
    final = _recording_paths(out, spec.name, config)
    number = "".join(character for character in spec.name if character.isdigit())
    folder = out / f"{PARTIAL}{number}"  # no reader takes it for a recording
    try:
        folder.mkdir()
        aside = final.inside(folder)
        frames = render_recording(spec, config, aside)
        _publish(aside, final)
        folder.rmdir()
    except OSError as error:
        reason = error.strerror or error
        raise DataError(f"{out}: {spec.name} cannot be written ({reason})") from error
    return spec.name, frames


def _publish(aside: RecordingPaths, final: RecordingPaths) -> None:
    """Move every file to its place; remove them all if one cannot be moved."""
    parts = [(path, vars(final)[part]) for part, path in vars(aside).items() if path is not None]
    for _, path in parts:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove(path)  # of a recording that lacked a part
    try:
        for source, path in parts:
            source.rename(path)
    except BaseException:
        for _, path in parts:
            _remove(path)
        raise


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
