"""Smooth trajectories over time: minimum jerk, pulses, oscillations, sway."""

import numpy as np
from jaxtyping import Float64

FRAME_RATE_HZ = 30.0
Trajectory = Float64[np.ndarray, " t"]
Number = float | int | np.floating


def ease(time_s: Trajectory, start_s: Number, end_s: Number) -> Trajectory:
    """Minimum-jerk transition from 0 at `start_s` to 1 at `end_s`.

    Notes
    -----
    Source: Flash and Hogan (1985): 10 s^3 - 15 s^4 + 6 s^5.

    Examples
    --------
    >>> ease(np.array([0.0, 1.0, 2.0]), 0.0, 2.0)
    array([0. , 0.5, 1. ])
    """
    s = np.clip((time_s - start_s) / max(end_s - start_s, 1e-6), 0, 1)
    return np.asarray(s**3 * (10 - 15 * s + 6 * s**2))


def pulse(time_s: Trajectory, start_s: Number, end_s: Number, *, edge: Number = 0.5) -> Trajectory:
    """0 before and after, 1 between; rise and fall each take the share `edge` of the duration."""
    rise = min(edge, 0.5) * (end_s - start_s)
    return np.asarray(ease(time_s, start_s, start_s + rise) - ease(time_s, end_s - rise, end_s))


def swing(time_s: Trajectory, start_s: Number, end_s: Number, *, times: Number) -> Trajectory:
    """A sine wave of `times` periods, -1 to 1, that fades in and out."""
    phase = np.clip((time_s - start_s) / max(end_s - start_s, 1e-6), 0, 1)
    return np.asarray(np.sin(2 * np.pi * times * phase) * pulse(time_s, start_s, end_s, edge=0.2))


def sway(
    rng: np.random.Generator, time_s: Trajectory, *, size: Number, slowest_s: Number = 4.0
) -> Trajectory:
    """Random slow drift around 0 with amplitude about `size`: a sum of three sine waves."""
    periods = slowest_s / np.array([1.0, 1.7, 2.9]) * rng.uniform(0.8, 1.25, 3)
    phases = rng.uniform(0, 2 * np.pi, 3)
    heights = size * np.array([1.0, 0.5, 0.25]) * rng.uniform(0.6, 1.2, 3)
    waves = np.sin(2 * np.pi * time_s[:, None] / periods + phases)
    return np.asarray(waves @ heights)
