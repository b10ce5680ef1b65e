"""The command that computes scene flow: two depth images, or a recording."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from skelflow.cli.app import Count, app, parse_span, say
from skelflow.flow.presets import DEFAULT_PRESET

Lens = tuple[float, float, float, float]


def _lens(text: str) -> Lens:
    from skelflow.errors import ConfigError

    try:
        fx, fy, cx, cy = (float(part) for part in text.split(","))
    except ValueError:
        raise ConfigError(f"--camera: expected FX,FY,CX,CY in pixels, found {text!r}") from None
    return fx, fy, cx, cy


@app.command
def flow(
    first: Path,
    second: Path | None = None,
    *,
    out: Path,
    color: Annotated[tuple[Path, Path] | None, Parameter(negative=())] = None,
    depth_scale: float | None = None,
    any_depth: Annotated[bool, Parameter(negative=())] = False,
    fov: float | None = None,
    camera: str | None = None,
    frames: str = ":",
    stride: Count = 1,
    preset: str = DEFAULT_PRESET,
    intensity: Literal["auto", "infrared", "color", "none"] = "auto",
    threads: Count | None = None,
    float_: Annotated[bool, Parameter(name="--float", negative=())] = False,
    range_m: float | None = None,
) -> None:
    """Compute the 3D motion of every pixel, between two depth images or through a recording.

    OUT gets one flow_000012.npz a frame pair (docs/flow.md says how to read it), a film, a strip
    of pictures and summary.json. A stopped run goes on with the same command.

    Example:  skelflow flow UTD_MHAD/depth/a1_s1_t1_depth.mat --out flow/a1

    Example:  skelflow flow depth0.png depth1.png --color color0.png color1.png --out flow/pair

    Parameters
    ----------
    first
        A recording (see docs/recordings.md); or the first of two depth images, 16-bit PNG, or
        .npy or .npz of meters.
    second
        The depth image after it.
    out
        Folder for the flow, made when it is not there.
    color
        The two images' color or gray images, of the same size and view.
    depth_scale
        Meters a unit of the two depth images: 0.001 (millimeters) when not given, 0.0002 for
        5000ths of a meter. Arrays of floats are meters when it is not given.
    any_depth
        Take depth images even when their median depth is none that a sensor delivers.
    fov
        Horizontal field of view of the two depth images, degrees; 62.5 when not given.
    camera
        Instead of the field of view: FX,FY,CX,CY in pixels.
    frames
        START:STOP, the frames of the recording that are looked at, from 0, STOP excluded.
    stride
        Every stride-th frame pair (t, t + 1).
    preset
        Of the scene-flow solver, see docs/flow.md.
    intensity
        What the flow sees beside depth; auto takes infrared, else color, else nothing.
    threads
        How many solve a pair together; one a core when not given.
    float_
        Keep float32 meters instead of int16 tenths of millimeters.
    range_m
        Motion in meters of full color; what nearly all motion stays below when not given.
    """
    import os

    from skelflow.cli.progress import bar
    from skelflow.datasets.flow_files.folder import FlowFolderConfig, write_flows
    from skelflow.extras import require
    from skelflow.recordings.image_pair import open_frames
    from skelflow.viz.flow_report import report_flow

    require("matplotlib")
    config = FlowFolderConfig(
        stride=stride,
        frames=parse_span("--frames", frames),
        preset=preset,
        intensity=intensity,
        threads=(os.cpu_count() or 1) if threads is None else threads,
        lossless=float_,
        range_m=range_m,
    )
    recording = open_frames(
        first,
        second,
        color=color,
        depth_scale=depth_scale,
        fov_x_deg=fov,
        lens=None if camera is None else _lens(camera),
        any_depth=any_depth,
    )
    with bar("solving") as progress:
        folder = write_flows(recording, out, config, progress=progress)
    with bar("drawing") as progress:
        report = report_flow(recording, folder, progress=progress)
    say(report.to_text())
    say(folder.to_text())
    say(f"{out}: flow_*.npz, {report.pictures}, summary.json")
