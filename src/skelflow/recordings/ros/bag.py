"""A ROS bag: its image topics, the times of their messages, and each message by number."""

import os
import re
import threading
import weakref
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float64

from skelflow.errors import FormatError
from skelflow.extras import require
from skelflow.io.bounds import STREAM
from skelflow.io.files import absolute_text, check_file, is_folder, library_path
from skelflow.recordings.ros.images import image_kind, stamp_s

REALSENSE_STREAM = re.compile(r"/device_\d+/sensor_\d+/[^/]+")

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_IMAGES = ("sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage")


@dataclass(frozen=True)
class Topic:
    """A topic of images.

    Parameters
    ----------
    name : of the topic.
    message_type : of its messages; publishers that differ in it make topics of their own.
    kind : "depth", "color" or "gray", see `image_kind`.
    frame : where the camera stands, by name.
    received : when each message was recorded, nanoseconds, and how many were at that time before
        it, which is what it is found by.
    times_s : of each message's header, or when it was recorded where that has none.
    """

    name: str
    message_type: str
    kind: str
    frame: str
    received: tuple[tuple[int, int], ...]
    times_s: Float64[np.ndarray, " messages"]


@contextmanager
def open_bag(path: Path) -> Iterator[Any]:
    """A rosbags reader while the block runs; what it says against a bag becomes `FormatError`."""
    with _refused(path), _find_reader(path) as reader:
        yield reader


def _find_reader(path: Path) -> Any:
    """The reader of a bag, not open yet."""
    from rosbags.highlevel import AnyReader
    from rosbags.typesys import Stores, get_typestore

    store = get_typestore(Stores.ROS2_HUMBLE)  # for bags that do not define their types
    return AnyReader([Path(_checked(path))], default_typestore=store)


def _checked(path: Path) -> str:
    """The absolute path of a bag whose files are all regular."""
    if not is_folder(path):
        return library_path(path, bound=STREAM)
    for file in path.iterdir():
        if not is_folder(file):
            check_file(file, bound=STREAM)
    return absolute_text(path)


@contextmanager
def _refused(path: Path) -> Iterator[None]:
    """Turn what rosbags says of a bag into `FormatError`."""
    require("rosbags")
    from rosbags.highlevel import AnyReaderError
    from rosbags.rosbag1 import ReaderError as ReaderError1
    from rosbags.rosbag2 import ReaderError as ReaderError2

    try:
        yield
    except (AnyReaderError, ReaderError1, ReaderError2) as error:
        raise FormatError(f"{path}: no ROS bag that can be read ({error})") from error
    except (OSError, ValueError, KeyError, IndexError, AssertionError, EOFError) as error:
        raise FormatError(
            f"{path}: a damaged ROS bag ({type(error).__name__}: {error}): copy it again"
        ) from error


def image_topics(bag: Any) -> list[Topic]:
    """Every topic of images with at least one message; messages are not decoded but the first.

    All publishers of a topic count: a camera's program that was started again is another one.
    """
    named = dict.fromkeys((one.topic, one.msgtype) for one in bag.connections)
    found = [_image_topic(bag, name, kind) for name, kind in named if kind in _IMAGES]
    return [topic for topic in found if topic is not None]


def _image_topic(bag: Any, name: str, message_type: str) -> Topic | None:
    """A topic by its messages; None where there are none, or no images that are read."""
    received: list[tuple[int, int]] = []
    stamps: list[float] = []
    first, times = None, Counter[int]()
    for _, time_ns, raw in bag.messages(connections=_connections(bag, name, message_type)):
        first = bag.deserialize(raw, message_type) if first is None else first
        received.append((time_ns, times[time_ns]))
        times[time_ns] += 1
        stamps.append(stamp_s(raw, is_ros1=not bag.is2) or 1e-9 * time_ns)
    if first is None or not (kind := image_kind(first)):
        return None
    stamps = _sensor_times_s(bag, name, len(stamps)) or stamps
    order = np.argsort(stamps, kind="stable")
    return Topic(
        name=name,
        message_type=message_type,
        kind=kind,
        frame=_frame(name, str(first.header.frame_id)),
        received=tuple(received[i] for i in order),
        times_s=np.array(stamps, np.float64)[order],
    )


def _connections(bag: Any, name: str, message_type: str) -> list[Any]:
    return [one for one in bag.connections if (one.topic, one.msgtype) == (name, message_type)]


def words(topic: str) -> list[str]:
    """The words of a topic's name in small letters.

    Examples
    --------
    >>> words("/camera/depth/image_rect_raw")
    ['camera', 'depth', 'image', 'rect', 'raw']
    """
    return [word.lower() for word in _WORDS.findall(topic)]


def _frame(topic: str, said: str) -> str:
    """Where a camera stands; RealSense's older bags call all frames "0", the stream's is meant."""
    match = REALSENSE_STREAM.match(topic)
    return match[0] if match and said == "0" else said


def _sensor_times_s(bag: Any, topic: str, count: int) -> list[float]:
    """When the sensor took each image, which RealSense keeps beside images; none where it is not.

    Its headers hold when images arrived.
    """
    beside = topic.partition("/image/data")[0] + "/image/metadata"
    connections = [one for one in bag.connections if one.topic == beside]
    if not connections or connections[0].msgtype != "std_msgs/msg/String":
        return []
    texts = [bag.deserialize(raw, one.msgtype).data for one, _, raw in bag.messages(connections)]
    found = [re.search(r"(?:^|;)timestamp=(\d+(?:\.\d+)?)", text) for text in texts]
    times_s = [0.001 * float(match[1]) for match in found if match]
    rising = len(times_s) == count and all(a < b for a, b in pairwise(times_s))
    return times_s if rising else []


def first_message(bag: Any, topic: str) -> Any | None:
    """The first message of a topic; None where there is none."""
    connections = [one for one in bag.connections if one.topic == topic]
    if not connections:
        return None
    for connection, _, raw in bag.messages(connections=connections):
        return bag.deserialize(raw, connection.msgtype)
    return None


class MessageReader:
    """Messages of a topic by number; threads take turns, forked processes open the bag anew."""

    def __init__(self, path: Path, topic: Topic) -> None:
        self.path, self.topic, self._lock = path, topic, threading.Lock()
        self._bags: dict[int, Any] = {}
        weakref.finalize(self, _close_own, self._bags)

    def __len__(self) -> int:
        return len(self.topic.received)

    def where(self, t: int) -> str:
        """The message in words."""
        return f"{self.path}, topic {self.topic.name}, message {t + 1} of {len(self)}"

    def read(self, t: int) -> Any:
        """Message t; `FormatError` when it is damaged."""
        time_ns, before = self.topic.received[t]
        with self._lock:
            bag = self._bag()
            connections = _connections(bag, self.topic.name, self.topic.message_type)
            found = bag.messages(connections=connections, start=time_ns, stop=time_ns + 1)
            try:
                connection, _, raw = next(islice(found, before, None))
                return bag.deserialize(raw, connection.msgtype)
            except Exception as error:  # of a damaged bag: rosbags, SQLite, LZ4, struct ...
                raise FormatError(f"{self.where(t)}: cannot be read ({error})") from error

    def _bag(self) -> Any:
        """This process's own, which stays open."""
        if os.getpid() not in self._bags:
            with _refused(self.path):
                bag = _find_reader(self.path)
                bag.open()
                self._bags[os.getpid()] = bag
        return self._bags[os.getpid()]


def _close_own(bags: dict[int, Any]) -> None:
    """Close what this process opened; what its parent did stays the parent's."""
    if (bag := bags.pop(os.getpid(), None)) is not None:
        bag.close()
