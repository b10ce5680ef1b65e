"""Frame pairs of a recording as input of the flow solver: depth and intensity."""

from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np

from skelflow.camera.depth_units import check_meters
from skelflow.camera.register import gray, register_color
from skelflow.errors import DataError
from skelflow.flow.api import scene_flow
from skelflow.types import Camera, Color, Depth, Flow, Intensity, Recording
from skelflow.wording import counted


class RgbdFrame(NamedTuple):
    """One frame as the solver takes it: gray 0..255 or nothing, and depth in meters."""

    intensity: Intensity | None
    depth: Depth


class PairReader:
    """Reads the pairs (t, t + 1) of a recording; a frame that two pairs share is decoded once.

    `read` raises `DataError` for depth that is not in meters, with the frame's number.

    Parameters
    ----------
    recording : at least two frames.
    source : "infrared", "color" or "none", see `intensity_source`.

    Raises
    ------
    DataError
        Fewer than two frames, or no or too short an intensity stream.
    """

    def __init__(self, recording: Recording, source: str) -> None:
        check_pairs(recording, source)
        self.recording, self.source = recording, source
        self._last: tuple[int, RgbdFrame] | None = None

    def read(self, t: int) -> tuple[RgbdFrame, RgbdFrame]:
        """Frames t and t + 1."""
        return self._frame(t), self._frame(t + 1)

    def _frame(self, t: int) -> RgbdFrame:
        last = self._last
        if last is None or last[0] != t:
            depth = self.recording.depth[t]
            check_meters(f"{self.recording.path}: depth of frame {t}", depth)
            frame = RgbdFrame(read_intensity(self.recording, t, depth, self.source), depth)
            self._last = last = t, frame
        return last[1]


def check_pairs(recording: Recording, source: str) -> None:
    """Refuse, with `DataError`, a recording without depth, a pair or its intensity."""
    if not recording.has_depth:
        raise DataError(
            f"{recording.path}: no depth images, and flow needs them; networks that read skeletons "
            "alone, such as gcn, do without"
        )
    check_motion(recording, "flow")
    if source == "none":
        return
    count = len(recording)
    stream = recording.infrared if source == "infrared" else recording.color
    if stream is None or len(stream) < count:
        found = "none" if stream is None else f"{len(stream)}"
        raise DataError(
            f"{recording.path}: {found} {source} frames, {counted(count, 'depth frame')}"
        )


def check_motion(recording: Recording, what: str = "an action") -> None:
    """Refuse, with `DataError`, fewer than two frames: nothing moves in them."""
    count = len(recording)
    if count < 2:
        raise DataError(f"{recording.path}: {counted(count, 'frame')}; {what} needs at least 2")


@runtime_checkable
class WithImages(Protocol):
    """What may have images beside depth: a recording, or one frame of a stream."""

    @property
    def color(self) -> object | None:
        """None without."""

    @property
    def infrared(self) -> object | None:
        """None without."""


def intensity_source(recording: WithImages, asked: str) -> str:
    """What the flow of this recording sees beside depth: "infrared", "color" or "none".

    Parameters
    ----------
    recording : whose streams are looked at, or one of its frames.
    asked : one of these three, or "auto": infrared where there is any, else color, else nothing.
    """
    return intensity_sources(recording)[0] if asked == "auto" else asked


def intensity_sources(recording: WithImages) -> tuple[str, ...]:
    """What the flow of this recording may see beside depth, the best first; "none" is the last."""
    there = {"infrared": recording.infrared, "color": recording.color}
    return (*(name for name, images in there.items() if images is not None), "none")


def read_intensity(recording: Recording, t: int, depth: Depth, source: str) -> Intensity | None:
    """Gray of frame t in the depth image's pixels; None where the source is "none"."""
    if source == "infrared" and recording.infrared is not None:
        return recording.infrared[t]
    if source == "color":
        color = read_color(recording, t, depth)
        return None if color is None else gray(color)
    return None


def read_color(recording: Recording, t: int, depth: Depth) -> Color | None:
    """Color of frame t in the depth image's pixels; None where there is no color."""
    if recording.color is None:
        return None
    color = recording.color[t]
    if recording.color_projection is None:
        return color
    return register_color(color, depth, recording.camera, recording.color_projection)


def pair_flow(
    first: RgbdFrame, second: RgbdFrame, *, camera: Camera, preset: str, threads: int = 1
) -> Flow:
    """Flow between two frames, meters; no motion where either has no depth at all."""
    if not (first.depth.any() and second.depth.any()):
        return np.zeros((*first.depth.shape, 3), np.float32)
    return scene_flow(
        first.depth,
        second.depth,
        camera,
        intensity=(first.intensity, second.intensity),
        preset=preset,
        threads=threads,
    )
