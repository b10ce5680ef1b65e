"""Commands that read recordings: prepare, info."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from skelflow.cli.shell import app, say


def _size(text: str) -> tuple[int, int]:
    from skelflow.errors import ConfigError

    width, _, height = text.lower().partition("x")
    if not (width.isdigit() and height.isdigit()):
        raise ConfigError(f"expected WIDTHxHEIGHT such as 320x240, found {text!r}")
    return int(width), int(height)


@app.command
def prepare(
    source: Path,
    *,
    out: Path,
    only: str = "*",
    crop: str = "320x240",
    size: str = "160x120",
    stride: int = 3,
    preset: str = "paper",
    region: Literal["image", "crop", "clip"] = "image",
    intensity: Literal["auto", "infrared", "color", "none"] = "auto",
    range_m: float | None = None,
    per_sequence_range: bool = False,
    protocol: str | None = None,
    workers: int | None = None,
) -> None:
    """Turn recordings into a store of colored scene flow and joints.

    A stopped run goes on with the same command. Recordings that cannot be read are listed.

    Example:  skelflow prepare UTD_MHAD --out stores/utd

    Parameters
    ----------
    source
        Folder of recordings (UTD-MHAD, NTU RGB+D, or your own; see docs/recordings.md).
    out
        The store to make or to go on with.
    only
        Prepare just the recordings whose name matches this pattern, as "a[1-9]_*".
    crop
        Centered window of the depth image, WIDTHxHEIGHT pixels.
    size
        What the window is resized to.
    stride
        Every stride-th frame pair gets a flow.
    preset
        Of the scene-flow solver, see docs/flow.md.
    region
        What is solved: the whole image, the crop with a margin, or that at the clip's size.
        What the latter two save and lose: see docs/flow.md.
    intensity
        What the flow sees beside depth; auto takes infrared, else color, else nothing.
    range_m
        Motion in meters of full color; measured on training recordings when not given.
    per_sequence_range
        Every sequence has its own range.
    protocol
        Who trains, for measuring the range; the data set's usual one when not given.
    workers
        Processes side by side; one a core when not given.
    """
    import os

    from skelflow.datasets.prepare import PrepareConfig
    from skelflow.datasets.prepare import prepare as prepare_recordings
    from skelflow.progress import bar

    config = PrepareConfig(
        crop=_size(crop),
        size=_size(size),
        stride=stride,
        preset=preset,
        region=region,
        intensity=intensity,
        range_m=range_m,
        per_sequence_range=per_sequence_range,
        protocol=protocol,
        workers=workers or os.cpu_count() or 1,
    )
    with bar("preparing") as progress:
        report = prepare_recordings(source, out, config, only=only, progress=progress)
    say(
        f"{out}: {report.done} prepared, {report.skipped_existing} there before, "
        f"{len(report.failed)} failed"
    )
    for name, reason in report.failed:
        say(f"  {name}: {reason}")


@app.command
def info(
    paths: list[Path],
    /,
    *,
    check: Annotated[bool, Parameter(negative=())] = False,
) -> None:
    """Say what a recording holds, or what folders hold and what is missing.

    Of NTU RGB+D only names are looked at: which parts are there (on several disks, when several
    folders are given), what was published and is missing, bad samples, and each protocol's counts.

    Example:  skelflow info UTD_MHAD/depth/a1_s1_t1_depth.mat

    Example:  skelflow info /disk1/NTU /disk2/NTU

    Parameters
    ----------
    paths
        A recording (see docs/recordings.md), or folders of recordings.
    check
        Open every recording of NTU RGB+D as well, and count what is mended and what fails.
    """
    from skelflow.datasets.description import describe
    from skelflow.progress import bar

    with bar("opening") as progress:
        text = describe(paths, check=check, progress=progress)
    say(text)
