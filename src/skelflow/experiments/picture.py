"""A table as a picture: each row's seeds, mean and interval on one axis."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from skelflow.experiments.definition import Table
from skelflow.experiments.statistics import Summary
from skelflow.io.atomic import atomic_write


def save_picture(
    table: Table, summaries: Sequence[Summary], seeds: Mapping[str, Sequence[float]], path: Path
) -> None:
    """Draw a table as a PNG.

    Parameters
    ----------
    table, summaries : what is drawn, from top to bottom.
    seeds : share of right answers of each seed, by row.
    path : of the PNG; its folder must exist.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    labels = {row.name: row.label for row in table.rows}
    published = table.published
    count = len(summaries) + len(published)
    figure = Figure(figsize=(8, 1.4 + 0.38 * count), layout="constrained")
    axes = FigureCanvasAgg(figure).figure.add_subplot()
    for y, each in enumerate(summaries):
        axes.plot([100 * each.low, 100 * each.high], [y, y], color="#8aa9c8", linewidth=5)
        shares = [100 * share for share in seeds[each.row]]
        axes.plot(shares, [y] * len(shares), "o", color="#1f4e79", markersize=5, alpha=0.7)
        axes.plot(100 * each.top1, y, "|", color="black", markersize=14)
    for y, other in enumerate(published, start=len(summaries)):
        axes.plot(100 * other.top1, y, "D", color="#b0651d", markersize=5)
    names = [labels[each.row] for each in summaries] + [each.label for each in published]
    axes.set_yticks(range(count), names)
    axes.invert_yaxis()
    axes.grid(axis="x", color="#dddddd")
    axes.set_axisbelow(True)
    axes.set_xlabel("top-1, % of the test recordings")
    axes.set_title(f"{table.title}, {table.protocol}", loc="left", fontsize=11)
    legend = "dot: a seed, line: mean, bar: 95 % interval, diamond: published by others"
    figure.supxlabel(legend, fontsize=8, color="#555555")
    with atomic_write(path) as aside:
        figure.savefig(aside, dpi=120, format="png")
