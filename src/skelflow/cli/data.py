"""Commands that read recordings: prepare, info."""

from pathlib import Path
from typing import Literal

from skelflow.cli.shell import app, say


def parse_size(text: str) -> tuple[int, int]:
    """(width, height) of WIDTHxHEIGHT; `ConfigError` for anything else."""
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
        crop=parse_size(crop),
        size=parse_size(size),
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
def info(path: Path) -> None:
    """Say what a recording holds.

    Example:  skelflow info UTD_MHAD/depth/a1_s1_t1_depth.mat

    Parameters
    ----------
    path
        A recording (see docs/recordings.md).
    """
    from skelflow.recordings import open_recording

    recording = open_recording(path)
    camera, skeleton = recording.camera, recording.skeleton
    say(f"{recording.name}: {len(recording)} frames at {recording.frame_rate_hz:g} Hz")
    say(
        f"  depth      {camera.width} x {camera.height}, fx {camera.fx:.1f}, fy {camera.fy:.1f}, "
        f"center ({camera.cx:.1f}, {camera.cy:.1f})"
    )
    say(f"  color      {'yes' if recording.color is not None else 'no'}")
    say(f"  infrared   {'yes' if recording.infrared is not None else 'no'}")
    if skeleton is not None:
        _, bodies, joints, _ = skeleton.joints_m.shape
        say(f"  skeleton   {skeleton.layout}, {bodies} bodies, {joints} joints")
    known = {k: v for k, v in vars(recording.labels).items() if v is not None}
    say(f"  labels     {', '.join(f'{k} {v}' for k, v in known.items()) or 'none'}")
