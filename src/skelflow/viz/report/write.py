"""Write a report's page, whole or not at all."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from skelflow.io.atomic import atomic_write, folder_of
from skelflow.viz.page import find_template


def write_report(contents: Mapping[str, Any], path: Path) -> None:
    """Write one HTML file that needs nothing beside it and no network.

    Parameters
    ----------
    contents : see `describe_report`.
    path : of the page; its folder is made.

    Raises
    ------
    StorageError
        It cannot be written.
    """
    page = find_template("report.html").render(**contents)
    with folder_of(path), atomic_write(path) as aside:
        aside.write_text(page, encoding="utf-8")
