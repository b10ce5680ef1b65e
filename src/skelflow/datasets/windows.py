"""Frame pairs that have a flow, and runs of them that make a clip."""

from skelflow.errors import ConfigError


def pair_times(frames: int, stride: int) -> list[int]:
    """First frame of every pair that has a flow.

    Examples
    --------
    >>> pair_times(8, 3)
    [0, 3, 6]
    """
    return list(range(0, frames - 1, stride))


def clip_starts(frames: int, *, stride: int = 3, length: int = 16, overlap: int = 8) -> list[int]:
    """First flow frame of every clip of a recording, counted in its subsampled flow.

    Parameters
    ----------
    frames : frames of the recording; they have `frames - 1` flows, every stride-th is kept.
    stride, length, overlap : in frames, kept flows and kept flows.

    Returns
    -------
    Starts, ascending; a short recording has one clip (padded by its reader), one frame has none.
    What regular clips do not reach gets a last clip anchored at the end.

    Notes
    -----
    Source: the paper, section 4.2 (every third frame, clips of 16 with 8 in common).

    Examples
    --------
    >>> clip_starts(70)
    [0, 7]
    """
    if not 0 <= overlap < length:
        raise ConfigError(f"clips: overlap must lie in [0, {length}), found {overlap}")
    count = len(pair_times(frames, stride))
    if not count:
        return []
    starts = list(range(0, max(count - length, 0) + 1, length - overlap))
    if starts[-1] + length < count:
        starts.append(count - length)
    return starts
