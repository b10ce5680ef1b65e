"""Which flow frames of a sequence make a clip: neighbors in time, or some of the whole action."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float, Int

from skelflow.datasets.windows import clip_starts, pair_times

SamplingName = Literal["windows", "whole"]
Longer = Literal["cut", "resample"]  # what becomes of a skeleton with more frames than are read
Shorter = Literal["pad", "resample"]  # and of one with fewer


@dataclass(frozen=True)
class Clip:
    """Some flow frames of one sequence.

    Parameters
    ----------
    sequence : number of the sequence in the data set's names.
    start : its first flow frame.
    pad : how many frames at its end are made up: no motion, the last joints repeated.
    spread : its flow frames where they are no neighbors, ascending; None = from `start` on.
    """

    sequence: int
    start: int
    pad: int
    spread: tuple[int, ...] | None = None

    def frames(self, length: int) -> Int[np.ndarray, " real"]:
        """Its flow frames in order, without those made up, for a clip of so many."""
        if self.spread is not None:
            return np.array(self.spread)
        return np.arange(self.start, self.start + length - self.pad)


def neighbor_clips(
    sequence: int, frames: int, *, stride: int, length: int, overlap: int
) -> Iterator[Clip]:
    """Every clip of neighboring flow frames of a recording, see `clip_starts`."""
    count = len(pair_times(frames, stride))
    for start in clip_starts(frames, stride=stride, length=length, overlap=overlap):
        yield Clip(sequence, start, max(0, start + length - count))


def whole_clips(
    sequence: int, frames: int, *, stride: int, length: int, sets: int
) -> Iterator[Clip]:
    """So many sets of frames, each evenly spread over the whole recording and between the others.

    None where there is no flow.
    """
    count = len(pair_times(frames, stride))
    for number in range(sets if count else 0):
        phases = np.full(length, (number + 0.5) / sets)
        yield spread_clip(sequence, (0.0, float(count)), phases)


def jittered_clip(
    sequence: int, count: int, *, length: int, crop_time: float, random: np.random.Generator
) -> Clip:
    """A clip of the whole action: each frame at random from its own equal part of the time.

    Parameters
    ----------
    sequence, count : the sequence and its flow frames.
    length : of the clip.
    crop_time : at most this share of the time is cut off, at random ends.
    random : source of all chance.

    Notes
    -----
    Source: the segments of Wang et al., Temporal Segment Networks, ECCV 2016.
    """
    cut, place = random.uniform(0, crop_time), random.uniform()
    span = count * cut * place, count * (1 - cut * (1 - place))
    return spread_clip(sequence, span, random.uniform(0, 1, length))


def spread_clip(
    sequence: int, span: tuple[float, float], phases: Float[np.ndarray, " length"]
) -> Clip:
    """One frame from each of equal parts of a span, at a phase of the part from 0 to before 1.

    Examples
    --------
    >>> spread_clip(0, (0.0, 8.0), np.full(4, 0.5)).spread
    (1, 3, 5, 7)
    """
    length, (begin, end) = len(phases), span
    places = begin + (np.arange(length) + phases) * (end - begin) / length
    frames = np.clip(np.floor(places), 0, np.ceil(end) - 1).astype(int)
    return Clip(sequence, int(frames[0]), 0, tuple(frames.tolist()))
