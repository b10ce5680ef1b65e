"""The command that turns recordings into a store: prepare."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from skelflow.cli.app import Count, app, parse_size, say
from skelflow.wording import counted


@app.command
def prepare(
    source: Path,
    *,
    out: Path,
    only: str = "*",
    limit: Count | None = None,
    window: Literal["center", "person"] = "center",
    crop: str = "320x240",
    size: str = "160x120",
    stride: Count = 3,
    preset: str = "paper",
    region: Literal["image", "crop", "clip"] = "image",
    intensity: Literal["auto", "infrared", "color", "none"] = "auto",
    skeletons_only: Annotated[bool, Parameter(negative=())] = False,
    pose: Literal["recorded", "auto", "estimate"] = "recorded",
    range_m: float | None = None,
    per_sequence_range: bool = False,
    companding: float = 1.0,
    protocol: str | None = None,
    workers: Count | None = None,
    scheduler: str | None = None,
    retries: int = 3,
) -> None:
    """Turn recordings into a store of colored scene flow and joints.

    A stopped run goes on with the same command. Recordings that cannot be read are listed, there
    and in OUT/manifest.jsonl; how long each took is in OUT/history.jsonl.

    Example:  skelflow prepare UTD_MHAD --out stores/utd

    Example:  skelflow prepare NTU --out stores/ntu --scheduler tcp://node1:8786

    Parameters
    ----------
    source
        Folder of recordings (see docs/recordings.md).
    out
        The store to make or to go on with.
    only
        Prepare just the recordings whose name matches this pattern, as "a[1-9]_*".
    limit
        Prepare just so many, evenly spread over the data set.
    window
        What becomes a clip: the centered window of --crop, or a square around the person.
    crop
        Size of the centered window of the depth image, WIDTHxHEIGHT pixels.
    size
        What the window is resized to, as 112x112.
    stride
        Every stride-th frame pair gets a flow.
    preset
        Of the scene-flow solver, see docs/flow.md.
    region
        What is solved: the whole image, the crop with a margin, or that at the clip's size.
        What the latter two save and lose: see docs/flow.md.
    intensity
        What the flow sees beside depth; auto takes infrared, else color, else nothing.
    skeletons_only
        No flow: for networks that read skeletons alone, of recordings that need no depth. Where
        none of the recordings has depth, this is chosen by itself, and said.
    pose
        Joints: recorded takes what recordings have, auto estimates where there are none,
        estimate does everywhere; see docs/recordings.md.
    range_m
        Motion in meters of full color; measured on training recordings when not given.
    per_sequence_range
        Every sequence has its own range.
    companding
        Exponent of color over motion: at 0.5 small motions have more of the colors; 1 is linear.
    protocol
        Who trains, for measuring the range; the data set's usual one when not given.
    workers
        Processes side by side on this machine; one a core when not given.
    scheduler
        Address of a dask scheduler whose workers do the work instead, see docs/cluster.md.
    retries
        How often a recording is tried again whose worker died.
    """
    import os

    from skelflow.cli.progress import bar
    from skelflow.datasets.prepare.run import PrepareConfig
    from skelflow.datasets.prepare.run import prepare as prepare_recordings

    config = PrepareConfig(
        window=window,
        crop=parse_size(crop),
        size=parse_size(size),
        stride=stride,
        preset=preset,
        region=region,
        intensity=intensity,
        skeletons_only=skeletons_only,
        pose=pose,
        range_m=range_m,
        per_sequence_range=per_sequence_range,
        companding=companding,
        protocol=protocol,
        workers=(os.cpu_count() or 1) if workers is None else workers,
        retries=retries,
    )
    with bar("preparing") as progress:
        report = prepare_recordings(
            source,
            out,
            config,
            only=only,
            limit=limit,
            scheduler=scheduler,
            progress=progress,
            notice=say,
            dashboard=lambda address: say(f"dashboard: {address}"),
        )
    say(
        f"{out}: {report.done} prepared, {report.skipped_existing} there before, "
        f"{len(report.failed)} failed, {len(report.mended)} mended"
    )
    if report.estimated:
        say(f"  joints were estimated in {counted(report.estimated, 'recording')}")
    for name, reason in report.failed:
        say(f"  {name}: {reason}")
    for name, what in report.mended:
        say(f"  mended {name}: {what}")
