"""The files of a table: Markdown, CSV and a picture, from the results of its runs."""

from collections.abc import Sequence
from pathlib import Path

from skelflow.experiments.definition import Table
from skelflow.experiments.picture import save_picture
from skelflow.experiments.render import to_csv, to_markdown
from skelflow.experiments.results import RunResult
from skelflow.experiments.statistics import compare, summarize
from skelflow.io.atomic import atomic_write


def write_table(table: Table, results: Sequence[RunResult], out: Path) -> str:
    """Write table.md, table.csv and table.png into a folder, which is made; returns the Markdown.

    Raises
    ------
    DataError
        Runs answer for different recordings.
    """
    by_row: dict[str, list[RunResult]] = {}
    for result in results:
        by_row.setdefault(result.row, []).append(result)
    rows = [row.name for row in table.rows if row.name in by_row]
    summaries = [summarize(by_row[name]) for name in rows]
    differences = [
        compare(by_row[one], by_row[other])
        for one, other in table.differences
        if one in by_row and other in by_row
    ]
    text = to_markdown(table, summaries, differences)
    out.mkdir(parents=True, exist_ok=True)
    for name, content in (("table.md", text), ("table.csv", to_csv(summaries))):
        with atomic_write(out / name) as aside:
            aside.write_text(content, encoding="utf-8")
    seeds = {name: [result.top1 for result in by_row[name]] for name in rows}
    save_picture(table, summaries, seeds, out / "table.png")
    return text
