"""Videos read by many threads and by a forked process: the same frames as one after the other."""

import hashlib
import multiprocessing
import warnings
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import pytest

from skelflow.errors import FormatError
from skelflow.recordings.video import VideoFile
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
