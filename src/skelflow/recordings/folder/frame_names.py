"""Frames told apart by their files' names: their order, their times, which of two streams match."""

import re
from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import numpy as np
from jaxtyping import Float64

from skelflow.errors import FormatError
from skelflow.wording import counted

_SAME_RATE = 0.1  # a difference smaller than this share is none
_UNITS_S = (1.0, 1e-3, 1e-6, 1e-9)
_NAMED = 3  # files that a message names
_MOST_LOST = 0.05  # share of frames that may be missing


def in_order(files: Sequence[Path]) -> list[Path]:
    """Image files by the numbers in their names: frame 2 before frame 10, 1.25 s before 1.3 s."""
    decimal = all(re.search(r"\d\.\d", file.stem) for file in files)
    number = r"\d+(?:\.\d+)?" if decimal else r"\d+"

    def key(file: Path) -> list[tuple[int | Decimal, str]]:
        parts = re.findall(rf"(.*?)({number}|$)", file.stem if decimal else file.name)
        return [(Decimal(part or 0), text) for text, part in parts]

    return sorted(files, key=key)


def numbers(files: Sequence[Path]) -> list[Decimal] | None:
    """The number or time in each name, None where some have none or two of them are equal."""
    found = [re.findall(r"\d+(?:\.\d+)?", file.stem) for file in files]
    if not all(found):
        return None
    values = [Decimal(parts[-1]) for parts in found]
    return values if len(set(values)) == len(values) else None


def match_frames(
    frames: Sequence[Path], others: Sequence[Path], *, frame_rate_hz: float
) -> tuple[list[int], tuple[str, ...]]:
    """For each frame, which of the other stream's images shows the same moment.

    Names hold frame numbers, or times: decimal numbers, and numbers that rise by the frame's
    duration in seconds, milli-, micro- or nanoseconds. Equal numbers match, of times the nearest
    within half a frame; numbers that only begin elsewhere match in turn when none is missing.
    Where neither stream has a gap and the other one goes on for long, they are counters of two
    rates, and equal numbers mean nothing.

    Parameters
    ----------
    frames, others : files of the two streams, in order.
    frame_rate_hz : of `frames`.

    Returns
    -------
    An index into `others` for each frame, and what had to be done for it, a sentence each.

    Raises
    ------
    FormatError
        A frame has no image of its moment, or nothing says which it is.
    """
    own, theirs = numbers(frames), numbers(others)
    if own is None or theirs is None or own == theirs or _are_in_turn(own, theirs):
        return _in_turn(frames, others, own, theirs)
    folder, known = others[0].parent, set(theirs)
    if known.issuperset(own):
        _check_counters(frames, others, own, theirs)
        places = {number: i for i, number in enumerate(theirs)}
        asked = set(own)
        left = [file.name for file, n in zip(others, theirs, strict=True) if n not in asked]
        said = (
            f"{folder.name}/ has {counted(len(others), 'image')}, "
            f"{len(own)} of them of a depth frame's number; left out: {_listed(left)}"
        )
        return [places[number] for number in own], (said,) if len(own) < len(others) else ()
    unit_s = _unit_s(own, frame_rate_hz)
    if unit_s is not None:
        return _nearest(frames, others, _seconds(own, unit_s), _seconds(theirs, unit_s, own[0]))
    lone = next(file for file, number in zip(frames, own, strict=True) if number not in known)
    raise FormatError(
        f"{folder}: {counted(len(others), 'image')}, expected {len(frames)} as in depth/, of the "
        f"same numbers or times; there is none for {lone.name}"
    )


def check_steps(frames: Sequence[Path], *, frame_rate_hz: float) -> tuple[str, ...]:
    """What the frames' names say about time: missing frames, in words.

    Raises
    ------
    FormatError
        Names are times and tell of another frame rate, or more than 5 % of the frames are missing.
    """
    own = numbers(frames)
    if own is None or len(own) < 3:
        return ()
    steps = np.diff(_seconds(own, 1.0))
    usual = float(np.median(steps))
    folder = frames[0].parent
    if _are_times(frames) and _unit_s(own, frame_rate_hz) is None:
        raise FormatError(
            f"{folder}: by the times in their names, frames come at {1 / usual:.4g} Hz, and "
            f"frame_rate_hz is {frame_rate_hz:g}; correct it"
        )
    gaps = np.flatnonzero(steps > 1.5 * usual)
    if not gaps.size:
        return ()
    lost = int(np.rint(steps[gaps] / usual - 1).sum())
    first = f"{frames[gaps[0]].name} and {frames[gaps[0] + 1].name}"
    what = f"{counted(lost, 'frame is', 'frames are')} missing, the first between {first}"
    if lost > _MOST_LOST * (len(frames) + lost):
        raise FormatError(
            f"{folder}: {what}, by the numbers in their names; motion across a gap looks too "
            "fast: cut the recording there, or number the frames without gaps if none is missing"
        )
    return (f"{what}: motion there spans more than one frame",)


def _in_turn(
    frames: Sequence[Path],
    others: Sequence[Path],
    own: Sequence[Decimal] | None,
    theirs: Sequence[Decimal] | None,
) -> tuple[list[int], tuple[str, ...]]:
    """Image by image, where no name tells otherwise."""
    folder = others[0].parent
    if len(frames) != len(others):
        found = counted(len(others), "image")
        raise FormatError(f"{folder}: {found}, expected {len(frames)} as in depth/")
    same = own is None or theirs is None or own == theirs
    said = f"{folder.name}/ begins with {others[0].name}, depth/ with {frames[0].name}: in turn"
    return list(range(len(frames))), () if same else (said,)


def _are_times(files: Sequence[Path]) -> bool:
    return all(re.search(r"\d\.\d", file.stem) for file in files)


def _are_in_turn(own: Sequence[Decimal], theirs: Sequence[Decimal]) -> bool:
    """Whether as many whole numbers rise by one, so that none is missing."""
    return len(own) == len(theirs) and _have_no_gap(own) and _have_no_gap(theirs)


def _have_no_gap(values: Sequence[Decimal]) -> bool:
    return all(after - before == 1 for before, after in pairwise(values))


def _check_counters(
    frames: Sequence[Path],
    others: Sequence[Path],
    own: Sequence[Decimal],
    theirs: Sequence[Decimal],
) -> None:
    """Refuse, with `FormatError`, two counters without a gap of which one goes on for long."""
    beyond = int(theirs[-1] - own[-1])
    if beyond > max(1, _MOST_LOST * len(others)) and _have_no_gap(own) and _have_no_gap(theirs):
        raise FormatError(
            f"{others[0].parent}: {counted(len(others), 'image')}, expected {len(frames)} as in "
            f"depth/; {beyond} come after the last depth frame's number, so the two may not be "
            "counted at one rate: leave those out if they are, else name both by time"
        )


def _listed(names: Sequence[str]) -> str:
    """Some of the names, and how many more there are."""
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def _unit_s(values: Sequence[Decimal], frame_rate_hz: float) -> float | None:
    """The unit in which numbers are times of that frame rate, seconds; None where they are none."""
    usual = float(np.median(np.diff(_seconds(values, 1.0)))) if len(values) > 1 else 0.0
    fits = (unit for unit in _UNITS_S if abs(usual * unit * frame_rate_hz - 1) < _SAME_RATE)
    return next(fits, None)


def _seconds(
    values: Sequence[Decimal], unit_s: float, start: Decimal | None = None
) -> Float64[np.ndarray, " n"]:
    """Times since the first, or since `start`."""
    start = values[0] if start is None else start
    return np.array([float(value - start) for value in values]) * unit_s


def _nearest(
    frames: Sequence[Path],
    others: Sequence[Path],
    own_s: Float64[np.ndarray, " n"],
    their_s: Float64[np.ndarray, " m"],
) -> tuple[list[int], tuple[str, ...]]:
    after = np.clip(np.searchsorted(their_s, own_s), 1, max(len(their_s) - 1, 1))
    pair = np.stack((after - 1, np.minimum(after, len(their_s) - 1)))
    apart_s = np.abs(their_s[pair] - own_s)
    chosen, apart_s = pair[apart_s.argmin(axis=0), np.arange(len(own_s))], apart_s.min(axis=0)
    worst = int(apart_s.argmax())
    if apart_s[worst] > np.median(np.diff(own_s)) / 2:
        raise FormatError(
            f"{others[0].parent}: none of {counted(len(others), 'image')} was taken within half a "
            f"frame of {frames[worst].name} (the nearest {apart_s[worst]:.3g} s apart)"
        )
    most_ms = 1000 * apart_s[worst]
    said = f"{others[0].parent.name}/ is matched to depth/ by time, at most {most_ms:.0f} ms apart"
    return [int(i) for i in chosen], (said,)
