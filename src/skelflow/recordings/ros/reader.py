"""Reader of ROS bags: a depth topic, and the color and infrared that go with it."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from skelflow.camera.lens import LensCamera
from skelflow.camera.pinhole import unproject
from skelflow.camera.register import resample_color
from skelflow.errors import ConfigError, FormatError
from skelflow.io.files import is_file, read_head
from skelflow.recordings.reader import Reader
from skelflow.recordings.ros.bag import (
    MessageReader,
    Topic,
    first_message,
    image_topics,
    open_bag,
    words,
)
from skelflow.recordings.ros.cameras import Pose, read_camera, read_pose
from skelflow.recordings.ros.images import color_rgb, depth_m, gray_values
from skelflow.recordings.streams.timing import (
    Matches,
    describe_far,
    describe_gaps,
    frame_rate,
    match_times,
)
from skelflow.recordings.walk import walk_folders
from skelflow.types import Color, Depth, Frames, Intensity, Recording

EXPECTS = "a ROS bag with a topic of depth images: .bag, .db3, .mcap or a folder with metadata.yaml"

_ENDINGS = (".bag", ".db3", ".mcap")
_METADATA = "metadata.yaml"
_UNIT_M = 0.001  # of whole numbers (REP 118)
_REALSENSE_UNIT = "/option/Depth_Units/value"

_SAYING = frozenset({"depth", "ir", "infra", "infrared", "nir"})
_TRANSPORT = re.compile(r"/compressed(Depth)?$")  # how a topic is sent, not what it shows


def recognizes(path: Path) -> bool:
    """Whether the path is a bag's file or folder."""
    if path.suffix.lower() in _ENDINGS:
        return is_file(path)
    return _is_bag(path / _METADATA)


def find(folder: Path) -> Iterator[Path]:
    """Every bag below a folder; files of a bag's folder are not bags of their own."""
    for base, _, files in walk_folders(folder):
        if _METADATA in files and _is_bag(base / _METADATA):
            yield from [base] if base != folder else []
        else:
            yield from (base / name for name in files if Path(name).suffix.lower() in _ENDINGS)


def _is_bag(metadata: Path) -> bool:
    """Whether a file describes a bag of ROS 2; other programs have a metadata.yaml as well."""
    try:
        return b"rosbag2_bagfile_information" in read_head(metadata, 1000)
    except FormatError:
        return False


def read(path: Path) -> Recording:
    """Open a bag that has one topic of depth; see `read_bag`."""
    return read_bag(path)


def read_bag(
    path: Path, *, depth_topic: str | None = None, color_topic: str | None = None
) -> Recording:
    """Open a bag; messages are decoded one at a time.

    Parameters
    ----------
    path : of a ROS 1 or ROS 2 bag, RealSense's included.
    depth_topic, color_topic : which topics; None = the only one of its kind, where a topic whose
        name says infrared is none of depth, though its images have 16 bits as well.

    Returns
    -------
    Recording : depth without its lens, in meters by REP 118 (or RealSense's own unit); color in
        the depth image's pixels, by both cameras and where they stand; a gray topic of the depth
        camera's own frame or place is its infrared. Each is paired with depth by the times in
        the headers.

    Raises
    ------
    FormatError
        The bag is damaged, has no or several topics of depth, or no camera for it.
    ConfigError
        A topic that is asked for is not there.
    MissingExtraError
        The package rosbags is not installed.
    """
    with open_bag(path) as bag:
        topics = image_topics(bag)
        depth = _choose_depth(path, topics, depth_topic)
        lens = read_camera(bag, depth, where=str(path))
        color = _choose(path, topics, "color", color_topic, beside=depth)
        placed = None if color is None else _place(bag, depth, color, where=str(path))
        recording = _depth_recording(path, depth, lens, unit_m=_unit_m(bag, depth))
        gray = _infrared(bag, depth, topics)
    unread = _left_out(topics, depth)
    recording = replace(recording, repairs=(*recording.repairs, *unread))
    if color is not None and isinstance(placed, str):
        recording = replace(recording, repairs=(*recording.repairs, placed))
    elif color is not None and placed is not None:
        is_registered = placed[0] == lens and np.array_equal(placed[1], np.eye(4))
        add = _with_registered_color if is_registered else _with_color
        recording = add(recording, depth, color, *placed)
    return recording if gray is None else _with_infrared(recording, depth, gray, lens)


def _choose_depth(path: Path, topics: Sequence[Topic], asked: str | None) -> Topic:
    """The topic that is asked for, or the only one that can be depth by its name."""
    found = [one for one in topics if one.kind == "depth"]
    if asked is None:
        found = [one for one in found if _shows(one) != "infrared"]
        said = [one for one in found if _shows(one) == "depth"]
        is_one_camera = len({one.frame for one in found}) == 1
        found = said if said and is_one_camera else found
        if not said and len({_shown(one) for one in found}) > 1:
            raise _several(path, "depth", found)
    chosen = _choose(path, found, "depth", asked)
    if chosen is None:
        raise FormatError(
            f"{path}: no topic of depth images among {_listed(topics)}; expected {EXPECTS}"
        )
    return chosen


def _shown(topic: Topic) -> str:
    """A topic's name without how it is sent: of raw and of compressed images the same."""
    return _TRANSPORT.sub("", topic.name)


def _shows(topic: Topic) -> str:
    """What a topic's name says it shows, its last word on that: "depth", "infrared" or ""."""
    said = [word for word in words(_shown(topic)) if word in _SAYING]
    return ("depth" if said[-1] == "depth" else "infrared") if said else ""


def _choose(
    path: Path,
    topics: Sequence[Topic],
    kind: str,
    asked: str | None,
    *,
    beside: Topic | None = None,
) -> Topic | None:
    """The topic that is asked for, or the only camera's of its kind; its shortest name is raw."""
    found = [one for one in topics if one.kind == kind]
    if asked is not None:
        chosen = next((one for one in found if one.name == asked), None)
        if chosen is None:
            raise ConfigError(f"{path}: no {kind} topic {asked!r}; there are {_listed(found)}")
        return chosen
    aligned = [one for one in found if beside is not None and one.frame == beside.frame]
    found = sorted(aligned or found, key=lambda one: (len(one.name), one.name))
    if len({one.frame for one in found}) > 1:
        raise _several(path, kind, found)
    return found[0] if found else None


def _several(path: Path, kind: str, found: Sequence[Topic]) -> FormatError:
    return FormatError(
        f"{path}: several topics of {kind}: {_listed(found)}; choose one: "
        f"skelflow import {path} --out FOLDER --{kind}-topic {found[0].name}"
    )


def _infrared(bag: Any, depth: Topic, topics: Sequence[Topic]) -> Topic | None:
    """The gray topic of the depth camera itself, or of one that stands where it does."""
    found = [one for one in topics if one.kind == "gray"]
    same = next((one for one in found if one.frame == depth.frame), None)
    if same is not None:
        return same
    poses = [(one, read_pose(bag, depth.frame, one.frame)) for one in found]
    near = (one for one, pose in poses if pose is not None and np.allclose(pose, np.eye(4)))
    return next(near, None)


def _left_out(topics: Sequence[Topic], depth: Topic) -> list[str]:
    """Which images of 16 bits are neither depth nor read, in words; gray levels need 8 bits."""
    return [
        f"{one.name} is left out: its images have 16 bits, infrared is read of 8"
        for one in topics
        if one.kind == "depth" and _shows(one) != "depth" and _shown(one) != _shown(depth)
    ]


def _listed(topics: Sequence[Topic]) -> str:
    return ", ".join(one.name for one in topics) or "none"


def _unit_m(bag: Any, depth: Topic) -> float:
    """Meters a unit: what RealSense writes beside its depth, else a millimeter."""
    sensor = depth.name.rsplit("/Depth", 1)[0]
    message = first_message(bag, sensor + _REALSENSE_UNIT)
    found = _UNIT_M if message is None else float(message.data)
    if not 1e-6 < found < 1:
        raise FormatError(f"{bag.paths[0]}: depth unit is {found:g} m, expected about {_UNIT_M:g}")
    return found


def _place(bag: Any, depth: Topic, color: Topic, *, where: str) -> tuple[LensCamera, Pose] | str:
    """The color camera and where depth points lie for it; or why color is left out."""
    pose = read_pose(bag, depth.frame, color.frame)
    if pose is None:
        return (
            f"color of {color.name} is left out: neither /tf_static nor RealSense's own topics say "
            f"where {color.frame!r} stands for {depth.frame!r}"
        )
    return read_camera(bag, color, where=where), pose


def _depth_recording(path: Path, topic: Topic, lens: LensCamera, *, unit_m: float) -> Recording:
    messages = MessageReader(path, topic)
    rate_hz = frame_rate(topic.times_s)
    gaps = describe_gaps(topic.times_s, rate_hz=rate_hz)

    def decode(t: int) -> Depth:
        found = depth_m(messages.read(t), unit_m=unit_m, where=messages.where(t))
        _check_size(messages.where(t), found, lens)
        return np.asarray(lens.straighten(found, nearest=True))

    return Recording(
        name=path.stem,
        path=path,
        camera=lens.pinhole,
        frame_rate_hz=rate_hz,
        depth=Frames(len(messages), decode),
        repairs=(gaps,) if gaps else (),
    )


def _with_registered_color(
    recording: Recording, depth: Topic, topic: Topic, lens: LensCamera, _: Pose
) -> Recording:
    """Color that has the depth image's pixels in the bag."""
    messages = MessageReader(recording.path, topic)
    matches = match_times(depth.times_s, topic.times_s, rate_hz=recording.frame_rate_hz)

    def decode(t: int) -> Color:
        number = int(matches.index[t])
        color = color_rgb(messages.read(number), where=messages.where(number))
        _check_size(messages.where(number), color, lens)
        return np.asarray(lens.straighten(color))

    return _added(recording, matches, color=Frames(len(recording), decode))


def _with_color(
    recording: Recording, depth: Topic, topic: Topic, lens: LensCamera, pose: Pose
) -> Recording:
    """Color seen through the depth image's pixels."""
    messages, camera = MessageReader(recording.path, topic), recording.camera
    matches = match_times(depth.times_s, topic.times_s, rate_hz=recording.frame_rate_hz)
    scale = lens.pinhole.fx / camera.fx

    def decode(t: int) -> Color:
        number = int(matches.index[t])
        color = color_rgb(messages.read(number), where=messages.where(number))
        _check_size(messages.where(number), color, lens)
        depth_m = recording.depth[t]
        points = unproject(depth_m, camera)
        moved = points @ pose[:3, :3].T + pose[:3, 3]
        pixels = lens.project(np.where(depth_m[..., None] > 0, moved, 0))
        return resample_color(color, depth_m, pixels, scale=scale)

    return _added(recording, matches, color=Frames(len(recording), decode))


def _with_infrared(recording: Recording, depth: Topic, topic: Topic, lens: LensCamera) -> Recording:
    """Gray images of the depth camera itself."""
    messages = MessageReader(recording.path, topic)
    matches = match_times(depth.times_s, topic.times_s, rate_hz=recording.frame_rate_hz)

    def decode(t: int) -> Intensity:
        number = int(matches.index[t])
        found = gray_values(messages.read(number), where=messages.where(number))
        _check_size(messages.where(number), found, lens)
        return np.asarray(lens.straighten(found))

    return _added(recording, matches, infrared=Frames(len(recording), decode))


def _added(recording: Recording, matches: Matches, **images: Frames[Any]) -> Recording:
    """The recording with one more kind of images, and a word where they are of other times."""
    far = describe_far(f"{next(iter(images))} image", matches)
    repairs = (*recording.repairs, far) if far else recording.repairs
    added: dict[str, Any] = {"repairs": repairs, **images}
    return replace(recording, **added)


def _check_size(where: str, image: np.ndarray, lens: LensCamera) -> None:
    camera = lens.pinhole
    if image.shape[:2] != (camera.height, camera.width):
        raise FormatError(
            f"{where}: {image.shape[1]}x{image.shape[0]} pixels, its camera_info says "
            f"{camera.width}x{camera.height}"
        )


READER = Reader(name="ros", expects=EXPECTS, recognizes=recognizes, read=read, find=find)
