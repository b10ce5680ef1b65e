"""A film of a recording beside its colored flow, with the time and what the colors mean."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import chain
from math import ceil
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import UInt8

from skelflow.datasets.flow_files.folder import FlowFolder
from skelflow.datasets.flow_files.format import read_flow
from skelflow.errors import DataError
from skelflow.io.atomic import atomic_write
from skelflow.io.files import absolute_text
from skelflow.types import Color, Recording
from skelflow.viz.paint import AXES, Painter, axis_bar, paint_flow, save_png
from skelflow.viz.render.encode import save_mp4

CODEC = "mp4v"  # every build of OpenCV with FFmpeg has it; browsers do not play it

Progress = Callable[[int, int, str], None]  # frames drawn, of how many, the last one's name

_PANEL_PX = (480, 960)  # a panel is enlarged to at least this width, reduced to at most that
_GAP_PX, _FOOTER_PX, _BAR_PX = 4, 40, 84
_PAPER, _INK = 16, (225, 225, 225)
_FONT, _FONT_SIZE = cv2.FONT_HERSHEY_SIMPLEX, 0.45


@dataclass(frozen=True)
class Film:
    """What `save_film` made.

    Parameters
    ----------
    path : the video; or, where no encoder is there, the folder of PNG frames.
    is_video : which of the two.
    """

    path: Path
    is_video: bool


def save_film(
    recording: Recording,
    folder: FlowFolder,
    range_m: float,
    *,
    codec: str | None = None,
    progress: Progress = lambda *_: None,
) -> Film:
    """Draw all pairs of a folder into `flow.mp4`, or `frames/` when it cannot be encoded.

    Parameters
    ----------
    recording : what the flow is of.
    folder : its flow files; the film goes beside them, whole or not at all.
    range_m : motion of full color, meters.
    codec : four letters, as OpenCV names it; None = H.264, where PyAV is there, which every
        browser plays, else MPEG-4.
    progress : called after each frame.

    Raises
    ------
    DataError
        The film cannot be written.
    """
    painter, times = Painter(recording, folder.times), folder.times
    rate_hz = min(max(recording.frame_rate_hz / folder.settings["stride"], 1.0), 60.0)

    def images() -> Iterator[Color]:
        for number, t in enumerate(times, start=1):
            yield draw_frame(painter, folder, t, range_m)
            progress(number, len(times), f"frame {t}")

    try:
        if codec is None and _has_h264():
            save_mp4(images(), folder.path / "flow.mp4", rate_hz)
        else:
            _encode(folder.path / "flow.mp4", images(), rate_hz, codec or CODEC)
    except _NoEncoderError:
        return Film(_save_images(folder, images()), False)
    return Film(folder.path / "flow.mp4", True)


def draw_frame(painter: Painter, folder: FlowFolder, t: int, range_m: float) -> Color:
    """Picture, flow, and a line below them: the time, and what the colors mean."""
    stored = read_flow(folder.file(t))
    left = fit_panel(painter.paint(t))
    right = fit_panel(paint_flow(stored.flow_m, stored.seen, range_m))
    height, width = left.shape[:2]
    page = np.full((height + _FOOTER_PX, 2 * width + _GAP_PX, 3), _PAPER, np.uint8)
    page[:height, :width], page[:height, width + _GAP_PX :] = left, right
    seconds = t / painter.recording.frame_rate_hz
    _write(page, f"{seconds:.2f} s   frame {t}", 8, height + 26)
    _draw_legend(page, range_m, height)
    even = page.shape[0] // 2 * 2, page.shape[1] // 2 * 2  # what encoders want
    return page[: even[0], : even[1]]


def fit_panel(image: Color) -> UInt8[np.ndarray, "panel_h panel_w 3"]:
    """Enlarged by a whole factor, or reduced, to a width that is good to look at."""
    height, width = image.shape[:2]
    smallest, largest = _PANEL_PX
    factor = ceil(smallest / width) if width <= largest else largest / width
    size = round(width * factor), round(height * factor)
    way = cv2.INTER_NEAREST if factor >= 1 else cv2.INTER_AREA
    return np.asarray(cv2.resize(image, size, interpolation=way), np.uint8)


def _draw_legend(page: Color, range_m: float, top: int) -> None:
    """Three bars at the right end of the footer, each named at both ends."""
    x = page.shape[1] - 8
    for axis, (low, high) in reversed(list(enumerate(AXES))):
        x -= _text_px(high)
        _write(page, high, x, top + 26)
        x -= _BAR_PX + 6
        page[top + 12 : top + 30, x : x + _BAR_PX] = axis_bar(axis, _BAR_PX, 18)
        x -= _text_px(low) + 6
        _write(page, low, x, top + 26)
        x -= 18
    text = f"full color {1000 * range_m:g} mm a frame"
    _write(page, text, x - _text_px(text), top + 26)


def _write(page: Color, text: str, x: int, y: int) -> None:
    cv2.putText(page, text, (x, y), _FONT, _FONT_SIZE, _INK, 1, cv2.LINE_AA)


def _text_px(text: str) -> int:
    return int(cv2.getTextSize(text, _FONT, _FONT_SIZE, 1)[0][0])


def _has_h264() -> bool:
    if find_spec("av") is None:
        return False
    from av.codec import codecs_available

    return "libx264" in codecs_available


class _NoEncoderError(Exception):
    """OpenCV was built without this codec."""


def _encode(path: Path, images: Iterator[Color], rate_hz: float, codec: str) -> None:
    first = next(images)
    with atomic_write(path) as aside:
        code = cv2.VideoWriter.fourcc(*codec)
        place = absolute_text(aside, refusal=DataError)
        writer = cv2.VideoWriter(place, code, rate_hz, first.shape[1::-1])
        try:
            if not writer.isOpened():
                raise _NoEncoderError
            for image in chain([first], images):
                writer.write(cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
        finally:
            writer.release()


def _save_images(folder: FlowFolder, images: Iterator[Color]) -> Path:
    place = folder.path / "frames"
    place.mkdir(exist_ok=True)
    for t, image in zip(folder.times, images, strict=True):
        save_png(place / f"{t:06d}.png", image)
    return place
