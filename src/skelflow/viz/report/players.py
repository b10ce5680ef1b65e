"""Which recordings a report shows frame by frame, and how they are found by name."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from skelflow.datasets.prepare.adapt import at_rate
from skelflow.errors import SkelflowError
from skelflow.evaluation.predictions import Predicted
from skelflow.inference import Explanation, Recognizer
from skelflow.recordings import open_recording
from skelflow.types import Recording
from skelflow.viz.page import Case, Failed, Section, describe_case

Progress = Callable[[int, int, str], None]


class Drawn(NamedTuple):
    """A recording that is shown frame by frame, and what its template is told."""

    case: Case
    section: Section


def worst_first(predictions: Sequence[Predicted]) -> list[Predicted]:
    """The surest mistakes first, then right answers, the least sure of them first."""
    return sorted(predictions, key=lambda each: (-each.surer_of_wrong, each.recording))


def explain_worst(
    recognizer: Recognizer,
    predictions: Sequence[Predicted],
    paths: Sequence[Path],
    *,
    most: int,
    progress: Progress,
) -> tuple[list[Case], list[Failed]]:
    """Explanations of the worst answers of which there is a recording, and what failed.

    Parameters
    ----------
    recognizer : with the network.
    predictions : answers that are known already.
    paths : recordings; one is that of an answer when it has the same name.
    most : how many are explained, the worst first.
    progress : called after each of them.
    """
    cases: list[Case] = []
    failed: dict[Path, Failed] = {}
    for each in worst_first(predictions):
        if len(cases) == most:
            break
        for path in paths:
            if path in failed or each.recording not in path.name:
                continue
            try:
                recording = open_recording(path)
                if recording.name != each.recording:
                    continue
                cases.append(Case(*explain(recognizer, recording), each.true))
            except SkelflowError as error:
                failed[path] = Failed(path.name, str(error))
            else:
                progress(len(cases), min(most, len(paths)), each.recording)
                break
    return cases, list(failed.values())


def draw(cases: Sequence[Case]) -> tuple[list[Drawn], list[Failed]]:
    """What a page shows of each, and of which frames cannot be read."""
    drawn: list[Drawn] = []
    failed: list[Failed] = []
    for case in cases:
        try:
            drawn.append(Drawn(case, describe_case(case)))
        except SkelflowError as error:
            failed.append(Failed(case.recording.name, str(error)))
    return drawn, failed


def explain(recognizer: Recognizer, recording: Recording) -> tuple[Recording, Explanation]:
    """The recording as the network reads it, and what led to its answer; all classes named."""
    known_hz = recognizer.checkpoint.frame_rate_hz
    adapted = recognizer.with_joints(at_rate(recording, known_hz))
    return adapted, recognizer.explain(adapted)
