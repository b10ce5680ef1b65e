"""Recognize recordings and write a page of what the network saw."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from skelflow.datasets.prepare.adapt import at_rate
from skelflow.errors import SkelflowError
from skelflow.inference import Recognizer, Result
from skelflow.pose import PoseMode
from skelflow.recordings import find_recordings, open_recording
from skelflow.viz.page import (
    Case,
    Failed,
    Progress,
    Section,
    describe_case,
    nothing_left,
    write_page,
)


@dataclass(frozen=True)
class Explained:
    """The page that `explain_recordings` wrote, its results in the same order, and what failed."""

    path: Path
    results: tuple[Result, ...]
    failed: tuple[Failed, ...] = ()


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

    Those that cannot be read or do not suit the network are listed on it; the others go on.

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
        None of the recordings can be read and suits the network.
    StorageError
        The page cannot be written.
    """
    recognizer = Recognizer.load(run, device=device, pose=pose)
    paths = [found for given in recordings for found in find_recordings(given)]
    results: list[Result] = []
    failed: list[Failed] = []

    def sections() -> Iterator[Section | Failed]:
        for each in paths:
            try:
                result, section = _describe(recognizer, each)
            except SkelflowError as error:
                if len(paths) == 1:
                    raise
                failed.append(Failed(each.name, str(error)))
                if len(failed) == len(paths):
                    raise nothing_left(failed) from None
                yield failed[-1]
            else:
                results.append(result)
                yield section

    title = title or f"What {recognizer.checkpoint.network.name} saw"
    write_page(sections(), path, title=title, note=note, count=len(paths), progress=progress)
    return Explained(path, tuple(results), tuple(failed))


def _describe(recognizer: Recognizer, path: Path) -> tuple[Result, Section]:
    known_hz = recognizer.checkpoint.frame_rate_hz
    recording = recognizer.with_joints(at_rate(open_recording(path), known_hz))
    explanation = recognizer.explain(recording)
    truth = recognizer.checkpoint.action_name(recording)
    return explanation.result, describe_case(Case(recording, explanation, truth))
