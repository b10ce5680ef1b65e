"""Flow as color and back: one color channel for each plane of motion (paper, section 3.2)."""

import numpy as np
from jaxtyping import Float32, UInt8

from skelflow.errors import ConfigError, DataError

ZERO = 128  # mid-gray: no motion
SPAN = 127  # gray levels from no motion to the end of the range


def encode_flow(
    flow_m: Float32[np.ndarray, "*frames 3"], range_m: float
) -> UInt8[np.ndarray, "*frames 3"]:
    """Map motion in [-range_m, range_m] linearly to [1, 255]; no motion is 128.

    Parameters
    ----------
    flow_m : (..., 3) float32, meters a frame; x right, y down, z away -> red, green, blue.
    range_m : float
        Motion, in meters, shown at full color; larger motion is clipped.

    Returns
    -------
    (..., 3) uint8.

    Raises
    ------
    ConfigError
        `range_m` is not positive and finite.
    DataError
        The flow is not finite.

    Examples
    --------
    >>> encode_flow(np.float32([[0.0, 0.1, -0.1]]), 0.1)
    array([[128, 255,   1]], dtype=uint8)
    """
    _check(range_m)
    if not np.isfinite(flow_m).all():
        raise DataError("flow to color: found NaN or infinity, expected finite meters")
    levels = np.rint(flow_m * np.float32(SPAN / range_m))
    return (np.clip(levels, -SPAN, SPAN) + ZERO).astype(np.uint8)


def decode_flow(
    colored: UInt8[np.ndarray, "*frames 3"], range_m: float
) -> Float32[np.ndarray, "*frames 3"]:
    """Meters of colored flow: the inverse of `encode_flow` to half a color step."""
    _check(range_m)
    return (colored.astype(np.float32) - ZERO) * np.float32(range_m / SPAN)


def measure_range(flow_m: Float32[np.ndarray, "*frames 3"]) -> float:
    """The largest motion component of a sequence, in meters; 1 mm where nothing moves."""
    return max(float(np.abs(flow_m).max(initial=0.0)), 1e-3)


def _check(range_m: float) -> None:
    if not (np.isfinite(range_m) and range_m > 0):
        raise ConfigError(f"range_m must be positive and finite, found {range_m}")
