"""A ROS bag: its image topics, the times of their messages, and each message by number."""

import os
import re
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
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

_IMAGES = ("sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage")


@dataclass(frozen=True)
class Topic:
    """A topic of images.

    Parameters
    ----------
    name : of the topic.
    kind : "depth", "color" or "gray", see `image_kind`.
    frame : where the camera stands, by name.
    received_ns : when each message was recorded, which is what it is found by.
    times_s : of each message's header, or when it was recorded where that has none.
    """

    name: str
    kind: str
    frame: str
    received_ns: tuple[int, ...]
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
    """Every topic of images with at least one message; messages are not decoded but the first."""
    topics = []
    for connection in bag.connections:
        if connection.msgtype not in _IMAGES:
            continue
        received, stamps, first = [], [], None
        for _, time_ns, raw in bag.messages(connections=[connection]):
            first = bag.deserialize(raw, connection.msgtype) if first is None else first
            received.append(time_ns)
            stamps.append(stamp_s(raw, is_ros1=not bag.is2) or 1e-9 * time_ns)
        if first is None or not (kind := image_kind(first)):
            continue
        stamps = _sensor_times_s(bag, connection.topic, len(stamps)) or stamps
        order = np.argsort(stamps, kind="stable")
        topics.append(
            Topic(
                name=connection.topic,
                kind=kind,
                frame=_frame(connection.topic, str(first.header.frame_id)),
                received_ns=tuple(received[i] for i in order),
                times_s=np.array(stamps, np.float64)[order],
            )
        )
    return topics


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
        return len(self.topic.received_ns)

    def where(self, t: int) -> str:
        """The message in words."""
        return f"{self.path}, topic {self.topic.name}, message {t + 1} of {len(self)}"

    def read(self, t: int) -> Any:
        """Message t; `FormatError` when it is damaged."""
        time_ns = self.topic.received_ns[t]
        with self._lock:
            bag = self._bag()
            connections = [one for one in bag.connections if one.topic == self.topic.name]
            found = bag.messages(connections=connections, start=time_ns, stop=time_ns + 1)
            try:
                connection, _, raw = next(iter(found))
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
