"""Video files, decoded one frame at a time; safe to share by threads and forked processes."""

import os
import threading
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import UInt8

from skelflow.errors import FormatError
from skelflow.io.bounds import STREAM
from skelflow.io.files import check_file, library_path
from skelflow.recordings.streams.image_headers import check_pixels
from skelflow.recordings.streams.images import check_size
from skelflow.recordings.streams.jpeg import is_jpeg_damaged
from skelflow.types import Color, Frames
from skelflow.wording import counted

_MOTION_JPEG = cv2.VideoWriter.fourcc(*"MJPG")
_ALIKE = 2  # frames by which numbers may differ for a video to be of a rate

Bgr = UInt8[np.ndarray, "h w 3"]  # OpenCV's order of channels


class VideoFile:
    """A video file that is decoded one frame at a time; reading in order does not seek.

    Threads may share one: they take turns at its decoder. A process that was forked off has a
    decoder of its own.

    Parameters
    ----------
    path : a file OpenCV can decode.
    count : how many frames the recording has; None for the video's own number. Of a video with
        another number nothing says which of its frames belong together with which of the
        recording's: see `fits`.
    size : (height, width) that the frames must have, or None for any.
    smaller : a reduced copy, of the same shape, will do as well; one of another shape is squashed
        or cut, which nothing tells, so that it does not fit.
    frame_rate_hz : of the recording. A video of another rate that is as long in seconds is read by
        time; None = frame by frame.

    Raises
    ------
    FormatError
        The file is no video, of another size, or larger than is read; while decoding: it is
        truncated or lacks a frame.
    """

    def __init__(
        self,
        path: Path,
        *,
        count: int | None,
        size: tuple[int, int] | None = None,
        smaller: bool = False,
        frame_rate_hz: float | None = None,
    ) -> None:
        self._in_file, self._file_hz, found = _measure(path)
        self._faster = self._how_much_faster(count, frame_rate_hz)
        self.stored = round(self._in_file / self._faster)
        if self.stored <= 0:
            raise FormatError(f"{path}: no video that can be decoded ({check_file(path)} bytes)")
        check_pixels(path, found[1], found[0])
        is_within = size is not None and max(np.subtract(found, size)) <= 0
        if not (smaller and is_within):
            check_size(path, found, size)
        self.path, self.size = path, found
        self.is_squashed = size is not None and found != size and not _is_reduced(found, size)
        self.count = self.stored if count is None else count
        self._decoders: dict[int, _Decoder] = {}

    def _how_much_faster(self, count: int | None, frame_rate_hz: float | None) -> float:
        """Frames of the file for each of the recording's; 1 where numbers or rates agree."""
        if count is None or not frame_rate_hz or not self._file_hz:
            return 1.0
        ratio = self._file_hz / frame_rate_hz
        by_number = abs(self._in_file - count) <= _ALIKE
        by_time = abs(self._in_file / ratio - count) <= _ALIKE
        return ratio if by_time and not by_number else 1.0

    @property
    def fits(self) -> bool:
        """Whether it has the recording's shape and as many frames, by number or by time."""
        return self.stored == self.count and not self.is_squashed

    def repair(self) -> str | None:
        """What is done about frames that are not the recording's, in words; None = nothing."""
        if self.is_squashed:
            return (
                f"{self.path.name} has {self.size[1]}x{self.size[0]} pixels, no reduced copy of "
                "what was recorded: squashed or cut, which nothing tells: the video is left out"
            )
        if not self.fits:
            return (
                f"{self.path.name} has {counted(self.stored, 'frame')}, the recording "
                f"{self.count}, and nothing says which belong together: the video is left out"
            )
        if self._faster != 1:
            return f"{self.path.name} has {self._file_hz:g} frames a second: they are taken by time"
        return None

    def frames(self) -> Frames[Color]:
        """All frames, decoded one at a time."""
        return Frames(self.count, self.decode)

    def decode(self, t: int) -> Color:
        """Frame t as RGB; `FormatError` when it is missing or damaged."""
        if t >= self.stored:
            raise FormatError(
                f"{self.path}: frame {t + 1} is missing, the video has "
                f"{counted(self.stored, 'frame')}, expected {self.count} as in the depth stream"
            )
        place = round(t * self._faster)
        image = self._decoder().read(place)
        if image is None:
            raise FormatError(
                f"{self.path}: frame {t + 1} of {self.stored} cannot be decoded; it was dropped in "
                "recording, or the video is truncated or damaged: copy or download it again"
            )
        check_size(self.path, image.shape[:2], self.size)
        return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))

    def _decoder(self) -> "_Decoder":
        """This process's own; its parent's is kept, for closing it would wait for lost threads."""
        return self._decoders.setdefault(os.getpid(), _Decoder(self.path, self._in_file))


class _Decoder:
    """One place in a video file, opened when the first frame is read.

    It never seeks: with frames that refer to later ones, decoders land beside what was asked for.
    """

    def __init__(self, path: Path, stored: int) -> None:
        self._path, self._stored, self._lock = path, stored, threading.Lock()
        self._capture: cv2.VideoCapture | None = None
        self._last: Bgr | None = None
        self._at, self._next = -1, 0  # place of the last frame, number of the next one in the file
        self._has_gaps: bool | None = None
        self._packets = _Packets(path)

    def read(self, place: int) -> Bgr | None:
        """The frame at a place in time; None when it cannot be decoded, or was never stored."""
        with self._lock:
            if self._last is None or place != self._at:
                self._last = self._decode(place)
            return self._last

    def _decode(self, place: int) -> Bgr | None:
        if self._capture is None or place <= self._at:
            self._capture, self._at, self._next = _open(self._path), -1, 0
        while self._at < place:
            if not self._capture.grab():
                self._capture = None
                return None
            self._at = self._place(self._capture)
            self._next += 1
        found, image = self._capture.retrieve()
        whole = found and self._at == place and not self._packets.is_damaged(self._next - 1)
        return np.asarray(image) if whole else None

    def _place(self, capture: cv2.VideoCapture) -> int:
        """Where in time the frame just decoded belongs: its number, and the gaps before it."""
        rate_hz = capture.get(cv2.CAP_PROP_FPS)
        stamped = round(capture.get(cv2.CAP_PROP_POS_MSEC) * rate_hz / 1000)
        if stamped <= self._next or self._has_gaps is False:
            return self._next
        if self._has_gaps is None:  # else the stamps are of the decoder's order, not of the frames
            self._has_gaps = _count_frames(self._path) < self._stored
        return stamped if self._has_gaps else self._next


class _Packets:
    """The coded frames of a Motion JPEG video, read in step: its decoder conceals damage."""

    def __init__(self, path: Path) -> None:
        self._path, self._next = path, 0
        self._capture: cv2.VideoCapture | None = None

    def is_damaged(self, number: int) -> bool:
        """Whether a frame was overwritten; False for videos of other kinds, which do not tell."""
        if self._capture is None or number < self._next:
            self._capture, self._next = _open(self._path), 0
            if int(self._capture.get(cv2.CAP_PROP_FOURCC)) == _MOTION_JPEG:
                self._capture.set(cv2.CAP_PROP_FORMAT, -1)  # packets, not images
            else:
                self._capture.release()
        content = None
        while self._capture.isOpened() and self._next <= number:
            _, content = self._capture.read()
            self._next += 1
        return content is not None and is_jpeg_damaged(content.tobytes(), needs_end=False)


def _open(path: Path) -> cv2.VideoCapture:
    """By an absolute path: a relative one may read like an address on the network."""
    return cv2.VideoCapture(library_path(path, bound=STREAM))


def _count_frames(path: Path) -> int:
    """Frames that a video really has; its header also counts those that were dropped."""
    capture, count = _open(path), 0
    while capture.grab():
        count += 1
    capture.release()
    return count


def _measure(path: Path) -> tuple[int, float, tuple[int, int]]:
    """Frames that a video has, 0 when it is none, frames a second, and (height, width)."""
    capture = _open(path)
    count = int(capture.get(cv2.CAP_PROP_FRAME_COUNT)) if capture.isOpened() else 0
    edges = (cv2.CAP_PROP_FRAME_HEIGHT, cv2.CAP_PROP_FRAME_WIDTH)
    height, width = (int(capture.get(edge)) for edge in edges)
    rate_hz = float(capture.get(cv2.CAP_PROP_FPS))
    capture.release()
    return count, rate_hz, (height, width)


def _is_reduced(found: tuple[int, int], size: tuple[int, int]) -> bool:
    """Whether an image was reduced: as wide as its height makes it, to a pixel."""
    return found[0] <= size[0] and abs(found[1] - found[0] * size[1] / size[0]) <= 1
