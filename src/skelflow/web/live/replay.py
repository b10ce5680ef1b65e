"""The process that replays a recording as a camera would give it, and says what it sees."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from multiprocessing.connection import Connection
from typing import Any

import cv2
import numpy as np
from jaxtyping import UInt8

from skelflow.datasets.prepare.adapt import at_rate
from skelflow.errors import DataError, SkelflowError
from skelflow.inference import Recognizer
from skelflow.inference.stream import StreamFrame, StreamSource, frames_of, replay
from skelflow.recordings import open_recording
from skelflow.types import Recording
from skelflow.viz.paint import Painter
from skelflow.web.worker import Task, bound, find_recording, without_paths
from skelflow.wording import counted

IMAGE, FLOW = 0, 1  # first byte of a picture's message; that of text is TEXT
TEXT = 2

_SHOW_EVERY = 3  # frames
_WIDTH_PX = 320
_JPEG_QUALITY = 80
_TOP = 5


def run_live(task: Task, pipe: Connection) -> None:
    """Replay until the recording ends; whoever reads slowly makes frames drop, which is counted."""
    try:
        bound(task.limits)
        _replay(task, pipe)
    except (BrokenPipeError, EOFError):
        return  # nobody looks any longer
    except SkelflowError as error:
        _tell(pipe, failed=without_paths(str(error), task))
    except MemoryError:
        _tell(pipe, failed="the recording needs more memory than a recording may")
    except Exception:  # what a damaged file does to a decoder is not foreseen
        _tell(pipe, failed="the recording cannot be read; it is damaged, or of a kind unknown here")


def _replay(task: Task, pipe: Connection) -> None:
    recognizer = Recognizer.load(task.weights)
    recording = open_recording(find_recording(task)[0])
    if len(recording) > task.limits.frames:
        raise DataError(
            f"{recording.name}: {counted(len(recording), 'frame')}, expected at most "
            f"{task.limits.frames}"
        )
    recording = at_rate(recording, recognizer.checkpoint.frame_rate_hz)
    recognizer.warm_up(frames_of(recording), StreamSource.of(recording))
    _tell(
        pipe,
        begins={
            "recording": recording.name,
            "seconds": len(recording) / recording.frame_rate_hz,
            "rate_hz": recording.frame_rate_hz,
        },
    )
    frames, dropped = 0, 0
    for answer in recognizer.stream(
        _shown(recording, pipe),
        StreamSource.of(recording),
        top=_TOP,
        on_flow=lambda flow: _show(pipe, FLOW, flow),
    ):
        frames, dropped = answer.frames, answer.dropped
        _tell(pipe, answer=asdict(answer))
    _tell(pipe, finished={"frames": frames, "dropped": dropped})


def _shown(recording: Recording, pipe: Connection) -> Iterator[StreamFrame]:
    """The frames as they come; every third is shown as well."""
    painter = Painter(recording, tuple(range(len(recording)))) if recording.has_depth else None
    for number, frame in enumerate(replay(recording)):
        if painter is not None and number % _SHOW_EVERY == 0:
            _show(pipe, IMAGE, painter.paint(frame.t))
        yield frame


def _show(pipe: Connection, view: int, picture: UInt8[np.ndarray, "h w 3"]) -> None:
    height, width = picture.shape[:2]
    if width > _WIDTH_PX:
        size = _WIDTH_PX, round(height * _WIDTH_PX / width)
        picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
    quality = [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY]
    _, content = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), quality)
    pipe.send_bytes(bytes([view]) + content.tobytes())


def _tell(pipe: Connection, **values: Any) -> None:
    pipe.send_bytes(bytes([TEXT]) + json.dumps(values).encode())
