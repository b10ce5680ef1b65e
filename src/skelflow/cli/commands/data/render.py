"""The command that draws recordings into films, animations and strips: render."""

from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from skelflow.cli.app import Count, app, parse_span, say
from skelflow.flow.presets import DEFAULT_PRESET


@app.command
def render(
    recording: Path,
    *,
    view: Literal["color", "infrared", "depth", "flow", "attention", "skeleton"] = "depth",
    to: Path | None = None,
    frames: str = ":",
    height: Count | None = None,
    count: Count = 8,
    preset: str = DEFAULT_PRESET,
    range_m: float | None = None,
    weights: str = "synthetic-8",
    rerun: Annotated[bool, Parameter(negative=())] = False,
) -> None:
    """Draw a view of a recording into a film (.mp4), an animation (.gif) or a strip (.png).

    Example:  skelflow render UTD_MHAD/depth/a1_s1_t1_depth.mat --view flow --to wave.mp4

    Example:  skelflow render people/nturgb+d_depth/S001C002P001R001A023 --view color --rerun

    Parameters
    ----------
    recording
        A recording (see docs/recordings.md).
    view
        What is drawn. Attention is that of a network, see --weights; flow is solved.
    to
        The file: .mp4 (H.264), .gif, .png (a strip), or .rrd for the rerun viewer.
    frames
        START:STOP, from 0, STOP excluded.
    height
        Of a picture in pixels; as it is when not given.
    count
        How many pictures a strip has, evenly spaced.
    preset
        Of the scene-flow solver, see docs/flow.md.
    range_m
        Motion in meters of full color; what nearly all motion stays below when not given.
    weights
        Of the network whose attention is drawn.
    rerun
        Show it in the rerun viewer, with the depth as points and the joints in space.
    """
    from skelflow.cli.progress import bar
    from skelflow.errors import ConfigError
    from skelflow.extras import require
    from skelflow.recordings import open_recording
    from skelflow.viz.render import render as render_view
    from skelflow.viz.render import show

    if to is None and not rerun:
        raise ConfigError("--to: expected a file to write, or --rerun to look at it")
    if rerun:
        require("rerun")
    opened = open_recording(recording)
    with bar("drawing") as progress:
        options: dict[str, Any] = {
            "frames": parse_span("--frames", frames),
            "height": height,
            "preset": preset,
            "range_m": range_m,
            "weights": weights,
            "progress": progress,
        }
        if to is not None:
            made = render_view(opened, view, to, count=count, **options)
            at = "" if to.suffix.lower() == ".png" else f" at {made.rate_hz:g} a second"
            say(f"{made.path}: {made.pictures} pictures{at}")
        if rerun:
            say(f"{show(opened, view, **options)} pictures shown in rerun")
