"""What happens when in a long recording: answers of a sliding window, put together."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from skelflow.inference.result import Prediction
from skelflow.inference.stream import StreamAnswer

Part = tuple[float, float, Prediction]  # from, to, and what is likeliest


@dataclass(frozen=True)
class Span:
    """A part of a recording in which one action is the likeliest.

    Parameters
    ----------
    start_s, end_s : since the first frame.
    action, name : its number and name.
    probability : mean over the windows of the part.
    """

    start_s: float
    end_s: float
    action: int
    name: str
    probability: float


def find_spans(answers: Iterable[StreamAnswer]) -> tuple[Span, ...]:
    """Parts with the same likeliest action, in order; a gap is where nobody is seen.

    Parameters
    ----------
    answers : of `Recognizer.stream`, in order. Between two windows the part changes halfway from
        the middle of one to the middle of the other.

    Examples
    --------
    >>> from skelflow.inference.result import Prediction
    >>> def answer(start_s, end_s, name):
    ...     return StreamAnswer(start_s, end_s, (Prediction(1, name, 0.5),), 0, 0)
    >>> found = find_spans([answer(0.0, 2.0, "sit"), answer(1.0, 3.0, "sit")])
    >>> [(span.name, span.start_s, span.end_s) for span in found]
    [('sit', 0.0, 3.0)]
    """
    known = list(answers)
    middles = [(each.start_s + each.end_s) / 2 for each in known]
    cuts = [(a + b) / 2 for a, b in pairwise(middles)]
    starts = [each.start_s for each in known[:1]] + cuts
    ends = cuts + [each.end_s for each in known[-1:]]
    first = [each.predictions[0] if each.predictions else None for each in known]
    parts = [
        (start, end, best)
        for start, end, best in zip(starts, ends, first, strict=True)
        if best is not None
    ]
    spans = []
    for same in _runs(parts):
        best = same[0][2]
        mean = sum(guess.probability for _, _, guess in same) / len(same)
        spans.append(Span(same[0][0], same[-1][1], best.action, best.name, mean))
    return tuple(spans)


def _runs(parts: list[Part]) -> list[list[Part]]:
    """Parts that follow each other with the same action, together."""
    runs: list[list[Part]] = []
    for part in parts:
        last = runs[-1][-1] if runs else None
        if last is not None and last[1] == part[0] and last[2].action == part[2].action:
            runs[-1].append(part)
        else:
            runs.append([part])
    return runs
