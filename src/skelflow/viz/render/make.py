"""Render one view of a recording into a file."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from skelflow.errors import ConfigError
from skelflow.extras import require
from skelflow.flow.presets import DEFAULT_PRESET
from skelflow.io.atomic import folder_of
from skelflow.types import Recording
from skelflow.viz.render.encode import ENCODERS, resized
from skelflow.viz.render.rerun import RERUN, save_rerun, show_in_rerun
from skelflow.viz.render.views import ViewName, Wish, draw_view

STRIP = 8  # pictures of a strip

_NEEDS = {".mp4": ("av",), ".gif": ("PIL",), ".png": (), RERUN: ("rerun",)}


Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Rendered:
    """What `render` wrote: pictures at a rate, pictures a second."""

    path: Path
    pictures: int
    rate_hz: float


def render(
    recording: Recording,
    view: ViewName,
    path: Path,
    *,
    frames: tuple[int, int | None] = (0, None),
    height: int | None = None,
    count: int = STRIP,
    preset: str = DEFAULT_PRESET,
    range_m: float | None = None,
    weights: str | Path = "synthetic-8",
    progress: Progress = lambda *_: None,
) -> Rendered:
    """Draw a view of a recording into a file of the kind that its ending says.

    Parameters
    ----------
    recording : what is drawn.
    view : "color", "infrared", "depth", "flow", "attention" or "skeleton".
    path : .mp4 (H.264), .gif, .png (a strip) or .rrd (of the rerun viewer); its folder is made.
    frames : first frame, and one past the last; None = to the end.
    height : of a picture, pixels; None = as it is.
    count : pictures of a strip, evenly spaced.
    preset, range_m : of the flow; motion of full color, meters, None = what nearly all motion
        stays below.
    weights : of the network whose attention is drawn.
    progress : called after each picture, or each solved frame pair.

    Raises
    ------
    ConfigError
        The ending is unknown, no frames are left, or `range_m` is not positive.
    DataError
        The recording has not what the view shows.
    MissingExtraError
        What writes such files is not installed.
    """
    ending = path.suffix.lower()
    if ending not in _NEEDS:
        raise ConfigError(f"{path}: expected a name with one of the endings {', '.join(_NEEDS)}")
    require(*_NEEDS[ending])
    most = count if ending == ".png" else None
    wish = Wish(_times(recording, frames), preset, range_m, weights, progress, most)
    with folder_of(path):
        drawn = draw_view(recording, view, wish)
        drawn = replace(drawn, pictures=resized(drawn.pictures, height))
        if ending == RERUN:
            return Rendered(path, save_rerun(view, drawn, path), drawn.rate_hz)
        return Rendered(path, ENCODERS[ending](drawn.pictures, path, drawn.rate_hz), drawn.rate_hz)


def show(
    recording: Recording,
    view: ViewName,
    *,
    frames: tuple[int, int | None] = (0, None),
    height: int | None = None,
    preset: str = DEFAULT_PRESET,
    range_m: float | None = None,
    weights: str | Path = "synthetic-8",
    progress: Progress = lambda *_: None,
) -> int:
    """Show a view in the rerun viewer; the number of pictures. See `render` for the rest."""
    require("rerun")
    wish = Wish(_times(recording, frames), preset, range_m, weights, progress)
    drawn = draw_view(recording, view, wish)
    return show_in_rerun(view, replace(drawn, pictures=resized(drawn.pictures, height)))


def _times(recording: Recording, frames: tuple[int, int | None]) -> tuple[int, ...]:
    times = tuple(range(len(recording))[slice(*frames)])
    if not times:
        raise ConfigError(
            f"{recording.path}: no frames from {frames[0]} to {frames[1]}, it has {len(recording)}"
        )
    return times
