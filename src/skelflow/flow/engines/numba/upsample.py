"""Up the pyramid, compiled: the ten fields of a level begin the next finer one."""

from typing import Any, no_type_check

import numpy as np

from skelflow.flow.engines.jit import compiled, inner, on_rows, pointer
from skelflow.flow.engines.numba.row_layout import GUARD, P_WY, U0, U_BAR, V_BAR, U

_ZERO, _HALF, _ONE, _TWO, _SIX = (np.float32(x) for x in (0, 0.5, 1, 2, 6))
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
    lines = np.empty((2, width + 2), np.float32)  # a row between two zeros; zeros
    for x in range(width + 2):
        lines[0, x] = lines[1, x] = _ZERO
    down, across = border_gains(height, exact_border), border_gains(width, exact_border)
    for y in range(first, last):
        even, odd = row_gains(y, height, down)
        for field in range(U_BAR, P_WY + 1):
            unit = _TWO if field <= V_BAR else _ONE
            zero = pointer(lines, 1, 0)
            row = pointer(coarse, y, field, GUARD)
            above = pointer(coarse, y - 1, field, GUARD) if y > 0 else zero
            below = pointer(coarse, y + 1, field, GUARD) if y + 1 < height else zero
            line, middle = pointer(lines, 0, 0), pointer(lines, 0, 1)
            smooth_rows(middle, above, row, below, width)
            double_row(pointer(fine, 2 * y, field, GUARD), line, unit * even, across, width)
            mean_rows(middle, row, below, width)
            double_row(pointer(fine, 2 * y + 1, field, GUARD), line, unit * odd, across, width)


@inner
@no_type_check
def border_gains(count: Any, exact: Any) -> Any:
    """What the first two and the last two of `2 count` pixels are multiplied by."""
    if exact:
        single = count == 1
        first = np.float32(8 / 6) if single else np.float32(8 / 7)
        last_but_one = _ONE if single else np.float32(8 / 7)
        return first, _ONE, last_but_one, _TWO
    return np.float32(16 / 11), np.float32(16 / 15), np.float32(16 / 15), np.float32(16 / 11)


@inner
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
def smooth_rows(out: Any, above: Any, row: Any, below: Any, width: Any) -> None:
    """(1, 6, 1)/8 of three rows: the binomial on the inserted grid's own rows."""
    for x in range(width):
        out[x] = (above[x] + _SIX * row[x] + below[x]) * _EIGHTH


@on_rows
@no_type_check
def mean_rows(out: Any, row: Any, below: Any, width: Any) -> None:
    """Mean of two rows: the binomial on the inserted rows."""
    for x in range(width):
        out[x] = (row[x] + below[x]) * _HALF


@on_rows
@no_type_check
def double_row(out: Any, line: Any, gain: Any, across: Any, count: Any) -> None:
    """Twice as many pixels along a row that has a zero at both ends."""
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
    for y in range(first, last):
        for axis in range(3):
            start = pointer(rows, y, U_BAR + axis, GUARD)
            copy(pointer(rows, y, U + axis, GUARD), start, width)
            if axis < 2:
                copy(pointer(rows, y, U0 + axis, GUARD), start, width)


@on_rows
@no_type_check
def copy(out: Any, row: Any, count: Any) -> None:
    """`out = row`."""
    for x in range(count):
        out[x] = row[x]
