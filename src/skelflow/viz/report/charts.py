"""Learning curves as coordinates of drawings in the page."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from skelflow.viz.curves import LOSSES, SHARES

WIDTH, HEIGHT = 340, 190
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 10, 8, 22  # around the drawing

Epochs = Sequence[Mapping[str, Any]]
Chart = dict[str, Any]
Number = int | float


def draw_charts(epochs: Epochs) -> list[Chart]:
    """Loss, accuracy and learning rate by epoch; none without epochs.

    Parameters
    ----------
    epochs : lines of metrics.jsonl.
    """
    if not epochs:
        return []
    charts = [
        _chart("loss", epochs, LOSSES, "{:.3f}"),
        _chart("accuracy, %", epochs, SHARES, "{:.1f} %", scale=100.0, reach=(0.0, 100.0)),
        _chart("learning rate", epochs, {"lr": ""}, "{:.2e}", logarithmic=True),
    ]
    return [chart for chart in charts if chart["lines"]]


def _chart(
    title: str,
    epochs: Epochs,
    names: Mapping[str, str],
    form: str,
    *,
    scale: float = 1.0,
    reach: tuple[float, float] | None = None,
    logarithmic: bool = False,
) -> Chart:
    """One chart; lines of which no epoch says anything are left out."""
    known = {
        key: label for key, label in names.items() if any(_number(line, key) for line in epochs)
    }
    values = [_number(line, key) for line in epochs for key in known]
    there = [scale * value[0] for value in values if value and (value[0] > 0 or not logarithmic)]
    if not there:
        return {"lines": []}
    ticks = _powers(min(there), max(there)) if logarithmic else nice_ticks(0.0, max(there))
    if reach is not None:
        ticks = nice_ticks(*reach)
    to_y = _Axis(ticks[0], ticks[-1], HEIGHT - _BOTTOM, _TOP, logarithmic=logarithmic)
    numbers = [int(line["epoch"]) for line in epochs]
    to_x = _Axis(numbers[0], max(numbers[-1], numbers[0] + 1), _LEFT, WIDTH - _RIGHT)
    told = [_tell(line, known, form, scale) for line in epochs]
    return {
        "title": title,
        "width": WIDTH,
        "height": HEIGHT,
        "left": _LEFT,
        "right": WIDTH - _RIGHT,
        "top": _TOP,
        "bottom": HEIGHT - _BOTTOM,
        "y_ticks": [{"at": round(to_y(tick), 1), "name": f"{tick:g}"} for tick in ticks],
        "x_ticks": [{"at": round(to_x(tick), 1), "name": tick} for tick in _epoch_ticks(numbers)],
        "lines": [_line(epochs, key, label, scale, (to_x, to_y)) for key, label in known.items()],
        "x": [round(to_x(number), 1) for number in numbers],
        "epochs": numbers,
        "told": told,
        "last": told[-1],
        "last_epoch": numbers[-1],
    }


def nice_ticks(low: Number, high: Number, *, most: int = 5) -> list[float]:
    """Round numbers from at most `low` to at least `high`.

    Examples
    --------
    >>> nice_ticks(0, 3.9)
    [0.0, 1.0, 2.0, 3.0, 4.0]
    """
    span = max(high - low, 1e-9)
    power = 10.0 ** math.floor(math.log10(span / most))
    step = next(power * m for m in (1, 2, 2.5, 5, 10) if span / (power * m) <= most)
    first, last = math.floor(low / step), math.ceil(high / step - 1e-9)
    return [round(step * k, 12) for k in range(first, last + 1)]


def _powers(low: Number, high: Number) -> list[float]:
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    return [10.0**k for k in range(first, max(last, first + 1) + 1)]


class _Axis:
    """From values to places of the drawing."""

    def __init__(
        self, low: Number, high: Number, start: Number, end: Number, *, logarithmic: bool = False
    ) -> None:
        self._ends, self._places, self._logarithmic = (low, high), (start, end), logarithmic

    def __call__(self, value: Number) -> float:
        low, high = self._ends
        if self._logarithmic:
            low, high, value = math.log10(low), math.log10(high), math.log10(value)
        start, end = self._places
        return start + (end - start) * (value - low) / max(high - low, 1e-12)


def _line(
    epochs: Epochs, key: str, label: str, scale: float, axes: tuple[_Axis, _Axis]
) -> dict[str, Any]:
    """Name and points; a dot as well where there is one point alone."""
    spots = [
        (axes[0](int(line["epoch"])), axes[1](scale * value[0]))
        for line in epochs
        if (value := _number(line, key))
    ]
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in spots)
    return {"name": label, "points": points, "dot": spots[0] if len(spots) == 1 else None}


def _number(line: Mapping[str, Any], key: str) -> tuple[float, ...]:
    """The number of that name; empty where there is none, as after a loss that is not finite."""
    value = line.get(key)
    return (float(value),) if isinstance(value, int | float) and math.isfinite(value) else ()


def _tell(line: Mapping[str, Any], names: Mapping[str, str], form: str, scale: float) -> str:
    """An epoch's numbers in words."""
    parts = [
        f"{label} {form.format(scale * value[0])}".strip()
        for key, label in names.items()
        if (value := _number(line, key))
    ]
    return ", ".join(parts) or "none"


def _epoch_ticks(numbers: Sequence[int]) -> list[int]:
    first, last = numbers[0], numbers[-1]
    between = [int(tick) for tick in nice_ticks(first, last) if first < tick < last]
    room = 0.06 * (last - first)
    kept = [tick for tick in between if tick - first > room and last - tick > room]
    return sorted({first, *(tick for tick in kept if tick == int(tick)), last})
