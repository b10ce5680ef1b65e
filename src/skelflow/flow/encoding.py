"""Flow as color and back: one color channel for each plane of motion (paper, section 3.2)."""

import numpy as np
from jaxtyping import Float32, UInt8

from skelflow.errors import ConfigError, DataError

ZERO = 128  # mid-gray: no motion
SPAN = 127  # gray levels from no motion to the end of the range
LEAST_RANGE_M, LARGEST_RANGE_M = 1e-30, 1e30  # beyond, float32 holds no scale


def encode_flow(
    flow_m: Float32[np.ndarray, "*frames 3"], range_m: float, *, companding: float = 1.0
) -> UInt8[np.ndarray, "*frames 3"]:
    """Map motion in [-range_m, range_m] to [1, 255]; no motion is 128.

    Parameters
    ----------
    flow_m : (..., 3) float32, meters a frame; x right, y down, z away -> red, green, blue.
    range_m : float
        Motion, in meters, shown at full color; larger motion is clipped.
    companding : float
        Exponent in (0, 1]: a share x of the range is shown at x ** companding of full color, so
        that below 1 small motions have more of the colors; 1 is linear, as in the paper.

    Returns
    -------
    (..., 3) uint8.

    Raises
    ------
    ConfigError
        `range_m` is not positive and finite (1e-30 to 1e30), or `companding` is out of range.
    DataError
        The flow is not finite.

    Examples
    --------
    >>> encode_flow(np.float32([[0.0, 0.1, -0.1]]), 0.1)
    array([[128, 255,   1]], dtype=uint8)
    >>> encode_flow(np.float32([[0.0, 0.025, -0.1]]), 0.1, companding=0.5)
    array([[128, 192,   1]], dtype=uint8)
    """
    _check(range_m, companding)
    if not np.isfinite(flow_m).all():
        raise DataError("flow to color: found NaN or infinity, expected finite meters")
    if companding == 1:
        levels = np.rint(flow_m * np.float32(SPAN / range_m))
    else:
        share = np.abs(flow_m) * np.float32(1 / range_m)
        levels = np.rint(np.copysign(SPAN * share ** np.float32(companding), flow_m))
    return (np.clip(levels, -SPAN, SPAN) + ZERO).astype(np.uint8)


def decode_flow(
    colored: UInt8[np.ndarray, "*frames 3"], range_m: float, *, companding: float = 1.0
) -> Float32[np.ndarray, "*frames 3"]:
    """Meters of colored flow: the inverse of `encode_flow` to half a color step.

    Parameters
    ----------
    colored : (..., 3) uint8, as `encode_flow` makes it.
    range_m, companding : those it was made with.

    Returns
    -------
    (..., 3) float32, meters a frame; x right, y down, z away.

    Raises
    ------
    ConfigError
        As `encode_flow`.
    """
    _check(range_m, companding)
    return np.asarray(motion_of_colors(companding)[colored] * np.float32(range_m))


def motion_of_colors(companding: float = 1.0) -> Float32[np.ndarray, "256"]:
    """The motion that each color stands for, as a share of the range: 128 is 0, 255 is 1."""
    levels = (np.arange(256, dtype=np.float32) - ZERO) / np.float32(SPAN)
    return np.asarray(np.copysign(np.abs(levels) ** np.float32(1 / companding), levels))


def measure_range(flow_m: Float32[np.ndarray, "*frames 3"]) -> float:
    """The largest motion component of a sequence, in meters; 1 mm where nothing moves."""
    return max(float(np.abs(flow_m).max(initial=0.0)), 1e-3)


def _check(range_m: float, companding: float) -> None:
    if not (companding <= 1 and np.float32(companding) > 0):
        raise ConfigError(f"companding must lie in (0, 1], found {companding}")
    check_range(range_m)


def check_range(range_m: float) -> None:
    """`ConfigError` unless the motion of full color is one."""
    if not LEAST_RANGE_M <= range_m <= LARGEST_RANGE_M:
        raise ConfigError(
            f"range_m must be positive and finite, {LEAST_RANGE_M:g} to {LARGEST_RANGE_M:g} meters"
            f", found {range_m}"
        )
