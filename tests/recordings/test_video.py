"""Videos read by many threads and by a forked process: the same frames as one after the other."""

import hashlib
import multiprocessing
import warnings
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from multiprocessing.connection import Connection
from pathlib import Path

import av
import numpy as np
import pytest

from skelflow.errors import FormatError
from skelflow.recordings.streams.video import VideoFile
from tests.tiny_ntu import write_video

COUNT = 12
ORDER = [int(t) for t in np.random.default_rng(0).integers(0, COUNT, 100)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_video(tmp_path / "color.avi", COUNT, (320, 240))


def digest(video: VideoFile, t: int) -> str:
    return hashlib.sha256(video.decode(t).tobytes()).hexdigest()


def read_serially(path: Path) -> list[str]:
    video = VideoFile(path, count=None)
    return [digest(video, t) for t in ORDER]


def read_by_threads(video: VideoFile) -> list[str]:
    with ThreadPoolExecutor(8) as threads:
        return list(threads.map(lambda t: digest(video, t), ORDER))


def send_frames(video: VideoFile, sender: Connection) -> None:
    sender.send(read_by_threads(video))


def test_threads_read_the_same_frames_as_one_after_the_other(path: Path) -> None:
    assert read_by_threads(VideoFile(path, count=None)) == read_serially(path)


def test_a_forked_process_reads_the_same_frames_while_its_parent_reads_on(path: Path) -> None:
    video = VideoFile(path, count=None)
    video.decode(3)  # the parent's decoder is open when the process is forked off
    receiver, sender = multiprocessing.Pipe(duplex=False)
    child = multiprocessing.get_context("fork").Process(target=send_frames, args=(video, sender))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # forking beside threads is the point
        child.start()
    assert read_by_threads(video) == read_serially(path)
    assert receiver.poll(60)
    assert receiver.recv() == read_serially(path)
    child.join()
    assert child.exitcode == 0


def test_a_frame_that_was_overwritten_is_refused_and_the_others_are_read(path: Path) -> None:
    whole = [digest(VideoFile(path, count=None), t) for t in range(COUNT)]
    content = bytearray(path.read_bytes())
    at = -1
    for _ in range(6):  # the sixth frame's chunk
        at = content.index(b"00dc", at + 1)
    content[at + 1000 : at + 1010] = b"\xff\x12" * 5
    path.write_bytes(content)
    video = VideoFile(path, count=None)
    for t in range(COUNT):
        if t == 5:
            with pytest.raises(FormatError, match=r"color\.avi: frame 6 of 12 cannot be decoded"):
                video.decode(t)
        else:
            assert digest(video, t) == whole[t]


def write_gray(
    path: Path, codec: str, times: list[int], *, rate: int = 30, between: int = 0
) -> Path:
    """A video whose frame of time t is of gray 10 t; a time that is left out was dropped."""
    with av.open(f"file:{path}", "w") as container:
        stream = container.add_stream(codec, rate=rate)
        stream.width, stream.height, stream.bit_rate = 320, 240, 4_000_000
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        stream.codec_context.max_b_frames = between
        for t in times:
            frame = av.VideoFrame.from_ndarray(np.full((240, 320, 3), 10 * t, np.uint8), "rgb24")
            frame.pts, frame.time_base = t, Fraction(1, rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def times_read(video: VideoFile, asked: Iterable[int]) -> list[int]:
    return [round(float(video.decode(t).mean()) / 10) for t in asked]


def test_a_faster_video_is_read_by_time(tmp_path: Path) -> None:
    path = write_gray(tmp_path / "c.avi", "mjpeg", list(range(24)), rate=60)
    video = VideoFile(path, count=12, frame_rate_hz=30.0)
    assert times_read(video, range(12)) == list(range(0, 24, 2))
    assert video.repair() == "c.avi has 60 frames a second: they are taken by time"


def test_frames_between_others_are_read_in_the_order_they_are_shown(tmp_path: Path) -> None:
    path = write_gray(tmp_path / "c.avi", "mpeg1video", list(range(20)), between=2)
    asked = [0, 1, 3, 4, 6, 7, 5, 12, 13, 2]
    assert times_read(VideoFile(path, count=20, frame_rate_hz=30.0), asked) == asked


def test_frames_after_a_dropped_one_keep_their_time(tmp_path: Path) -> None:
    path = write_gray(tmp_path / "c.avi", "mjpeg", [0, 1, 2, 3, 4, 7, 8, 9])
    video = VideoFile(path, count=10, frame_rate_hz=30.0)
    with pytest.raises(FormatError, match=r"frame 6 of 10 cannot be decoded; it was dropped"):
        video.decode(5)
    assert times_read(video, (0, 4, 7, 8, 9)) == [0, 4, 7, 8, 9]
