"""A strip of frames above their colored flow."""

from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
from jaxtyping import Bool

from skelflow.datasets.flow_files.folder import FlowFolder
from skelflow.datasets.flow_files.format import read_flow
from skelflow.io.atomic import atomic_write
from skelflow.types import Recording
from skelflow.viz.paint import AT_REST, AXES, UNKNOWN, Painter, axis_bar, paint_flow

if TYPE_CHECKING:
    from matplotlib.figure import SubFigure

MOST_PAIRS = 8

_COLUMN_INCHES, _TITLE_INCHES = 2.6, 0.35
_LEGEND_INCHES = (8.0, 0.6)  # width and height
_MARGIN_SHARE = 0.1  # around what has depth, of its size


def save_strip(recording: Recording, folder: FlowFolder, range_m: float) -> Path:
    """Draw up to eight evenly spaced pairs, and what the colors mean, into `strip.png`.

    Parameters
    ----------
    recording : what the flow is of.
    folder : its flow files; the strip goes beside them.
    range_m : motion of full color, meters.

    Raises
    ------
    DataError
        The strip cannot be written.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    times = spread(folder.times, MOST_PAIRS)
    files = {t: read_flow(folder.file(t)) for t in times}
    rows, columns = box(np.logical_or.reduce([file.seen for file in files.values()]))
    height, width = rows.stop - rows.start, columns.stop - columns.start
    column = max(_COLUMN_INCHES, _LEGEND_INCHES[0] / len(times))
    pictures = 2 * column * height / width + _TITLE_INCHES
    size = column * len(times), pictures + _LEGEND_INCHES[1]
    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    parts = figure.subfigures(2, 1, height_ratios=(pictures, _LEGEND_INCHES[1]))
    above, below = cast("list[SubFigure]", parts)
    painter, panels = Painter(recording, times), above.subplots(2, len(times), squeeze=False)
    for (over, under), (t, file) in zip(panels.T, files.items(), strict=True):
        colored = paint_flow(file.flow_m, file.seen, range_m)
        over.imshow(painter.paint(t)[rows, columns])
        over.set_title(f"{t / recording.frame_rate_hz:.2f} s, frame {t}", fontsize=9)
        under.imshow(colored[rows, columns])
    for panel in panels.ravel():
        panel.set_axis_off()
    _draw_legend(below, range_m, size[0])
    path = folder.path / "strip.png"
    dots = float(np.clip(width / column, 100, 200))  # an inch: the images' own pixels, in reason
    with atomic_write(path) as aside:
        figure.savefig(aside, dpi=dots, format="png")
    return path


def box(seen: Bool[np.ndarray, "h w"]) -> tuple[slice, slice]:
    """Rows and columns of what has depth and a margin around it; all where nothing has.

    Examples
    --------
    >>> seen = np.zeros((100, 100), bool)
    >>> seen[20:70, 30:50] = True
    >>> box(seen)
    (slice(15, 75, None), slice(28, 52, None))
    """
    found = []
    for length, used in zip(seen.shape, (seen.any(axis=1), seen.any(axis=0)), strict=True):
        places = np.flatnonzero(used)
        low, high = (int(places[0]), int(places[-1]) + 1) if places.size else (0, length)
        margin = round(_MARGIN_SHARE * (high - low))
        found.append(slice(max(0, low - margin), min(length, high + margin)))
    return found[0], found[1]


def spread(times: tuple[int, ...], most: int) -> tuple[int, ...]:
    """At most so many of the times, evenly spaced, first and last among them.

    Examples
    --------
    >>> spread(tuple(range(0, 100, 10)), 4)
    (0, 30, 60, 90)
    """
    picks = np.linspace(0, len(times) - 1, min(most, len(times))).round().astype(int)
    return tuple(times[i] for i in picks)


def _draw_legend(figure: "SubFigure", range_m: float, width_inches: float) -> None:
    """A bar for each axis of motion, and what two plain colors mean; empty on the right."""
    rest = max(width_inches / _LEGEND_INCHES[0] - 1, 0.001) * 3.6
    *bars, still, blank, empty = figure.subplots(1, 6, width_ratios=(1, 1, 1, 0.3, 0.3, rest))
    reach = 1000 * range_m
    for axis, (panel, (low, high)) in enumerate(zip(bars, AXES, strict=True)):
        panel.imshow(axis_bar(axis, 254, 16), extent=(-reach, reach, 0, 1), aspect="auto")
        panel.set_xticks((-reach, 0, reach), (f"{low} {reach:g} mm", "0", f"{high} {reach:g} mm"))
    for panel, color, name in ((still, AT_REST, "at rest"), (blank, UNKNOWN, "no depth")):
        panel.imshow(np.full((1, 1, 3), color, np.uint8), extent=(0, 1, 0, 1), aspect="auto")
        panel.set_xticks((0.5,), (name,))
    for panel in (*bars, still, blank):
        panel.set_yticks(())
        panel.tick_params(labelsize=8, length=0)
    empty.set_axis_off()
