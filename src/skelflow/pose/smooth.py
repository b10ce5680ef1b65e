"""One person's landmarks over time: short gaps filled, jumps removed."""

from itertools import pairwise

import numpy as np
from jaxtyping import Float32, UInt8

LONGEST_GAP_S = 0.3
HALF_WINDOW = 2  # frames on each side, of the median

Points = Float32[np.ndarray, "t n 3"]
States = UInt8[np.ndarray, "t n"]


def fill_gaps(points_m: Points, states: States, *, frame_rate_hz: float) -> tuple[Points, States]:
    """Frames between two in which the person was found, by straight lines; these are inferred.

    Gaps longer than 0.3 s, and what comes before the first and after the last, stay NaN.
    """
    filled, states = points_m.copy(), states.copy()
    there = np.flatnonzero(np.isfinite(points_m).all(axis=(1, 2)))
    for before, after in pairwise(there):
        gap = int(after - before) - 1
        if not 0 < gap <= LONGEST_GAP_S * frame_rate_hz:
            continue
        share = (np.arange(1, gap + 1) / (gap + 1))[:, None, None]
        between = (1 - share) * points_m[before] + share * points_m[after]
        filled[before + 1 : after], states[before + 1 : after] = between, 1
    return filled, states


def smooth(points_m: Points) -> Points:
    """The median over five frames of each coordinate, of the frames that are there."""
    padded = np.pad(points_m, ((HALF_WINDOW, HALF_WINDOW), (0, 0), (0, 0)), constant_values=np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * HALF_WINDOW + 1, axis=0)
    there = np.isfinite(points_m)
    medians = np.full_like(points_m, np.nan)
    medians[there] = np.nanmedian(windows[there], axis=-1)
    return medians
