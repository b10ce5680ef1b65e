"""Streams with times of their own: which image belongs to which, and what is missing."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64

from skelflow.wording import counted

_GAP = 1.75  # periods from which on frames are missing
_APART = 0.6  # periods that images taken together may lie apart

Times = Float64[np.ndarray, " frames"]


@dataclass(frozen=True)
class Matches:
    """For each frame the image nearest in time.

    Parameters
    ----------
    index : of the nearest image.
    far : how many frames have none within 0.6 frame periods.
    """

    index: Int64[np.ndarray, " frames"]
    far: int


def frame_rate(times_s: Sequence[float] | Times, *, default: float = 30.0) -> float:
    """Frames a second, by the median of the steps; `default` for a single frame."""
    steps = np.diff(np.asarray(times_s, np.float64))
    steps = steps[steps > 0]
    return float(1 / np.median(steps)) if steps.size else default


def match_times(
    times_s: Times, others_s: Float64[np.ndarray, " others"], *, rate_hz: float
) -> Matches:
    """The nearest of other times to each time.

    Parameters
    ----------
    times_s, others_s : seconds, rising; at least one other.
    rate_hz : of the frames at `times_s`.
    """
    after = np.clip(np.searchsorted(others_s, times_s), 1, max(len(others_s) - 1, 1))
    before = after - 1
    after = np.minimum(after, len(others_s) - 1)
    nearer = np.abs(others_s[after] - times_s) < np.abs(others_s[before] - times_s)
    index = np.where(nearer, after, before)
    far = np.abs(others_s[index] - times_s) > _APART / rate_hz
    return Matches(index.astype(np.int64), int(far.sum()))


def describe_gaps(times_s: Times, *, rate_hz: float) -> str | None:
    """What is missing between the frames, in words; None = nothing."""
    steps = np.diff(times_s) * rate_hz
    wide = steps > _GAP
    if not wide.any():
        return None
    lost = int(np.rint(steps[wide]).sum() - wide.sum())
    gaps = counted(int(wide.sum()), "gap")
    return (
        f"about {counted(lost, 'frame is', 'frames are')} missing in {gaps}, the longest of "
        f"{float(steps.max() / rate_hz):.2f} s; motion across a gap is that of several frames"
    )


def describe_far(what: str, matches: Matches) -> str | None:
    """That some frames have no image of their own time, in words; None = all have."""
    if not matches.far:
        return None
    have = "has" if matches.far == 1 else "have"
    frames = counted(len(matches.index), "frame")
    return f"{matches.far} of {frames} {have} no {what} of that time: the nearest"
