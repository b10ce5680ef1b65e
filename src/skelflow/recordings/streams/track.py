"""One track of a media file, decoded by PyAV: exact frames by number, several tracks a file."""

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Shaped

from skelflow.errors import FormatError
from skelflow.extras import require
from skelflow.io.bounds import STREAM
from skelflow.io.files import library_path
from skelflow.recordings.streams.jpeg import is_jpeg_damaged

if TYPE_CHECKING:
    from av.container import InputContainer

_NEAR = 30  # frames that are decoded on the way rather than sought

Image = Shaped[np.ndarray, "..."]


@dataclass(frozen=True)
class Track:
    """What a file says of one of its tracks.

    Parameters
    ----------
    index : in the file.
    title, metadata : as written by whoever made it.
    width, height : pixels.
    pixel_format : FFmpeg's name.
    ticks : presentation time of each frame, in `tick_s`, rising.
    tick_s : seconds.
    """

    index: int
    title: str
    metadata: dict[str, str]
    width: int
    height: int
    pixel_format: str
    ticks: tuple[int, ...]
    tick_s: float

    @property
    def times_s(self) -> Shaped[np.ndarray, " frames"]:
        """Presentation times, seconds."""
        return np.array(self.ticks, np.float64) * self.tick_s


@dataclass(frozen=True)
class MediaFile:
    """Tracks and attachments of a media file."""

    path: Path
    metadata: dict[str, str]
    tracks: tuple[Track, ...]
    attachments: dict[str, bytes]


def read_media(path: Path) -> MediaFile:
    """List a file's video tracks with the times of all frames; nothing is decoded.

    Raises
    ------
    FormatError
        The file is missing, or nothing FFmpeg reads.
    MissingExtraError
        PyAV is not installed.
    """
    with open_media(path) as file:
        ticks: dict[int, list[int]] = {stream.index: [] for stream in file.streams.video}
        for packet in file.demux(*file.streams.video):
            if packet.pts is not None:
                ticks[packet.stream.index].append(packet.pts)
        tracks = tuple(
            Track(
                index=stream.index,
                title=stream.metadata.get("title", ""),
                metadata=dict(stream.metadata),
                width=stream.width,
                height=stream.height,
                pixel_format=stream.pix_fmt or "",
                ticks=tuple(sorted(ticks[stream.index])),
                tick_s=float(stream.time_base or 0),
            )
            for stream in file.streams.video
        )
        attached = {stream.name or "": bytes(stream.data) for stream in file.streams.attachments}
        return MediaFile(path, dict(file.metadata), tracks, attached)


@contextmanager
def open_media(path: Path) -> "Iterator[InputContainer]":
    """A media file while the block runs; what FFmpeg says against it becomes `FormatError`."""
    require("av")
    import av

    try:
        with av.open(f"file:{library_path(path, bound=STREAM)}") as file:
            yield file
    except (av.FFmpegError, OSError, ValueError) as error:
        raise FormatError(
            f"{path}: no media file that can be read ({error}): copy or download it again"
        ) from error


class TrackReader:
    """Decodes a track one frame at a time; reading in order does not seek.

    Threads may share one: they take turns. A process that was forked off opens the file anew.

    Parameters
    ----------
    path : of the file.
    track : one of its tracks.
    pixel_format : what frames are turned into, by FFmpeg's name; None = as they are stored.
    """

    def __init__(self, path: Path, track: Track, *, pixel_format: str | None = None) -> None:
        self.path, self.track, self.pixel_format = path, track, pixel_format
        self._decoders: dict[int, _Decoder] = {}

    def __len__(self) -> int:
        return len(self.track.ticks)

    def read(self, t: int) -> Image:
        """Frame t; `FormatError` when it cannot be decoded."""
        decoder = self._decoders.setdefault(os.getpid(), _Decoder(self))
        frame = decoder.read(t)
        if frame is None:
            raise FormatError(
                f"{self.path}: frame {t + 1} of {len(self)} of track {self.track.title!r} "
                "cannot be decoded; the file is truncated or damaged: copy or download it again"
            )
        return frame


class _Decoder:
    """One place in a file, opened when the first frame is read."""

    def __init__(self, reader: TrackReader) -> None:
        self._reader, self._lock = reader, threading.Lock()
        self._file: Any = None
        self._frames: Iterator[tuple[Any, Any]] = iter(())
        self._next = 0
        self._last: tuple[int, Image] | None = None

    def read(self, t: int) -> Image | None:
        with self._lock:
            if self._last is None or self._last[0] != t:
                found = self._decode(t)
                self._last = None if found is None else (t, found)
            return None if self._last is None else self._last[1]

    def _decode(self, t: int) -> Image | None:
        import av

        try:
            if self._file is None:
                self._restart()
            if not self._next <= t <= self._next + _NEAR:
                self._seek(t)
            found = self._forward(t)
            if found is None:  # an index that leads too far
                self._restart()
                found = self._forward(t)
        except (av.FFmpegError, OSError, ValueError):
            found = None
        if found is None:
            self._file = None  # the next frame begins anew
        return found

    def _restart(self) -> None:
        import av

        self._file, self._next = av.open(f"file:{library_path(self._reader.path, bound=STREAM)}"), 0
        self._frames = _decoded(self._file, self._file.streams[self._reader.track.index])

    def _seek(self, t: int) -> None:
        stream = self._file.streams[self._reader.track.index]
        self._file.seek(self._reader.track.ticks[t], stream=stream)
        self._frames = _decoded(self._file, stream)

    def _forward(self, t: int) -> Image | None:
        """Frame t, from here on; None when it is not ahead."""
        tick = self._reader.track.ticks[t]
        for frame, packet in self._frames:
            if frame.pts is not None and frame.pts >= tick:
                self._next = t + 1
                whole = frame.pts == tick and not _is_damaged(frame, packet)
                return self._image(frame) if whole else None
        return None

    def _image(self, frame: Any) -> Image:
        wanted = self._reader.pixel_format
        image = frame.to_ndarray() if wanted is None else frame.to_ndarray(format=wanted)
        return np.ascontiguousarray(image)


def _decoded(file: Any, stream: Any) -> Iterator[tuple[Any, Any]]:
    """Each frame of a stream with the packet that it came out of."""
    for packet in file.demux(stream):
        for frame in packet.decode():
            yield frame, packet


def _is_damaged(frame: Any, packet: Any) -> bool:
    """Whether the decoder conceals something; of Motion JPEG its packet tells, of others little."""
    if packet.stream.codec_context.name != "mjpeg" or packet.pts != frame.pts:
        return bool(frame.is_corrupt)
    return is_jpeg_damaged(bytes(packet), needs_end=False)


def find_track(media: MediaFile, titles: Sequence[str]) -> Track | None:
    """The first track with one of these titles that has frames."""
    return next((one for one in media.tracks if one.title in titles and one.ticks), None)
