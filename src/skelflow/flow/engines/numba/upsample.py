"""Up the pyramid, compiled: the ten fields of a level begin the next finer one."""

from typing import Any, no_type_check

import numpy as np

from skelflow.flow.engines.jit import compiled, on_rows
from skelflow.flow.engines.numba.row_layout import GUARD, P_WY, U0, U_BAR, V0, V_BAR, W_BAR, U, V, W

_HALF, _ONE, _TWO, _SIX = (np.float32(x) for x in (0.5, 1, 2, 6))
_EIGHTH = np.float32(0.125)


@compiled
@no_type_check
def double(coarse: Any, width: Any, fine: Any, exact_border: Any, first: Any, last: Any) -> None:
    """All ten fields one level finer; the motion in pixels doubles.

    Twin of `skelflow.flow.engines.numpy.energy.double`.

    Reads the filtered motion that `median` leaves in the extrapolations' place. `first` and `last`
    are coarse rows.
    """
    height = coarse.shape[0]
    line = np.zeros(width + 2, np.float32)
    zero = np.zeros(width, np.float32)
    down, across = border_gains(height, exact_border), border_gains(width, exact_border)
    a, b = GUARD, GUARD + width
    for y in range(first, last):
        gains = row_gains(y, height, down)
        for field in range(U_BAR, P_WY + 1):
            unit = _TWO if field in (U_BAR, V_BAR) else _ONE
            above = coarse[y - 1, field, a:b] if y > 0 else zero
            below = coarse[y + 1, field, a:b] if y + 1 < height else zero
            row = coarse[y, field, a:b]
            smooth_rows(line[1 : width + 1], above, row, below)
            double_row(fine[2 * y, field, a:], line, unit * gains[0], across)
            mean_rows(line[1 : width + 1], row, below)
            double_row(fine[2 * y + 1, field, a:], line, unit * gains[1], across)


@compiled
@no_type_check
def border_gains(count: Any, exact: Any) -> Any:
    """What the first two and the last two of `2 count` pixels are multiplied by."""
    gains = np.ones(4, np.float32)
    if exact:
        gains[0] = np.float32(8 / 7) if count > 1 else np.float32(8 / 6)
        gains[2] = np.float32(8 / 7) if count > 1 else np.float32(1)
        gains[3] = np.float32(2)
    else:
        gains[0], gains[3] = np.float32(16 / 11), np.float32(16 / 11)
        gains[1], gains[2] = np.float32(16 / 15), np.float32(16 / 15)
    return gains


@compiled
@no_type_check
def row_gains(y: Any, height: Any, border: Any) -> Any:
    """Gains of the two fine rows that come of coarse row `y`."""
    even, odd = _ONE, _ONE
    if y == 0:
        even, odd = border[0], border[1]
    if y == height - 1:
        even, odd = even * border[2], odd * border[3]
    return even, odd


@on_rows
@no_type_check
def smooth_rows(out: Any, above: Any, row: Any, below: Any) -> None:
    """(1, 6, 1)/8 of three rows: the binomial on the inserted grid's own rows."""
    for x in range(out.shape[0]):
        out[x] = (above[x] + _SIX * row[x] + below[x]) * _EIGHTH


@on_rows
@no_type_check
def mean_rows(out: Any, row: Any, below: Any) -> None:
    """Mean of two rows: the binomial on the inserted rows."""
    for x in range(out.shape[0]):
        out[x] = (row[x] + below[x]) * _HALF


@on_rows
@no_type_check
def double_row(out: Any, line: Any, gain: Any, across: Any) -> None:
    """Twice as many pixels along a row that has a zero at both ends."""
    count = line.shape[0] - 2
    for x in range(count):
        out[2 * x] = gain * (line[x] + _SIX * line[x + 1] + line[x + 2]) * _EIGHTH
        out[2 * x + 1] = gain * (line[x + 1] + line[x + 2]) * _HALF
    out[0] *= across[0]
    out[1] *= across[1]
    out[2 * count - 2] *= across[2]
    out[2 * count - 1] *= across[3]


@compiled
@no_type_check
def start_warp(rows: Any, width: Any, first: Any, last: Any) -> None:
    """Start a warp where the motion in the extrapolations' place points."""
    a, b = GUARD, GUARD + width
    for y in range(first, last):
        rows[y, U, a:b] = rows[y, U_BAR, a:b]
        rows[y, V, a:b] = rows[y, V_BAR, a:b]
        rows[y, W, a:b] = rows[y, W_BAR, a:b]
        rows[y, U0, a:b] = rows[y, U_BAR, a:b]
        rows[y, V0, a:b] = rows[y, V_BAR, a:b]
