"""Report on a folder of flow: film, strip and figures, redrawn only when they changed."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from skelflow.datasets.flow_files.folder import FlowFolder
from skelflow.datasets.flow_files.summary import FlowSummary, summarize
from skelflow.io.atomic import atomic_write
from skelflow.types import Recording
from skelflow.viz.film import save_film
from skelflow.viz.strip import save_strip
from skelflow.wording import counted

Progress = Callable[[int, int, str], None]  # frames drawn, of how many, the last one's name


@dataclass(frozen=True)
class FlowReport:
    """What `report_flow` found and drew.

    Parameters
    ----------
    summary : figures over all pairs.
    strip : a picture of up to eight pairs.
    film : video of all pairs, or the folder of its frames where no encoder is there; None for
        one pair, of which the strip shows everything.
    range_m : motion of full color in both, meters.
    """

    summary: FlowSummary
    strip: Path
    film: Path | None
    range_m: float

    @property
    def pictures(self) -> str:
        """Names of what was drawn."""
        if self.film is None:
            return self.strip.name
        missing = "" if self.film.suffix else " (PNG frames, for OpenCV has no video encoder here)"
        return f"{self.strip.name}, {self.film.name}{missing}"

    def to_text(self) -> str:
        """The figures for reading."""
        made, found = self.summary.settings, self.summary
        images = f"preset {made['preset']}, intensity {made['intensity']}"
        lines = [
            f"{made['recording']}: {counted(found.pairs, 'pair')}, {images}",
            f"  depth       {found.median_depth_m:.2f} m in the median",
            f"  moving      {found.moving_share:.1%} of the pixels with depth move by more than "
            f"1 mm, {found.mean_motion_mm:.1f} mm in the mean",
            f"  largest     {found.largest_motion_mm:.1f} mm from frame {found.largest_frame} to "
            f"{found.largest_frame + 1}, at pixel {found.largest_pixel}",
            f"  full color  {1000 * self.range_m:g} mm a frame",
        ]
        if found.saturated:
            lines.append(
                f"  saturated   {found.saturated} components beyond 3.2767 m were cut to it; "
                "--float keeps them"
            )
        return "\n".join(lines)


def report_flow(
    recording: Recording,
    folder: FlowFolder,
    *,
    progress: Progress = lambda *_: None,
) -> FlowReport:
    """Count and draw; nothing is drawn again that is there and still right.

    Parameters
    ----------
    recording : what the flow is of.
    folder : its flow files, see `skelflow.datasets.flow_files.folder.write_flows`.
    progress : called after each drawn frame.

    Raises
    ------
    DataError
        There is no depth at all, or a file cannot be written.
    """
    summary = summarize(folder)
    span_m = summary.range_m if folder.range_m is None else folder.range_m
    shown = {"full_color_m": span_m, "times": list(folder.times)}
    content = json.dumps({**summary.to_json(), **shown}, indent=2) + "\n"
    path = folder.path / "summary.json"
    before = FlowReport(summary, folder.path / "strip.png", _film(folder), span_m)
    if _is_done(path, content, before):
        return before
    strip = save_strip(recording, folder, span_m)
    film = None
    if len(folder.times) > 1:
        film = save_film(recording, folder, span_m, progress=progress).path
    with atomic_write(path) as aside:
        aside.write_text(content)
    return FlowReport(summary, strip, film, span_m)


def _film(folder: FlowFolder) -> Path | None:
    """Where the film of these pairs is, if it is there."""
    if len(folder.times) == 1:
        return None
    video, images = folder.path / "flow.mp4", folder.path / "frames"
    return images if images.is_dir() and not video.is_file() else video


def _is_done(path: Path, content: str, report: FlowReport) -> bool:
    """Whether what was drawn before shows these very figures."""
    if not (path.is_file() and report.strip.is_file()):
        return False
    film = report.film is None or report.film.exists()
    return film and path.read_text() == content
