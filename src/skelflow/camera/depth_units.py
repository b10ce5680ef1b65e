"""Depth that is not in meters, recognized and refused with the likely unit and its remedy."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, UInt16

from skelflow.errors import DataError
from skelflow.types import Depth

MAX_DEPTH_M = 100.0  # farther than any depth camera and most lidars read
MIN_DEPTH_M = 0.01  # all readings nearer than this: divided by 1000 once too often
NO_READING = 65535  # what sensors and their programs write where they measured nothing
SENSOR_M = (0.2, 9.0)  # medians that the depth map of a sensor can have
_USUAL_M = (0.3, 8.5)  # medians that a unit is guessed by
_FAR_M = 4.0  # a median beyond this is rare enough to look at the values' common divisor

_Units = UInt16[np.ndarray, "*frames h w"] | Float32[np.ndarray, "*frames h w"]
_Readings = Float32[np.ndarray, " n"] | UInt16[np.ndarray, " n"]


class Unit(NamedTuple):
    """A unit that depth is stored in; values that were whole millimeters are multiples of step."""

    name: str
    per_meter: int
    scale: str
    step: int = 1


MILLIMETERS = Unit("millimeters", 1000, "0.001")
FIVE_THOUSANDTHS = Unit("5000ths of a meter (TUM)", 5000, "0.0002", 5)
TENTHS = Unit("tenths of a millimeter (RealSense D405)", 10_000, "0.0001", 10)
QUARTERS = Unit("quarters of a millimeter (RealSense L515)", 4000, "0.00025", 4)
SHIFTED = Unit("13 bits of millimeters shifted by 3 (OpenNI)", 8000, "0.000125", 8)
_UNITS = (MILLIMETERS, FIVE_THOUSANDTHS, TENTHS, QUARTERS, SHIFTED)
_STRETCHED = 257  # 8 bits stretched to 16
_CODES = tuple(2**bits - 1 for bits in range(11, 16))
_CODE_SHARE, _CODE_ALONE = 0.01, 0.95
_DISTINCT = 16  # fewer different values show no pattern


def without_codes(stored: UInt16[np.ndarray, "*frames h w"]) -> UInt16[np.ndarray, "*frames h w"]:
    """The same depth with 0 (no reading) for codes that sensors write where they measured nothing.

    The largest 16-bit number is one. The largest number of 11 to 15 bits is one, too, where it is
    the top value of at least 1 % of the pixels, with nothing right below it.
    """
    stored = _without(stored, NO_READING)
    top = int(stored.max(initial=0))
    if top in _CODES:
        share = (stored == top).mean()
        if share > _CODE_SHARE and not ((stored > _CODE_ALONE * top) & (stored < top)).any():
            return _without(stored, top)
    return stored


def _without(
    stored: UInt16[np.ndarray, "*frames h w"], code: int
) -> UInt16[np.ndarray, "*frames h w"]:
    there = stored == code
    return np.where(there, np.uint16(0), stored) if there.any() else stored


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


def check_scale(
    name: str,
    stored: _Units,
    scale: float,
    *,
    setting: str = "--depth-scale",
    allow: str = "--any-depth",
) -> None:
    """Refuse depth in units, 16 bits or floats, whose scale makes it what no sensor delivers.

    Units with a scale tell more than meters do. A median outside 0.2 to 9 m is refused, and so
    is one beyond 4 m when every value is a multiple of 4, 5, 8 or 10 (millimeters stored in finer
    units are), and 8 bits stretched to 16 at any distance. Millimeters
    read as 5000ths of a meter give 0.4 to 0.8 m, which a table top has too: nothing in the values
    tells, so that it passes.

    Parameters
    ----------
    name : how messages call the depth map, its file.
    stored : (h, w), one image or several, as in the file; 0 and 65535 = no reading.
    scale : meters a unit.
    setting, allow : how the user says another scale, and that this one is right ("" = he cannot).

    Raises
    ------
    DataError
        Names the median and the scales that would make it plausible.
    """
    readings = stored[(stored > 0) & (stored < NO_READING)]
    if not readings.size:
        return
    median = float(np.median(readings))
    right = f", or say {allow} when it is right" if allow else ""
    if _has_step(readings, _STRETCHED):
        raise DataError(
            f"{name}: every value is a multiple of 257: these are 8 bits stretched to 16, which "
            f"cannot hold depth; export it again with 16 bits{right}"
        )
    nearest, farthest = SENSOR_M
    step = _finer(readings, scale)
    if nearest <= scale * median <= farthest and step is None:
        return
    what = "leaves the same rest divided by" if step is SHIFTED else "is a multiple of"
    raise DataError(
        f"{name}: with {setting} {scale:g} its median depth is {scale * median:.3g} m"
        + ("" if step is None else f", and every value {what} {step.step}")
        + f"; {_remedy(readings, median, known=scale, setting=setting)}{right}"
    )


def _remedy(
    readings: _Readings,
    median: float,
    *,
    known: float | None = None,
    setting: str = "--depth-scale",
) -> str:
    """What to do about depth whose unit is not `known`, or known to be another one, meters."""
    units = [
        unit
        for unit in _likely_units(readings, median)
        if known is None or not np.isclose(known, 1 / unit.per_meter)
    ]
    if units:
        return "it looks like " + ", or ".join(
            f"{unit.name}: divide by {unit.per_meter} ({setting} {unit.scale})" for unit in units
        )
    if known is None and median < MIN_DEPTH_M:
        return "was it divided by 1000 once too often?"
    if known is None and median <= MAX_DEPTH_M:
        return f"set readings beyond {MAX_DEPTH_M:g} m to 0 (no reading)"
    return f"find out how many meters a unit of it is ({setting} METERS)"


def _likely_units(readings: _Readings, median: float) -> list[Unit]:
    """The units that make the median usual for a sensor: one, where the values tell."""
    nearest, farthest = _USUAL_M
    usual = [
        unit
        for unit in _UNITS
        if median > MAX_DEPTH_M and nearest <= median / unit.per_meter <= farthest
    ]
    finer = _finer(readings, 1 / MILLIMETERS.per_meter)
    if finer in usual:
        return [finer]
    return usual[:1] if MILLIMETERS in usual else [unit for unit in usual if unit is not SHIFTED]


def _finer(readings: _Readings, scale: float) -> Unit | None:
    """The unit finer than the scale that values too far away are stored in, by their steps."""
    if scale * float(np.median(readings)) <= _FAR_M:
        return None
    finer = (unit for unit in _UNITS if unit.step > 1 and scale * unit.per_meter > 1)
    by_step = sorted(finer, key=lambda unit: -unit.step)
    return next((unit for unit in by_step if _has_step(readings, unit.step, unit)), None)


def _has_step(readings: _Readings, step: int, unit: Unit | None = None) -> bool:
    """Whether all of many different values are multiples, apart from the low bits of a shift."""
    rest = np.mod(readings, step)
    own = rest.flat[0] if unit is SHIFTED else 0
    return bool((rest == own).all()) and len(np.unique(readings)) >= _DISTINCT
