"""Which recordings a report shows frame by frame, and how they are found by name."""

from collections.abc import Callable, Mapping, Sequence
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


class Explained(NamedTuple):
    """A recording that is to be shown, and which of all answers is the one to it."""

    answer: int
    case: Case


class Drawn(NamedTuple):
    """A recording that is shown frame by frame, and what its template is told."""

    answer: int
    case: Case
    section: Section


class Found(NamedTuple):
    """Recordings of answers that are known already.

    Parameters
    ----------
    explained : the worst first.
    failed : recordings that cannot be read.
    alike : name -> how many recordings have it, where more than one has: none of them is shown.
    """

    explained: list[Explained]
    failed: list[Failed]
    alike: Mapping[str, int]


def worst_first(predictions: Sequence[Predicted]) -> list[int]:
    """Places of the surest mistakes first, then of right answers, the least sure of them first."""

    def order(place: int) -> tuple[float, str]:
        return -predictions[place].surer_of_wrong, predictions[place].recording

    return sorted(range(len(predictions)), key=order)


def explain_worst(
    recognizer: Recognizer,
    predictions: Sequence[Predicted],
    paths: Sequence[Path],
    *,
    most: int,
    progress: Progress,
) -> Found:
    """Explanations of the worst answers of which there is a recording.

    Parameters
    ----------
    recognizer : with the network.
    predictions : answers that are known already.
    paths : recordings; one is that of an answer when it alone has the same name.
    most : how many are explained, the worst first.
    progress : called after each of them.
    """
    explained: list[Explained] = []
    alike: dict[str, int] = {}
    named = _ByName(paths)
    for place in worst_first(predictions):
        if len(explained) == most:
            break
        each = predictions[place]
        own = named.find(each.recording)
        if len(own) > 1:
            alike[each.recording] = len(own)
            continue
        for path in own:
            try:
                case = Case(*explain(recognizer, open_recording(path)), each.true)
            except SkelflowError as error:
                named.failed[path] = Failed(path.name, str(error))
            else:
                explained.append(Explained(place, case))
                progress(len(explained), min(most, len(paths)), each.recording)
    return Found(explained, list(named.failed.values()), alike)


class _ByName:
    """Recordings by their own names, which only opening them tells; each is opened once.

    Those whose path has the name in it are opened first, all others only where none of them has
    it: of most sources the path says the name.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self.failed: dict[Path, Failed] = {}
        self._closed = list(dict.fromkeys(paths))
        self._names: dict[str, list[Path]] = {}

    def find(self, name: str) -> list[Path]:
        """The recordings of that name."""
        self._open([path for path in self._closed if name in path.name])
        if name not in self._names:
            self._open(self._closed)
        return self._names.get(name, [])

    def _open(self, paths: list[Path]) -> None:
        opened = set(paths)
        self._closed = [path for path in self._closed if path not in opened]
        for path in paths:
            try:
                self._names.setdefault(open_recording(path).name, []).append(path)
            except SkelflowError as error:
                self.failed[path] = Failed(path.name, str(error))


def draw(explained: Sequence[Explained]) -> tuple[list[Drawn], list[Failed]]:
    """What a page shows of each, and of which frames cannot be read."""
    drawn: list[Drawn] = []
    failed: list[Failed] = []
    for answer, case in explained:
        try:
            drawn.append(Drawn(answer, case, describe_case(case)))
        except SkelflowError as error:
            failed.append(Failed(case.recording.name, str(error)))
    return drawn, failed


def explain(recognizer: Recognizer, recording: Recording) -> tuple[Recording, Explanation]:
    """The recording as the network reads it, and what led to its answer; all classes named."""
    known_hz = recognizer.checkpoint.frame_rate_hz
    adapted = recognizer.with_joints(at_rate(recording, known_hz))
    return adapted, recognizer.explain(adapted)
