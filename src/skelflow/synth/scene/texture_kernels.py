"""Compiled evaluation of solid textures at a point."""

from typing import Any, no_type_check

import numpy as np

from skelflow.flow.engines.jit import compiled
from skelflow.synth.scene.textures import (
    BLOBS,
    CHECKS,
    COLUMNS,
    GRAIN,
    MOTTLE,
    MOTTLE_M,
    PATTERN,
    PERIOD,
    ROWS,
    SHIFT,
    TILES,
)

_LATTICE = np.random.default_rng(0).uniform(-1, 1, 4096).astype(np.float32)
_GROUT = 0.03  # of a tile's side
_TURN = np.float32(2 * np.pi)
_HALF, _ONE, _TWO, _THREE = (np.float32(x) for x in (0.5, 1, 2, 3))
_FINER, _WEAKER = np.float32(2.17), np.float32(0.5)


@compiled
@no_type_check
def mottle(row: Any, x: Any, y: Any, z: Any) -> Any:
    """Brightness factor at a point: two octaves of noise."""
    per_m = _ONE / row[MOTTLE_M]
    x, y, z = x * per_m, y * per_m, z * per_m
    coarse = noise(x, y, z)
    return _ONE + row[MOTTLE] * (coarse + _WEAKER * noise(x * _FINER, y * _FINER, z * _FINER))


@compiled
@no_type_check
def mix(row: Any, x: Any, y: Any, z: Any) -> Any:
    """Share of the second color at a point, 0..1, continuous."""
    kind, per_m = row[PATTERN], _ONE / row[PERIOD]
    x = (x + row[SHIFT]) * per_m
    y = (y + row[SHIFT + 1]) * per_m
    z = (z + row[SHIFT + 2]) * per_m
    if kind == ROWS:
        return _bands(y)
    if kind == COLUMNS:
        return _bands(x)
    if kind == CHECKS:
        return _HALF * (_bands(x) + _bands(y))
    if kind == GRAIN:
        return _bands(x + z * np.float32(0.05) + _HALF * noise(x, y, np.float32(0.1) * z))
    if kind == TILES:
        return max(_seam(x), _seam(z))
    if kind == BLOBS:
        return min(max(_HALF + _TWO * noise(x, y, z), np.float32(0)), _ONE)
    return np.float32(0)


@compiled
@no_type_check
def _bands(x: Any) -> Any:
    """Alternating 0 and 1 with smooth transitions, period 1."""
    wave = np.sin(_TURN * x)
    return min(max(_HALF + _ONE * wave, np.float32(0)), _ONE)


@compiled
@no_type_check
def _seam(x: Any) -> Any:
    """1 on the seams between tiles."""
    away = abs(x - np.floor(x + _HALF))
    return min(max(_ONE - away / np.float32(_GROUT), np.float32(0)), _ONE)


@compiled
@no_type_check
def noise(x: Any, y: Any, z: Any) -> Any:
    """Value noise of wavelength about two, -1..1."""
    fx, fy, fz = np.floor(x), np.floor(y), np.floor(z)
    i, j, k = np.int64(fx), np.int64(fy), np.int64(fz)
    u, v, w = _ease(x - fx), _ease(y - fy), _ease(z - fz)
    near = _plane(i, j, k, u, v)
    return near + w * (_plane(i, j, k + 1, u, v) - near)


@compiled
@no_type_check
def _plane(i: Any, j: Any, k: Any, u: Any, v: Any) -> Any:
    a = _corner(i, j, k)
    b = _corner(i, j + 1, k)
    top = a + u * (_corner(i + 1, j, k) - a)
    low = b + u * (_corner(i + 1, j + 1, k) - b)
    return top + v * (low - top)


@compiled
@no_type_check
def _corner(i: Any, j: Any, k: Any) -> Any:
    mixed = (i * 73856093) ^ (j * 19349663) ^ (k * 83492791)
    return _LATTICE[((mixed >> 12) ^ mixed) & 4095]


@compiled
@no_type_check
def _ease(x: Any) -> Any:
    return x * x * (_THREE - _TWO * x)
