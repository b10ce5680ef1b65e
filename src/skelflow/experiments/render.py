"""A table as Markdown and as CSV."""

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from skelflow.experiments.definition import Published, Table
from skelflow.experiments.statistics import Difference, Summary

_TITLES = (
    "network",
    "top-1",
    "over seeds",
    "95 % interval",
    "top-5",
    "seeds",
    "parameters",
    "training",
)


def to_markdown(
    table: Table, summaries: Sequence[Summary], differences: Sequence[Difference]
) -> str:
    """The whole table with its differences and what others published."""
    labels = {row.name: row.label for row in table.rows}
    lines = [f"## {table.title}", "", f"Protocol {table.protocol}, {_recordings(summaries)}.", ""]
    lines += _table(_TITLES, [_row(each, labels) for each in summaries])
    if differences:
        rows = [_difference(each, labels) for each in differences]
        lines += ["", *_table(("difference", "top-1", "95 % interval"), rows)]
    if table.published:
        rows = [_published(each) for each in table.published]
        lines += ["", *_table(("published by others", "top-1", "source"), rows)]
    reads = ", ".join(f"{labels[each.row]} {each.test_reads}" for each in summaries)
    lines += ["", _NOTE, "", f"The test split was read so often, all seeds together: {reads}."]
    return "\n".join(lines) + "\n"


_NOTE = (
    "Over seeds: standard deviation. Intervals draw the test recordings anew (bootstrap); those of "
    "differences draw both rows' answers together. Training: seconds by the clock, one seed."
)


def to_csv(summaries: Sequence[Summary]) -> str:
    """One line a row, shares in [0, 1]."""
    text = io.StringIO()
    rows = [asdict(each) for each in summaries]
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _recordings(summaries: Sequence[Summary]) -> str:
    return f"{summaries[0].recordings} test recordings"


def _row(each: Summary, labels: Mapping[str, str]) -> tuple[str, ...]:
    return (
        labels[each.row],
        f"{each.top1:.1%}",
        "" if math.isnan(each.spread) else f"± {100 * each.spread:.1f}",
        f"{100 * each.low:.1f} to {100 * each.high:.1f}",
        "" if math.isnan(each.top5) else f"{each.top5:.1%}",
        str(each.seeds),
        f"{each.parameters:,}",
        f"{each.seconds:.0f} s" if each.seconds else "",
    )


def _difference(each: Difference, labels: Mapping[str, str]) -> tuple[str, ...]:
    interval = f"{100 * each.low:+.1f} to {100 * each.high:+.1f}"
    return f"{labels[each.row]} - {labels[each.other]}", f"{100 * each.top1:+.1f}", interval


def _published(each: Published) -> tuple[str, ...]:
    source = each.source if each.checked else f"{each.source} (not checked here)"
    return each.label, f"{each.top1:.1%}", source


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [titles, ["---"] * len(titles), *rows]
    return ["| " + " | ".join(line) + " |" for line in lines]
