"""Recognize recordings and write a page of what the network saw."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from skelflow.datasets.prepare.adapt import at_rate
from skelflow.inference import Recognizer, Result
from skelflow.pose import PoseMode
from skelflow.recordings import find_recordings, open_recording
from skelflow.viz.page import Case, Progress, write_page


@dataclass(frozen=True)
class Explained:
    """The page that `explain_recordings` wrote, and its results in the same order."""

    path: Path
    results: tuple[Result, ...]


def explain_recordings(
    run: str | Path,
    recordings: Sequence[str | Path],
    path: Path,
    *,
    title: str | None = None,
    note: str = "",
    device: str = "cpu",
    pose: PoseMode = "auto",
    progress: Progress = lambda *_: None,
) -> Explained:
    """Recognize recordings and write a page that shows what the network saw in them.

    Parameters
    ----------
    run : a run folder, or a weights file.
    recordings : recordings, or folders that hold some.
    path : of the page.
    title, note : over everything; the title names the network when none is given.
    device, pose : where the network computes, and whether joints are estimated; see `Recognizer`.
    progress : called after each recording.

    Raises
    ------
    WeightsError
        There are no usable weights.
    ConfigError
        There is no such device.
    FormatError, DataError
        A recording cannot be read or does not suit the network.
    StorageError
        The page cannot be written.
    """
    recognizer = Recognizer.load(run, device=device, pose=pose)
    paths = [found for given in recordings for found in find_recordings(given)]
    results: list[Result] = []

    def cases() -> Iterator[Case]:
        for each in paths:
            known_hz = recognizer.checkpoint.frame_rate_hz
            recording = recognizer.with_joints(at_rate(open_recording(each), known_hz))
            explanation = recognizer.explain(recording)
            results.append(explanation.result)
            yield Case(recording, explanation, recognizer.checkpoint.action_name(recording.labels))

    title = title or f"What {recognizer.checkpoint.network.name} saw"
    write_page(cases(), path, title=title, note=note, count=len(paths), progress=progress)
    return Explained(path, tuple(results))
