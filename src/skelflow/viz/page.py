"""A page that shows, frame by frame, a network's input, attention and answer."""

import base64
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import cv2
import numpy as np

from skelflow.errors import DataError
from skelflow.inference import Explanation
from skelflow.io.atomic import atomic_write, folder_of
from skelflow.types import Recording
from skelflow.version import __version__
from skelflow.viz.panels import Picture, draw_panels
from skelflow.wording import counted

if TYPE_CHECKING:
    from jinja2 import Template

Section = dict[str, Any]  # what `case.html` is told of a recording
Progress = Callable[[int, int, str], None]  # recordings done, of how many, the last one's name

OVER_TIME = "probability over time"
WHOLE = "answered from frames of the whole recording"  # which clips spread over: nothing over time
CURVES = 3  # actions whose probability is drawn over time
_CHART_PX = (960, 120)
_JPEG_QUALITY = 85
_MOST_REASONS = 3  # in a message


@dataclass(frozen=True)
class Case:
    """A recording and what was made of it; `truth` is the action it is known to show, if it is."""

    recording: Recording
    explanation: Explanation
    truth: str | None = None


class Failed(NamedTuple):
    """A recording that could not be read, recognized or drawn, and why."""

    name: str
    reason: str


def nothing_left(failed: Sequence[Failed]) -> DataError:
    """What to raise where none of several recordings can be used: the first three say why."""
    if not failed:
        return DataError("no recordings to explain; name some, or folders that hold some")
    said = "; ".join(each.reason for each in failed[:_MOST_REASONS])
    more = "; ..." if len(failed) > _MOST_REASONS else ""
    return DataError(f"none of {counted(len(failed), 'recording')} can be used: {said}{more}")


def write_page(
    sections: Iterable[Section | Failed],
    path: Path,
    *,
    title: str,
    note: str = "",
    count: int = 0,
    progress: Progress = lambda *_: None,
) -> None:
    """Write one HTML file that needs nothing beside it and no network.

    Parameters
    ----------
    sections : of `describe_case`, one a recording; those that failed are listed at the end.
    path : of the page, written whole or not at all; its folder is made.
    title, note : over everything, as plain text.
    count : how many recordings there are, for `progress`.
    progress : called after each of them.

    Raises
    ------
    StorageError
        The page cannot be written.
    """
    cases: list[Section] = []
    failed: list[Failed] = []
    with folder_of(path):
        for number, section in enumerate(sections, start=1):
            if isinstance(section, Failed):
                failed.append(section)
            else:
                cases.append(section)
            name = section.name if isinstance(section, Failed) else section["name"]
            progress(number, count, name)
        page = find_template("page.html").render(
            title=title, note=note, cases=cases, failed=failed, version=__version__
        )
        with atomic_write(path) as aside:
            aside.write_text(page, encoding="utf-8")


@cache
def find_template(name: str) -> "Template":
    """A template of this folder's pages."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    loader = PackageLoader("skelflow.viz")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
    return environment.get_template(name)


def describe_case(case: Case) -> Section:
    """What a template is told of a recording: players, curves and figures, for `case.html`."""
    recording, explanation = case.recording, case.explanation
    result = explanation.result
    return {
        "name": recording.name,
        "truth": case.truth,
        "notes": result.notes,
        "guesses": result.predictions,
        "right": case.truth is None or result.predictions[0].name == case.truth,
        "seconds": [round(t / recording.frame_rate_hz, 2) for t in explanation.times],
        "panels": [
            {"name": panel.name, "note": panel.note, "images": [_embed(p) for p in panel.pictures]}
            for panel in draw_panels(recording, explanation)
        ],
        "curves": _curves(explanation),
        "curves_note": OVER_TIME if explanation.clips else WHOLE,
        "chart": _CHART_PX,
        "scores": [_best(scores) for scores in result.scores],
        "spent": result.seconds,
    }


def _embed(picture: Picture) -> str:
    """A picture as an address that holds it."""
    quality = [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY]
    _, content = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), quality)
    return "data:image/jpeg;base64," + base64.b64encode(content.tobytes()).decode("ascii")


def _curves(explanation: Explanation) -> list[dict[str, Any]]:
    """Name and SVG points of the likeliest actions' probability at each frame."""
    width, height = _CHART_PX
    across = np.linspace(0, width, len(explanation.times)) if len(explanation.times) > 1 else [0]
    curves = []
    for prediction in explanation.result.predictions[:CURVES]:
        rows = explanation.probabilities[:, explanation.classes.index(prediction.name)]
        points = " ".join(
            f"{x:.1f},{height * (1 - y):.1f}" for x, y in zip(across, rows, strict=True)
        )
        curves.append({"name": prediction.name, "points": points})
    return curves


def _best(scores: dict[str, float], most: int = 5) -> Sequence[tuple[str, float]]:
    return sorted(scores.items(), key=lambda item: item[1], reverse=True)[:most]
