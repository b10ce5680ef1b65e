"""Video files, decoded one frame at a time; safe to share by threads and forked processes."""

import os
import threading
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import UInt8

from skelflow.errors import FormatError
from skelflow.recordings.images import check_size
from skelflow.types import Color, Frames

_MISSING_AT_END = 2  # frames that a video may lack there

Bgr = UInt8[np.ndarray, "h w 3"]  # OpenCV's order of channels


class VideoFile:
    """A video file that is decoded one frame at a time; reading in order does not seek.

    Threads may share one: they take turns at its decoder. A process that was forked off has a
    decoder of its own.

    Parameters
    ----------
    path : a file OpenCV can decode.
    count : how many frames the recording has; None for the video's own number. A video that lacks
        up to two frames at the end repeats its last one (sensors drop them when they stop).
    size : (height, width) that the frames must have, or None for any.
    smaller : a reduced copy, of the same shape, will do as well.

    Raises
    ------
    FormatError
        The file is no video or of another size; while decoding: it is truncated or lacks more than
        two frames.
    """

    def __init__(
        self,
        path: Path,
        *,
        count: int | None,
        size: tuple[int, int] | None = None,
        smaller: bool = False,
    ) -> None:
        self.stored, found = _measure(path)
        if self.stored <= 0:
            raise FormatError(f"{path}: no video that can be decoded ({path.stat().st_size} bytes)")
        if not (smaller and size is not None and _is_reduced(found, size)):
            check_size(path, found, size)
        self.path, self.size = path, found
        self.count = self.stored if count is None else count
        self._decoders: dict[int, _Decoder] = {}

    def repair(self) -> str | None:
        """What is done about a length other than the recording's, in words; None = nothing."""
        if self.stored == self.count:
            return None
        found = f"{self.path.name} has {self.stored} frames, the recording {self.count}"
        if self.stored > self.count:
            return f"{found}: its end is left out"
        if self.stored + _MISSING_AT_END >= self.count:
            return f"{found}: its last is repeated"
        return f"{found}: too few, it cannot be used to the end"

    def frames(self) -> Frames[Color]:
        """All frames, decoded one at a time."""
        return Frames(self.count, self.decode)

    def decode(self, t: int) -> Color:
        """Frame t as RGB; `FormatError` when it is missing or damaged."""
        if t >= self.stored + _MISSING_AT_END:
            raise FormatError(
                f"{self.path}: frame {t + 1} is missing, the video has {self.stored} frames, "
                f"expected {self.count} as in the depth stream"
            )
        image = self._decoder().read(min(t, self.stored - 1))
        if image is None:
            raise FormatError(
                f"{self.path}: frame {t + 1} of {self.stored} cannot be decoded; "
                "the video is truncated or damaged: copy or download it again"
            )
        check_size(self.path, image.shape[:2], self.size)
        return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))

    def _decoder(self) -> "_Decoder":
        """This process's own; its parent's is kept, for closing it would wait for lost threads."""
        return self._decoders.setdefault(os.getpid(), _Decoder(self.path))


class _Decoder:
    """One place in a video file, opened when the first frame is read."""

    def __init__(self, path: Path) -> None:
        self._path, self._lock = path, threading.Lock()
        self._capture: cv2.VideoCapture | None = None
        self._last: Bgr | None = None  # a video that ends early repeats it
        self._next = 0

    def read(self, t: int) -> Bgr | None:
        """Frame t; None when it cannot be decoded."""
        with self._lock:
            if self._last is None or t != self._next - 1:
                self._last = self._decode(t)
            return self._last

    def _decode(self, t: int) -> Bgr | None:
        if self._capture is None:
            self._capture, self._next = cv2.VideoCapture(str(self._path)), 0
        if t != self._next:
            self._capture.set(cv2.CAP_PROP_POS_FRAMES, t)
        found, image = self._capture.read()
        if not found:
            self._capture = None
            return None
        self._next = t + 1
        return np.asarray(image)


def _measure(path: Path) -> tuple[int, tuple[int, int]]:
    """How many frames a video has, 0 when it is none, and their (height, width)."""
    capture = cv2.VideoCapture(str(path))
    count = int(capture.get(cv2.CAP_PROP_FRAME_COUNT)) if capture.isOpened() else 0
    edges = (cv2.CAP_PROP_FRAME_HEIGHT, cv2.CAP_PROP_FRAME_WIDTH)
    height, width = (int(capture.get(edge)) for edge in edges)
    capture.release()
    return count, (height, width)


def _is_reduced(found: tuple[int, int], size: tuple[int, int]) -> bool:
    """Whether an image was reduced: as wide as its height makes it, to a pixel."""
    return found[0] <= size[0] and abs(found[1] - found[0] * size[1] / size[0]) <= 1
