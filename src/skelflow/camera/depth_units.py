"""Depth that is not in meters, recognized and refused with the likely unit and its remedy."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, UInt16

from skelflow.errors import DataError
from skelflow.types import Depth

MAX_DEPTH_M = 100.0  # farther than any depth camera and most lidars read
MIN_DEPTH_M = 0.01  # all readings nearer than this: divided by 1000 once too often
SENSOR_M = (0.2, 9.0)  # medians that the depth map of a sensor can have
_USUAL_M = (0.3, 8.5)  # medians that a unit is guessed by
_FAR_M = 4.0  # a median beyond this is rare enough to look at the values' common divisor

_Readings = Float32[np.ndarray, " n"] | UInt16[np.ndarray, " n"]


class Unit(NamedTuple):
    """A unit that depth is stored in."""

    name: str
    per_meter: int
    scale: str


MILLIMETERS = Unit("millimeters", 1000, "0.001")
FIVE_THOUSANDTHS = Unit("5000ths of a meter (TUM)", 5000, "0.0002")


def check_meters(name: str, depth: Depth) -> None:
    """Refuse what cannot be depth in meters: NaN, negative, or of another unit.

    Parameters
    ----------
    name : how messages call the depth map.
    depth : (h, w) float32, expected in meters, 0 = no reading; 100 m is still taken for meters.

    Raises
    ------
    DataError
        A value is not finite, negative or beyond 100 m, or all readings are below 1 cm; the
        message names the likely unit and its remedy.

    Examples
    --------
    >>> check_meters("depth0", np.full((2, 2), 2500, np.float32))
    Traceback (most recent call last):
    ...
    skelflow.errors.DataError: depth0 spans 2500 to 2500, expected meters: it looks like \
millimeters: divide by 1000 (--depth-scale 0.001)
    """
    lowest, highest = float(depth.min(initial=0)), float(depth.max(initial=0))
    if not (np.isfinite(lowest) and np.isfinite(highest)):
        raise DataError(f"{name} has NaN or infinite values; null depth is 0")
    if lowest < 0:
        raise DataError(f"{name} has negative values, down to {lowest:g}; null depth is 0")
    if highest == 0 or MIN_DEPTH_M <= highest <= MAX_DEPTH_M:
        return
    readings = depth[depth > 0]
    raise DataError(
        f"{name} spans {float(readings.min()):g} to {highest:g}, expected meters: "
        f"{_remedy(readings, float(np.median(readings)))}"
    )


def check_scale(name: str, stored: UInt16[np.ndarray, "h w"], scale: float) -> None:
    """Refuse a 16-bit depth map whose scale makes it what no sensor delivers.

    Integers with a scale tell more than meters do. A median outside 0.2 to 9 m is refused, and so
    is one beyond 4 m when every value is a multiple of 5 (millimeters stored as 5000ths of a meter
    are). Millimeters read as 5000ths of a meter give 0.4 to 0.8 m, which a table top has too:
    nothing in the values tells, so that it passes.

    Parameters
    ----------
    name : how messages call the depth map, its file.
    stored : (h, w) uint16, as in the file, 0 = no reading.
    scale : meters a unit.

    Raises
    ------
    DataError
        Names the median and the scales that would make it plausible.
    """
    readings = stored[stored > 0]
    if not readings.size:
        return
    median = float(np.median(readings))
    nearest, farthest = SENSOR_M
    multiples = scale * FIVE_THOUSANDTHS.per_meter > 1 and _are_far_multiples(readings, scale)
    if nearest <= scale * median <= farthest and not multiples:
        return
    raise DataError(
        f"{name}: with --depth-scale {scale:g} its median depth is {scale * median:.3g} m"
        + (", and every value is a multiple of 5" if multiples else "")
        + f"; {_remedy(readings, median, known=scale)}, or say --any-depth when it is right"
    )


def _remedy(readings: _Readings, median: float, *, known: float | None = None) -> str:
    """What to do about depth whose unit is not `known`, or known to be another one, meters."""
    unit = _likely_unit(readings, median)
    if unit is not None and (known is None or not np.isclose(known, 1 / unit.per_meter)):
        return f"it looks like {unit.name}: divide by {unit.per_meter} (--depth-scale {unit.scale})"
    if known is None and median < MIN_DEPTH_M:
        return "was it divided by 1000 once too often?"
    if known is None and median <= MAX_DEPTH_M:
        return f"set readings beyond {MAX_DEPTH_M:g} m to 0 (no reading)"
    return "find out how many meters a unit of it is, and scale by that (--depth-scale)"


def _likely_unit(readings: _Readings, median: float) -> Unit | None:
    """The unit that makes the median usual for a sensor; None when no known one does."""
    nearest, farthest = _USUAL_M
    usual = [
        unit
        for unit in (MILLIMETERS, FIVE_THOUSANDTHS)
        if median > MAX_DEPTH_M and nearest <= median / unit.per_meter <= farthest
    ]
    if len(usual) == 2 and _are_far_multiples(readings, 1 / MILLIMETERS.per_meter):
        return FIVE_THOUSANDTHS
    return usual[0] if usual else None


def _are_far_multiples(readings: _Readings, scale: float) -> bool:
    """Whether all values are multiples of 5 and the scale puts their median beyond 4 m."""
    far = scale * float(np.median(readings)) > _FAR_M
    return far and not np.mod(readings, 5).any()
