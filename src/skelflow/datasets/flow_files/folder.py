"""The flow of a recording in a folder: one file a pair, resumable, of one configuration."""

import hashlib
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from typing import Any

from skelflow.datasets.flow_files.format import save_flow
from skelflow.datasets.pairs import PairReader, intensity_source, pair_flow
from skelflow.datasets.settings import IntensitySource, PresetName
from skelflow.errors import DataError
from skelflow.flow.method import METHOD_VERSION
from skelflow.flow.presets import FORMER_NAMES, find_preset
from skelflow.io.atomic import folder_of, locked
from skelflow.io.output_folder import enter_folder
from skelflow.settings import Count, Positive, Settings, SettingsError
from skelflow.types import Recording
from skelflow.version import __version__

FORMAT = 1
SETTINGS = "settings.json"
_FLOWS = "flow_*.npz"

Progress = Callable[[int, int, str], None]  # pairs finished, of how many, the last one's name


class FlowFolderConfig(Settings):
    """How the flow of a recording is computed and kept.

    Parameters
    ----------
    stride : every stride-th frame pair (t, t + 1).
    frames : (start, stop), the frames that pairs are taken of, from 0, stop excluded; None = all.
    preset : of the solver, see `skelflow.flow.api.scene_flow`.
    intensity : what the flow sees beside depth; "auto" takes infrared, else color, else nothing.
    threads : of the solver; the flow does not depend on it.
    lossless : files hold float32 instead of int16 tenths of millimeters.
    range_m : motion of full color in pictures, meters; None = what 99.5 % of the moving
        components stay below.

    Raises
    ------
    ConfigError
        A value is out of range.
    """

    stride: Count = 1
    frames: tuple[int, int | None] = (0, None)
    preset: PresetName = "paper"
    intensity: IntensitySource = "auto"
    threads: Count = 1
    lossless: bool = False
    range_m: Positive | None = None

    def check(self) -> None:
        """The solver knows the preset, and the frames hold a pair."""
        find_preset(self.preset)
        start, stop = self.frames
        if start < 0 or (stop is not None and stop < start + 2):
            raise SettingsError(
                f"frames: frames {start}:{stop} hold no pair; expected START:STOP, as 0:2"
            )


@dataclass(frozen=True)
class FlowFolder:
    """Flow files of a recording.

    Parameters
    ----------
    path : the folder.
    times : first frame of each pair, ascending.
    settings : what all files of the folder have in common.
    range_m : motion of full color in pictures, as asked for; None = measured.
    computed : how many of the pairs this run solved; the others were there.
    seconds_a_pair : median over those, 0 when there were none.
    """

    path: Path
    times: tuple[int, ...]
    settings: dict[str, Any]
    range_m: float | None = None
    computed: int = 0
    seconds_a_pair: float = 0.0

    def file(self, t: int) -> Path:
        """Where the flow from frame t to t + 1 is."""
        return self.path / f"flow_{t:06d}.npz"

    def to_text(self) -> str:
        """What this run did, for reading."""
        there = len(self.times) - self.computed
        before = f", {there} there before" if there else ""
        pace = f", {self.seconds_a_pair:.2f} s a pair" if self.computed else ""
        pairs = "pair" if len(self.times) == 1 else "pairs"
        return f"{self.computed} of {len(self.times)} {pairs} computed{before}{pace}"


def write_flows(
    recording: Recording,
    out: str | Path,
    config: FlowFolderConfig | None = None,
    *,
    progress: Progress = lambda *_: None,
) -> FlowFolder:
    """Solve the pairs of a recording that are not in the folder yet.

    Parameters
    ----------
    recording : at least two frames, some depth.
    out : folder of `flow_000012.npz` (frames 12 to 13), made when it is not there.
    config : every pair by the preset `paper`, unless given.
    progress : called after each pair with (finished, total, its name).

    Raises
    ------
    DataError
        Fewer than two frames, no such frames, no depth in any of them, no such intensity, or
        `out` cannot be written, holds files of something else, or another run writes into it.
    ConfigError
        `out` was made of another recording, with other settings or by another version.
    """
    config, out = config or FlowFolderConfig(), Path(out)
    source = intensity_source(recording, config.intensity)
    pairs = PairReader(recording, source)
    times = asked_times(recording, config)
    _check_depth(recording, times)
    folder = FlowFolder(out, times, _settings(recording, pairs, config), config.range_m)
    spent = []
    with folder_of(out / SETTINGS), locked(out), _entered(folder):
        for number, t in enumerate(times, start=1):
            if not folder.file(t).exists():
                start = time.perf_counter()
                _solve(pairs, t, folder.file(t), config)
                spent.append(time.perf_counter() - start)
            progress(number, len(times), f"frame {t}")
    pace = statistics.median(spent) if spent else 0.0
    return replace(folder, computed=len(spent), seconds_a_pair=pace)


@contextmanager
def _entered(folder: FlowFolder) -> Iterator[None]:
    """Note the settings in the folder; those of a run that wrote no flow are taken back."""
    enter_folder(
        folder.path,
        folder.settings,
        settings_file=SETTINGS,
        outputs=_FLOWS,
        maker="skelflow flow",
        former_values=FORMER_NAMES,
    )
    try:
        yield
    finally:
        if not any(folder.path.glob(_FLOWS)):
            (folder.path / SETTINGS).unlink(missing_ok=True)


def _solve(pairs: PairReader, t: int, path: Path, config: FlowFolderConfig) -> None:
    """The flow from frame t to t + 1 into its file."""
    camera, (first, second) = pairs.recording.camera, pairs.read(t)
    flow_m = pair_flow(first, second, camera=camera, preset=config.preset, threads=config.threads)
    save_flow(path, flow_m, first.depth, camera, lossless=config.lossless)


def asked_times(recording: Recording, config: FlowFolderConfig) -> tuple[int, ...]:
    """First frame of each pair that the configuration asks for; `DataError` when there is none."""
    count, (start, stop) = len(recording), config.frames
    stop = count if stop is None else stop
    if stop > count or stop < start + 2:
        raise DataError(
            f"{recording.path}: frames {start}:{stop} asked for, it has {count} (0:{count})"
        )
    return tuple(range(start, stop - 1, config.stride))


def _check_depth(recording: Recording, times: tuple[int, ...]) -> None:
    """Refuse pairs none of which has depth, before any file of theirs is there.

    As a rule the first frame has some, and no other is decoded.
    """
    if not any(recording.depth[t].any() for t in times):
        raise DataError(
            f"{recording.path}: depth is 0 (no reading) in all of the {len(times)} frame pairs"
        )


def _settings(recording: Recording, pairs: PairReader, config: FlowFolderConfig) -> dict[str, Any]:
    """What two runs must agree in to share a folder; names as in the command line."""
    lens = {"method_version": METHOD_VERSION} if any(recording.camera.distortion) else {}
    return {
        "format": FORMAT,
        "skelflow": __version__,
        **lens,
        "recording": recording.name,
        "frames": len(recording),
        "content": _digest(pairs),
        "camera": list(astuple(recording.camera)),
        "stride": config.stride,
        "preset": config.preset,
        "intensity": pairs.source,
        "float": config.lossless,
    }


def _digest(pairs: PairReader) -> str:
    """Of the first two frames: tells recordings of one name apart."""
    content = hashlib.sha256()
    for frame in pairs.read(0):
        for field in frame:
            if field is not None:
                content.update(field.tobytes())
    return content.hexdigest()[:16]
