"""The command that describes recordings: info."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from skelflow.cli.app import app, say


@app.command
def info(
    paths: list[Path],
    /,
    *,
    check: Annotated[bool, Parameter(negative=())] = False,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> None:
    """Say what a recording holds, or what folders hold and what is missing.

    Of NTU RGB+D only names are looked at: which parts are there (on several disks, when several
    folders are given), what was published and is missing, bad samples, and each protocol's counts.
    Of many recordings of other sources, headers are read and no frames.

    Example:  skelflow info UTD_MHAD/depth/a1_s1_t1_depth.mat

    Example:  skelflow info /disk1/NTU /disk2/NTU

    Parameters
    ----------
    paths
        A recording (see docs/recordings.md), or folders of recordings.
    check
        Look at frames of every recording, of NTU RGB+D as well, and count what is mended and what
        fails.
    json
        Print JSON instead of text.
    """
    from json import dumps

    from skelflow.cli.progress import bar
    from skelflow.datasets.inspect.description import describe
    from skelflow.errors import DataError

    with bar("opening") as progress:
        found = describe(paths, check=check, progress=progress)
    say(dumps(found.facts, indent=2) if json else found.text)
    if found.holds_nothing_readable:
        raise DataError(f"none of the recordings in {', '.join(map(str, paths))} can be read")
