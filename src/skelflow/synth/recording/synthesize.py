"""A folder of synthetic recordings, laid out as NTU RGB+D, resumable, never mixed."""

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import skelflow
from skelflow.errors import DataError
from skelflow.io.atomic import PARTIAL, only_writer
from skelflow.io.output_folder import enter_folder
from skelflow.io.process_pool import run_tasks
from skelflow.synth.recording.recording_spec import SynthConfig, Take, plan_takes
from skelflow.synth.recording.render_recording import Place, shoot

FORMAT = 1
SETTINGS = "synth.json"

Progress = Callable[[int, int, str], None]  # recordings finished, of how many, the last one's name


@dataclass(frozen=True)
class SynthReport:
    """What a run made.

    Parameters
    ----------
    out : the folder.
    takes : all recordings that were asked for.
    made : how many of them this run made; the others were there.
    frames : of those.
    seconds : how long it took.
    """

    out: Path
    takes: tuple[Take, ...]
    made: int
    frames: int
    seconds: float

    def to_text(self) -> str:
        """For reading."""
        people = len({take.performer for take in self.takes})
        actions = len({take.action for take in self.takes})
        there = len(self.takes) - self.made
        lines = [
            f"{self.out}: {len(self.takes)} recordings, {people} people, {actions} actions",
            f"  made        {self.made}, {self.frames} frames"
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
    progress: Progress = lambda *_: None,
) -> SynthReport:
    """Make the recordings that are not in the folder yet.

    Each appears whole or not at all, and is the same whatever the number of processes.

    Parameters
    ----------
    out : made when it is not there: `nturgb+d_depth`, `nturgb+d_skeletons`, `nturgb+d_ir`,
        `nturgb+d_rgb`, `nturgb+d_depth_masked`, `truth`, and the settings in `synth.json`.
    workers : processes side by side.
    progress : called after each recording with (finished, total, its name).

    Raises
    ------
    ConfigError
        The folder was made with other settings, or an action cannot be played.
    DataError
        The folder holds something else, or another run writes into it.
    StorageError
        It cannot be written.
    """
    out, start = Path(out), time.perf_counter()
    takes = plan_takes(config)
    settings = {"format": FORMAT, "skelflow": skelflow.__version__, **config.look()}
    with only_writer(out):
        enter_folder(
            out, settings, settings_file=SETTINGS, outputs="nturgb+d*", maker="skelflow synth"
        )
        missing = [take for take in takes if not _is_there(out, take, config)]
        there, made, frames = len(takes) - len(missing), 0, 0
        progress(there, len(takes), "")
        tasks = [(out, take, config) for take in missing]
        for name, count in run_tasks(_make, tasks, workers=workers):
            made, frames = made + 1, frames + count
            progress(there + made, len(takes), name)
    return SynthReport(out, takes, made, frames, time.perf_counter() - start)


def truth_path(out: str | Path, name: str) -> Path:
    """Where the truth of a recording is."""
    return Path(out) / "truth" / f"{name}_truth.npz"


def _place(out: Path, name: str, config: SynthConfig) -> Place:
    """The official folders; the truth beside them."""
    return Place(
        depth=out / "nturgb+d_depth" / name,
        skeleton=out / "nturgb+d_skeletons" / f"{name}.skeleton",
        infrared=out / "nturgb+d_ir" / f"{name}_ir.avi",
        truth=truth_path(out, name),
        color=out / "nturgb+d_rgb" / f"{name}_rgb.avi" if config.color_size else None,
        masked=out / "nturgb+d_depth_masked" / name if config.masked else None,
    )


def _is_there(out: Path, take: Take, config: SynthConfig) -> bool:
    return all(path.exists() for path in vars(_place(out, take.name, config)).values() if path)


def _make(task: tuple[Path, Take, SynthConfig]) -> tuple[str, int]:
    """A recording, made aside and then put in its places."""
    out, take, config = task
    final = _place(out, take.name, config)
    number = "".join(character for character in take.name if character.isdigit())
    folder = out / f"{PARTIAL}{number}"  # no reader takes it for a recording
    try:
        folder.mkdir()
        aside = final.beside(folder)
        frames = shoot(take, config, aside)
        _publish(aside, final)
        folder.rmdir()
    except OSError as error:
        reason = error.strerror or error
        raise DataError(f"{out}: {take.name} cannot be written ({reason})") from error
    return take.name, frames


def _publish(aside: Place, final: Place) -> None:
    """Move every part to its place; take them back when that fails half-way."""
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
