"""Which recordings a report shows frame by frame, and how they are found by name."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from skelflow.datasets.prepare.adapt import at_rate
from skelflow.evaluation.predictions import Predicted
from skelflow.inference import Explanation, Recognizer
from skelflow.recordings import open_recording
from skelflow.types import Recording
from skelflow.viz.page import Case

Progress = Callable[[int, int, str], None]


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
) -> list[Case]:
    """Explanations of the worst answers of which there is a recording, worst first.

    Parameters
    ----------
    recognizer : with the network.
    predictions : answers that are known already.
    paths : recordings; one is that of an answer when it has the same name.
    most : how many are explained.
    progress : called after each of them.
    """
    cases: list[Case] = []
    for each in worst_first(predictions):
        if len(cases) == most:
            break
        for recording in _of_name(each.recording, paths):
            cases.append(Case(*explain(recognizer, recording), each.true))
            progress(len(cases), min(most, len(paths)), each.recording)
            break
    return cases


def explain(recognizer: Recognizer, recording: Recording) -> tuple[Recording, Explanation]:
    """The recording as the network reads it, and what led to its answer; all classes named."""
    known_hz = recognizer.checkpoint.frame_rate_hz
    adapted = recognizer.with_joints(at_rate(recording, known_hz))
    return adapted, recognizer.explain(adapted)


def _of_name(name: str, paths: Sequence[Path]) -> Iterator[Recording]:
    """The recording of that name; only those are opened whose path holds the name."""
    for path in paths:
        if name in path.name:
            recording = open_recording(path)
            if recording.name == name:
                yield recording
