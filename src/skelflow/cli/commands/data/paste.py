"""The command that pastes recorded people into synthetic rooms."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from skelflow.cli.app import Count, app, say


@app.command
def paste(
    sources: list[Path],
    *,
    out: Path,
    seed: int = 0,
    distractors: bool = True,
    clean: Annotated[bool, Parameter(negative=())] = False,
    workers: Count | None = None,
) -> None:
    """Put recorded people before synthetic rooms in which something moves.

    For recordings whose depth has no background, as UTD-MHAD's: the person, joints and labels
    stay as recorded, and the depth shows a room around them, with curtains in the wind,
    pedestrians and a trembling camera (docs/synth.md). A recording that shows more than people
    is left out and named. A stopped run goes on with the same command.

    Example:  skelflow paste UTD_MHAD --out rooms

    Parameters
    ----------
    sources
        Recordings, or folders of them. UTD-MHAD's become recordings of UTD-MHAD, with its
        protocol; others become folders of depth images, skeleton.csv and recording.toml.
    out
        The folder to make or to go on with.
    seed
        Of rooms, what moves, and noise. A recording depends on it and on itself only.
    distractors
        Something moves in every room; without, the rooms stand still.
    clean
        The sensor sees rooms without noise, steps and shadows.
    workers
        Processes side by side; one a core when not given.
    """
    import os

    from skelflow.cli.progress import bar
    from skelflow.datasets.catalog import known_action_names
    from skelflow.recordings import find_recordings
    from skelflow.synth.pasting.paste_folder import paste_recordings

    paths = [path for source in sources for path in find_recordings(source)]
    with bar("pasting") as progress:
        report = paste_recordings(
            paths,
            out,
            seed=seed,
            distractors=distractors,
            clean=clean,
            workers=workers or os.cpu_count() or 1,
            action_names=known_action_names(paths),
            progress=progress,
        )
    say(report.to_text())
