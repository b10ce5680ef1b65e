"""Answers about the last seconds of frames, while more of them come."""

import json
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass

from skelflow.datasets.store.schema import PreparedSequence
from skelflow.inference.result import Prediction
from skelflow.inference.stream.frames import StreamFrame
from skelflow.inference.stream.window import SlidingWindow, WindowRead
from skelflow.wording import counted


@dataclass(frozen=True)
class StreamAnswer:
    """What a network says about the frames of the window so far.

    Parameters
    ----------
    start_s, end_s : of the window, since the first frame.
    predictions : most probable first; none while nobody is seen, by a network that reads joints.
    frames, dropped : that came, and that did not, since the first.
    latency_s : from the newest frame to this answer; None when frames do not say when they came.
    notes : what to know of all answers, as in `Result`; with the first of them alone.
    """

    start_s: float
    end_s: float
    predictions: tuple[Prediction, ...]
    frames: int
    dropped: int
    latency_s: float | None = None
    notes: tuple[str, ...] = ()

    def to_json(self) -> str:
        """The answer as one line of JSON."""
        return json.dumps(asdict(self))

    def to_text(self) -> str:
        """The answer in a line, each note in one before."""
        best = self.predictions[:3]
        named = (
            ", ".join(f"{each.name} {each.probability:.0%}" for each in best) or "nobody is seen"
        )
        late = "" if self.latency_s is None else f"   {1000 * self.latency_s:.0f} ms late"
        lost = f"   {counted(self.dropped, 'frame')} dropped" if self.dropped else ""
        line = f"{self.start_s:6.2f} to {self.end_s:.2f} s   {named}{late}{lost}"
        return "\n".join([*(f"note: {note}" for note in self.notes), line])


def answer_frames(
    frames: Iterable[StreamFrame],
    window: SlidingWindow,
    every_s: float,
    name: Callable[[PreparedSequence], tuple[Prediction, ...]],
    describe: Callable[[StreamFrame], tuple[str, ...]],
) -> Iterator[StreamAnswer]:
    """An answer each time so many seconds of frames came, and one at the last frame.

    `describe` gives the notes of the first answer, of its newest frame.

    `name` is called in a thread of its own, so that frames go on being taken meanwhile; a window
    that is due before the last answer is there waits for it, so none is left out.
    """
    asked, answered, newest = every_s, 0, None
    running: Future[StreamAnswer] | None = None
    with ThreadPoolExecutor(1) as pool:
        for newest in frames:
            window.add(newest)
            due = window.is_readable and window.span_s[1] >= asked
            if running is not None and (due or running.done()):
                yield running.result()
                running = None
            if due:
                notes = () if answered else describe(newest)
                asked, answered = window.span_s[1] + every_s, window.frames
                running = pool.submit(_answer, window.read(), newest.taken_s, name, notes)
        if running is not None:
            yield running.result()
        if newest is not None and window.is_readable and answered != window.frames:
            notes = () if answered else describe(newest)
            yield _answer(window.read(), newest.taken_s, name, notes)


def _answer(
    read: WindowRead,
    taken_s: float | None,
    name: Callable[[PreparedSequence], tuple[Prediction, ...]],
    notes: tuple[str, ...],
) -> StreamAnswer:
    predictions = () if read.is_empty else name(read.sequence)
    late_s = None if taken_s is None else time.monotonic() - taken_s
    return StreamAnswer(*read.span_s, predictions, read.frames, read.dropped, late_s, notes)
