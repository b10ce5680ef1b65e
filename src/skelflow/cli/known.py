"""Commands about whole data sets: their protocols, their cameras."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from skelflow.cli.shell import app, say


@app.command
def protocols(*, counts: Annotated[bool, Parameter(negative=())] = False) -> None:
    """List who trains and who tests, for each data set.

    Example:  skelflow protocols --counts

    Parameters
    ----------
    counts
        Count the recordings of each NTU RGB+D protocol from the official names and lists of bad
        samples alone, beside the published counts; exit code 1 where they differ.
    """
    from skelflow.datasets.protocol_tables import compare_counts, describe_protocols

    if not counts:
        say(describe_protocols())
        return
    comparison = compare_counts()
    say(comparison.to_text())
    if not comparison.agrees:
        raise SystemExit(1)


@app.command
def calibrate(
    sources: list[Path],
    /,
    *,
    out: Path | None = None,
    picture: Path | None = None,
    files: int = 12,
) -> None:
    """Fit the cameras of NTU RGB+D to the joints' own pixels, and keep them beside the data.

    Every command that reads a recording finds skelflow-cameras.json in the folder above
    nturgb+d_skeletons and its siblings. Without it, each recording's own joints are fitted.

    Example:  skelflow calibrate NTU

    Parameters
    ----------
    sources
        Folders with NTU RGB+D .skeleton files below them, or such files; on several disks, the
        one that recordings are opened from first.
    out
        The file of fitted cameras; skelflow-cameras.json in the first folder when not given.
    picture
        PNG of what the fit misses, and where in the images; beside the file when not given.
    files
        How many recordings of each set-up and camera are read.
    """
    from skelflow.camera.rigs import save_rigs
    from skelflow.datasets.calibration import calibrate as calibrate_data
    from skelflow.datasets.calibration import cameras_path
    from skelflow.progress import bar
    from skelflow.viz.calibration import save_calibration

    with bar("reading") as progress:
        found = calibrate_data(sources, files=files, progress=progress)
    out = out or cameras_path(sources[0])
    picture = picture or out.with_suffix(".png")
    save_rigs(found.rigs, out)
    save_calibration(found, picture)
    say(found.to_text())
    say(f"{out}, {picture}")
