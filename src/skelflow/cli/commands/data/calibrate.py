"""The command that fits the cameras of a data set."""

from pathlib import Path

from skelflow.cli.app import Count, app, say


@app.command
def calibrate(
    sources: list[Path],
    /,
    *,
    out: Path | None = None,
    picture: Path | None = None,
    files: Count = 12,
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
    from skelflow.camera.calibration.file import save_calibrations
    from skelflow.cli.progress import bar
    from skelflow.datasets.inspect.calibration import calibrate as calibrate_data
    from skelflow.datasets.inspect.calibration import cameras_path
    from skelflow.viz.calibration import save_calibration

    with bar("reading") as progress:
        found = calibrate_data(sources, files=files, progress=progress)
    out = out or cameras_path(sources[0])
    picture = picture or out.with_suffix(".png")
    save_calibrations(found.sensors, out)
    save_calibration(found, picture)
    say(found.to_text())
    say(f"{out}, {picture}")
