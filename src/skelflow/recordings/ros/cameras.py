"""Cameras of a bag: what `camera_info` says, and where one camera stands for another."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from jaxtyping import Float64
from scipy.spatial.transform import Rotation

from skelflow.camera.lens import LensCamera
from skelflow.errors import ConfigError, FormatError
from skelflow.recordings.ros.bag import REALSENSE_STREAM, Topic, first_message, words
from skelflow.types import Camera

_INFO = "sensor_msgs/msg/CameraInfo"
_BROWN = ("plumb_bob", "rational_polynomial", "Brown Conrady", "")
_FISHEYE = ("equidistant", "fisheye", "Kannala Brandt4")
_RECTIFIED = frozenset({"rect", "rectified"})  # words of a topic's name

Pose = Float64[np.ndarray, "4 4"]


def read_camera(bag: Any, topic: Topic, *, where: str) -> LensCamera:
    """The camera of a topic of images.

    It is looked for beside the topic (`camera_info`), then by the name of the frame.

    Raises
    ------
    FormatError
        There is none, or it is not one; names `where`.
    """
    names = [one.topic for one in bag.connections if one.msgtype == _INFO]
    beside = [name for name in info_names(topic.name) if name in names]
    for name in [*beside, *sorted(set(names) - set(beside))]:
        message = first_message(bag, name)
        if message is not None and (name in beside or message.header.frame_id == topic.frame):
            is_rectified = not _RECTIFIED.isdisjoint(words(topic.name))
            return _camera(message, is_rectified=is_rectified, where=f"{where}, {name}")
    raise FormatError(
        f"{where}: no camera_info for {topic.name}; topics of that kind: "
        f"{', '.join(names) or 'none'}"
    )


def info_names(topic: str) -> list[str]:
    """Where ROS drivers and RealSense put the camera of a topic, likeliest first.

    Examples
    --------
    >>> info_names("/device_0/sensor_0/Depth_0/image/data")[0]
    '/device_0/sensor_0/Depth_0/info/camera_info'
    >>> info_names("/camera/depth/image_rect_raw")[-1]
    '/camera/depth/camera_info'
    """
    names = []
    if topic.endswith("/image/data"):
        names.append(topic.removesuffix("image/data") + "info/camera_info")
    parts = topic.split("/")
    return names + ["/".join([*parts[:end], "camera_info"]) for end in range(len(parts) - 1, 1, -1)]


def read_pose(bag: Any, source: str, target: str) -> Pose | None:
    """Takes points of one frame into another; None where the bag does not say.

    By `/tf_static`, or what RealSense's older bags keep beside each stream.

    Notes
    -----
    Source: REP 105 and tf2: a transform of child in parent takes the child's points to the
    parent's frame. librealsense 2, src/media/ros: STREAM/tf/N takes points of what all streams of
    group N refer to into the stream's frame.
    """
    if source == target:
        return np.eye(4)
    steps: dict[str, list[tuple[str, Pose]]] = {}
    for parent, child, pose in (*_static_transforms(bag), *_realsense_transforms(bag)):
        steps.setdefault(child, []).append((parent, pose))
        steps.setdefault(parent, []).append((child, np.linalg.inv(pose)))
    known: dict[str, Pose] = {source: np.eye(4)}
    queue = [source]
    while queue:
        frame = queue.pop(0)
        for other, pose in steps.get(frame, []):
            if other not in known:
                known[other] = pose @ known[frame]
                queue.append(other)
    return known.get(target)


def _static_transforms(bag: Any) -> Iterator[tuple[str, str, Pose]]:
    connections = [one for one in bag.connections if one.topic == "/tf_static"]
    if not connections:
        return
    for connection, _, raw in bag.messages(connections=connections):
        for one in bag.deserialize(raw, connection.msgtype).transforms:
            pose = _pose(one.transform.translation, one.transform.rotation)
            if pose is not None:
                yield str(one.header.frame_id), str(one.child_frame_id), pose


def _realsense_transforms(bag: Any) -> Iterator[tuple[str, str, Pose]]:
    """Where each stream stands for the reference of its group."""
    for topic in sorted({one.topic for one in bag.connections}):
        stream = REALSENSE_STREAM.match(topic)
        if stream is None or not topic.startswith(f"{stream[0]}/tf/"):
            continue
        message = first_message(bag, topic)
        if message is not None and hasattr(message, "rotation"):
            pose = _pose(message.translation, message.rotation)
            if pose is not None:
                yield stream[0], topic.removeprefix(stream[0]), pose


def _pose(translation: Any, rotation: Any) -> Pose | None:
    """A transform's matrix; None where its quaternion is none."""
    x, y, z, w = (float(getattr(rotation, axis)) for axis in "xyzw")
    if not 0.5 < x * x + y * y + z * z + w * w < 2:
        return None
    pose = np.eye(4)
    pose[:3, :3] = Rotation.from_quat([x, y, z, w]).as_matrix()
    pose[:3, 3] = [float(getattr(translation, axis)) for axis in "xyz"]
    return pose


def _camera(message: Any, *, is_rectified: bool, where: str) -> LensCamera:
    """A camera of a CameraInfo of ROS 1 (`K`, `D`, `P`) or ROS 2 (`k`, `d`, `p`).

    Notes
    -----
    Source: sensor_msgs/CameraInfo: K and D are those of the raw image, P is of the rectified one,
    which has no lens, and 0 where it is not known.
    """
    matrix, lens, projection = (
        np.asarray(getattr(message, name if hasattr(message, name) else name.upper()), float)
        for name in ("k", "d", "p")
    )
    model = str(message.distortion_model)
    has_own = is_rectified and projection[0] > 0
    try:
        fx, _, cx, _, fy, cy = (projection[[0, 1, 2, 4, 5, 6]] if has_own else matrix[:6]).tolist()
        pinhole = Camera(int(message.width), int(message.height), fx, fy, cx, cy)
        if is_rectified or not lens.any():
            return LensCamera(pinhole)
        if model in _FISHEYE:
            return LensCamera(pinhole, tuple(lens[:4].tolist()), fisheye=True)
        if model not in _BROWN:
            raise ConfigError(f"lens model {model!r} with coefficients {lens.tolist()}")
        return LensCamera(pinhole, tuple(lens.tolist()))
    except (ConfigError, ValueError) as error:
        raise FormatError(f"{where}: no camera that can be used ({error})") from error
