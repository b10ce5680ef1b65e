"""ROS bags of both kinds, written by the package rosbags itself."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from rosbags.rosbag1 import Writer as Writer1
from rosbags.rosbag2 import Writer as Writer2
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

from skelflow.errors import ConfigError, FormatError
from skelflow.recordings import find_recordings, open_recording
from skelflow.recordings.ros import read_bag

WIDTH, HEIGHT = 64, 48
MM = "/camera/depth/image_raw"


class Bag:
    """Messages of either kind of bag."""

    def __init__(self, path: Path, *, ros1: bool, packing: Any = None) -> None:
        self.path, self.ros1 = path, ros1
        self.store = get_typestore(Stores.ROS1_NOETIC if ros1 else Stores.ROS2_HUMBLE)
        transforms = "geometry_msgs/TransformStamped[] transforms"
        if "tf2_msgs/msg/TFMessage" not in self.store.types:
            self.store.register(get_types_from_msg(transforms, "tf2_msgs/msg/TFMessage"))
        self.writer: Any = Writer1(path) if ros1 else Writer2(path, version=8)
        if isinstance(self.writer, Writer1) and packing is not None:
            self.writer.set_compression(packing)
        self.connections: dict[str, Any] = {}
        self.restarts = 0

    def __enter__(self) -> "Bag":
        self.writer.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.writer.close()

    def type(self, name: str) -> Any:
        return self.store.types[name]

    def write(self, topic: str, kind: str, time_s: float, message: Any) -> None:
        if topic not in self.connections:
            caller = {"callerid": f"/driver_{self.restarts}"} if self.ros1 else {}
            self.connections[topic] = self.writer.add_connection(
                topic, kind, typestore=self.store, **caller
            )
        serialize = self.store.serialize_ros1 if self.ros1 else self.store.serialize_cdr
        raw = serialize(message, kind)
        self.writer.write(self.connections[topic], round(1e9 * time_s), raw)

    def start_again(self, topic: str) -> None:
        """What follows comes from another publisher."""
        self.restarts += 1
        del self.connections[topic]

    def header(self, time_s: float, frame: str) -> Any:
        whole = round(1e9 * time_s)
        stamp = self.type("builtin_interfaces/msg/Time")(whole // 10**9, whole % 10**9)
        first = (0,) if self.ros1 else ()
        return self.type("std_msgs/msg/Header")(*first, stamp, frame)

    def image(
        self,
        topic: str,
        time_s: float,
        pixels: np.ndarray,
        coding: str,
        frame: str,
        *,
        received_s: float | None = None,
    ) -> None:
        rows = pixels.reshape(len(pixels), -1).view(np.uint8)
        padded = np.pad(rows, ((0, 0), (0, 8)))  # rows may be longer than their pixels
        message = self.type("sensor_msgs/msg/Image")(
            self.header(time_s, frame),
            pixels.shape[0],
            pixels.shape[1],
            coding,
            0,
            padded.shape[1],
            padded.ravel(),
        )
        # written later than it was taken: headers count
        received_s = time_s + 0.004 if received_s is None else received_s
        self.write(topic, "sensor_msgs/msg/Image", received_s, message)

    def packed(self, topic: str, time_s: float, content: np.ndarray, said: str, frame: str) -> None:
        kind = "sensor_msgs/msg/CompressedImage"
        message = self.type(kind)(self.header(time_s, frame), said, content)
        self.write(topic, kind, time_s, message)

    def camera(
        self,
        topic: str,
        frame: str,
        *,
        focal: float,
        lens: list[float],
        rectified: tuple[float, float, float] = (0, 0, 0),
    ) -> None:
        """`rectified`: focal length and center of the image without its lens, 0 = not known."""
        matrix = np.array([focal, 0, 31.5, 0, focal, 23.5, 0, 0, 1], float)
        straight, cx, cy = rectified
        projection = np.array([straight, 0, cx, 0, 0, straight, cy, 0, 0, 0, 1, 0], float)
        region = self.type("sensor_msgs/msg/RegionOfInterest")(0, 0, 0, 0, False)
        message = self.type("sensor_msgs/msg/CameraInfo")(
            self.header(10.0, frame),
            HEIGHT,
            WIDTH,
            "plumb_bob",
            np.array(lens, float),
            matrix,
            np.eye(3).ravel(),
            projection if straight else np.zeros(12),
            0,
            0,
            region,
        )
        self.write(topic, "sensor_msgs/msg/CameraInfo", 10.0, message)

    def transform(self, parent: str, child: str, shift: tuple[float, float, float]) -> None:
        vector = self.type("geometry_msgs/msg/Vector3")
        turn = self.type("geometry_msgs/msg/Quaternion")
        transform = self.type("geometry_msgs/msg/Transform")(vector(*shift), turn(0, 0, 0, 1))
        stamped = self.type("geometry_msgs/msg/TransformStamped")
        message = self.type("tf2_msgs/msg/TFMessage")(
            [stamped(self.header(10.0, parent), child, transform)]
        )
        self.write("/tf_static", "tf2_msgs/msg/TFMessage", 10.0, message)


def scene(t: int) -> np.ndarray:
    """A wall at 2 m and something nearer that moves."""
    depth_mm = np.full((HEIGHT, WIDTH), 2000, np.uint16)
    depth_mm[10:20, 10 + 4 * t : 20 + 4 * t] = 1000
    return depth_mm


def write(
    path: Path,
    *,
    ros1: bool = False,
    coding: str = "16UC1",
    lens: list[float] | None = None,
    placed: bool = True,
    second_depth: bool = False,
) -> Path:
    """Four frames at 30 Hz; the color camera stands 0.1 m to the right of the depth camera."""
    with Bag(path, ros1=ros1) as bag:
        bag.camera("/camera/depth/camera_info", "depth_optical", focal=50.0, lens=lens or [0.0] * 5)
        bag.camera("/camera/color/camera_info", "color_optical", focal=50.0, lens=[0.0] * 5)
        if placed:
            bag.transform("base", "depth_optical", (0.0, 0.0, 0.0))
            bag.transform("base", "color_optical", (0.1, 0.0, 0.0))
        for t in range(4):
            depth = scene(t) if coding == "16UC1" else scene(t).astype(np.float32) / 1000
            if coding == "32FC1":
                depth[0, 0] = np.nan
            bag.image(MM, 10 + t / 30, depth, coding, "depth_optical")
            if second_depth:
                bag.image("/other/depth", 10 + t / 30, depth, coding, "elsewhere")
            color = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
            color[:, :32], color[:, 32:], color[..., 2] = 60, 200, 10 * t
            bag.image("/camera/color/image_raw", 10.005 + t / 30, color, "rgb8", "color_optical")
            infrared = np.full((HEIGHT, WIDTH), 50 + t, np.uint8)
            bag.image("/camera/infra/image_raw", 10 + t / 30, infrared, "mono8", "depth_optical")
    return path


@pytest.mark.parametrize("ros1", [True, False])
@pytest.mark.parametrize("coding", ["16UC1", "32FC1"])
def test_ros_reads_depth_color_and_infrared(tmp_path: Path, ros1: bool, coding: str) -> None:
    path = write(tmp_path / ("a.bag" if ros1 else "a"), ros1=ros1, coding=coding)
    recording = open_recording(path)
    assert (recording.source, len(recording), recording.repairs) == ("ros", 4, ())
    assert recording.frame_rate_hz == pytest.approx(30, abs=0.1)
    camera = recording.camera
    assert (camera.width, camera.height, camera.fx, camera.cx) == (WIDTH, HEIGHT, 50, 31.5)
    assert recording.color is not None and recording.infrared is not None
    for t in (2, 0, 3):
        expected = scene(t) * np.float32(0.001)
        expected[0, 0] = 0 if coding == "32FC1" else expected[0, 0]
        np.testing.assert_allclose(recording.depth[t], expected, rtol=1e-6)
        assert (recording.infrared[t] == 50 + t).all()
        color = recording.color[t]
        seen = color[40:, :, 0]  # of the wall: 50 * 0.1 / 2 pixels farther left in color
        assert (seen[:, 5:33] == 60).all() and (seen[:, 36:62] == 200).all()
        assert (color[40:, 5:62, 2] == 10 * t).all()


def test_ros_takes_the_lens_out_of_depth(tmp_path: Path) -> None:
    depth = open_recording(write(tmp_path / "a", lens=[0.5, 0, 0, 0, 0])).depth[0]
    radius = np.abs(np.arange(WIDTH) - 31.5) / 50
    shown = 31.5 + (np.arange(WIDTH) - 31.5) * (1 + 0.5 * radius**2)
    np.testing.assert_array_equal(depth[24] > 0, (shown > -0.5) & (shown < WIDTH - 0.5))


def test_ros_leaves_color_out_where_nothing_says_where_it_stands(tmp_path: Path) -> None:
    recording = open_recording(write(tmp_path / "a", placed=False))
    assert recording.color is None
    assert (
        "color of /camera/color/image_raw is left out: neither /tf_static" in recording.repairs[0]
    )


def test_ros_asks_which_topic_when_there_are_several(tmp_path: Path) -> None:
    path = write(tmp_path / "a", second_depth=True)
    with pytest.raises(FormatError, match=r"several topics of depth: .*--depth-topic /other/depth"):
        open_recording(path)
    assert len(read_bag(path, depth_topic=MM)) == 4
    with pytest.raises(ConfigError, match=r"no depth topic '/none'; there are "):
        read_bag(path, depth_topic="/none")


def write_two(path: Path, *names: str) -> Path:
    """Topics of 16 bits of one camera; the last one shows depth, the others nothing like it."""
    with Bag(path, ros1=True) as bag:
        for name in names:
            camera = f"{name.removesuffix('/image/data')}/info/camera_info"
            camera = camera if "device" in name else f"{name.rpartition('/')[0]}/camera_info"
            bag.camera(camera, "0", focal=50.0, lens=[0.0] * 5)
            for t in range(2):
                pixels = scene(t) if name == names[-1] else np.full_like(scene(t), 300 + t)
                bag.image(name, 1 + t / 30, pixels, "mono16", "0")
    return path


@pytest.mark.parametrize(
    "names",
    [
        ("/device_0/sensor_0/Infrared_1/image/data", "/device_0/sensor_0/Depth_0/image/data"),
        ("/cam/ir/image_raw", "/cam/depth/image_rect_raw"),
        ("/cam/infra1/image", "/tof/image"),
        ("/depth_camera/ir/image", "/ir_camera/depth/image"),
        ("/tof/amplitude", "/tof/depth"),
    ],
)
def test_ros_takes_no_infrared_of_16_bits_for_depth(tmp_path: Path, names: tuple[str, str]) -> None:
    path = write_two(tmp_path / "a.bag", *names)
    recording = open_recording(path)
    np.testing.assert_array_equal(recording.depth[1], scene(1) * np.float32(0.001))
    assert recording.infrared is None
    assert f"{names[0]} is left out: its images have 16 bits" in recording.repairs[0]
    np.testing.assert_allclose(read_bag(path, depth_topic=names[0]).depth[1], 0.301, rtol=1e-6)


def test_ros_refuses_to_guess_which_of_16_bits_is_depth(tmp_path: Path) -> None:
    path = write_two(tmp_path / "a.bag", "/tof/a", "/tof/b")
    with pytest.raises(FormatError, match=r"several topics of depth: /tof/a, /tof/b; choose one"):
        open_recording(path)
    with pytest.raises(FormatError, match=r"no topic of depth images among /cam/ir/image"):
        open_recording(write_two(tmp_path / "b.bag", "/cam/ir/image"))


def test_ros_reads_realsense_topics_in_their_own_unit(tmp_path: Path) -> None:
    sensor = "/device_0/sensor_0"
    path = tmp_path / "rs.bag"
    with Bag(path, ros1=True) as bag:
        unit = bag.type("std_msgs/msg/Float32")(0.00025)
        bag.write(f"{sensor}/option/Depth_Units/value", "std_msgs/msg/Float32", 0.1, unit)
        bag.camera(f"{sensor}/Depth_0/info/camera_info", "0", focal=50.0, lens=[0.0] * 5)
        for t in range(2):
            bag.image(f"{sensor}/Depth_0/image/data", 1 + t / 30, scene(t), "mono16", "0")
    recording = open_recording(path)
    np.testing.assert_allclose(recording.depth[1], scene(1) * np.float32(0.00025))


def write_old_realsense(path: Path, *, transforms: bool = True) -> Path:
    """As librealsense 2 wrote ROS 1 bags: every frame is called "0", transforms beside streams.

    The color camera stands 0.1 m to the right of depth's, turned by half around its axis; depth is
    not what poses refer to.
    """
    reference, streams = np.array([0.3, -0.2, 0.1]), {}
    streams["sensor_0/Depth_0"] = ("mono16", reference, (0.0, 0.0, 0.0, 1.0))
    streams["sensor_0/Infrared_1"] = ("8UC1", reference, (0.0, 0.0, 0.0, 1.0))
    streams["sensor_0/Infrared_2"] = ("8UC1", reference - (0.05, 0, 0), (0.0, 0.0, 0.0, 1.0))
    turned = (reference - (0.1, 0, 0)) * (-1, -1, 1)
    streams["sensor_1/Color_0"] = ("rgb8", turned, (0.0, 0.0, 1.0, 0.0))
    with Bag(path, ros1=True) as bag:
        kind = "geometry_msgs/msg/Transform"
        vector, turn = (
            bag.type("geometry_msgs/msg/Vector3"),
            bag.type("geometry_msgs/msg/Quaternion"),
        )
        for name in ("Infrared_2", "Infrared_1", "Depth_0", "Color_0"):
            stream = next(stream for stream in streams if stream.endswith(name))
            coding, shift, rotation = streams[stream]
            prefix = f"/device_0/{stream}"
            bag.camera(f"{prefix}/info/camera_info", "0", focal=50.0, lens=[0.0] * 5)
            if transforms:
                message = bag.type(kind)(vector(*shift), turn(*rotation))
                bag.write(f"{prefix}/tf/0", kind, 0.0, message)
            for t in range(2):
                pixels = {
                    "Depth_0": np.full((HEIGHT, WIDTH), 2000, np.uint16),
                    "Infrared_1": np.full((HEIGHT, WIDTH), 41 + t, np.uint8),
                    "Infrared_2": np.full((HEIGHT, WIDTH), 99, np.uint8),
                    "Color_0": np.full((HEIGHT, WIDTH, 3), 60, np.uint8),
                }[name]
                if name == "Color_0":
                    pixels[:, 32:] = 200
                    pixels = pixels[::-1, ::-1].copy()
                bag.image(f"{prefix}/image/data", 1 + t / 30, pixels, coding, "0")
    return path


def test_ros_reads_color_of_an_old_realsense_bag_from_where_it_stands(tmp_path: Path) -> None:
    recording = open_recording(write_old_realsense(tmp_path / "rs.bag"))
    assert (len(recording), recording.repairs) == (2, ())
    assert recording.color is not None and recording.infrared is not None
    seen = recording.color[1][5:40, :, 0]  # of the wall: 50 * 0.1 / 2 pixels farther left in color
    assert (seen[:, 5:33] == 60).all() and (seen[:, 36:62] == 200).all()
    assert (recording.infrared[1] == 42).all()  # of the left camera, which depth is measured from


def test_ros_leaves_color_of_an_old_realsense_bag_out_without_transforms(tmp_path: Path) -> None:
    recording = open_recording(write_old_realsense(tmp_path / "rs.bag", transforms=False))
    assert recording.color is None and recording.infrared is None
    assert "is left out: neither /tf_static nor RealSense's own topics" in recording.repairs[0]


def test_ros_reads_a_bag_of_the_realsense_sdk() -> None:
    """Written by librealsense 2.59 from its own software device.

    Depth of 1, 1.1, 1.2, 1.3 m in units of 0.25 mm, color of 40, 60, 80, 100, both at 1000, 1033.3
    ... ms; the color camera 15 mm aside.
    """
    recording = open_recording(Path(__file__).parent / "data" / "realsense.db3")
    assert (len(recording), recording.repairs) == (4, ())
    assert recording.frame_rate_hz == pytest.approx(30, abs=0.1)
    camera = recording.camera
    assert (camera.width, camera.height, camera.fx, camera.cx) == (640, 480, 385, 319.5)
    assert recording.color is not None
    for t in range(4):
        np.testing.assert_allclose(recording.depth[t], 1 + 0.1 * t, rtol=1e-6)
        assert (recording.color[t][110:370, 140:500] == 40 + 20 * t).all()


def write_compressed(path: Path, *, cut: int = 0) -> Path:
    with Bag(path, ros1=False) as bag:
        bag.camera("/camera/depth/camera_info", "d", focal=50.0, lens=[0.0] * 5)
        for t in range(2):
            color = cv2.imencode(".jpg", np.full((HEIGHT, WIDTH, 3), 90, np.uint8))[1].ravel()
            depth = cv2.imencode(".png", scene(t))[1].ravel()
            depth = np.concatenate([np.zeros(12, np.uint8), depth])
            for topic, text, content in (
                ("/camera/depth/image_raw/compressedDepth", "16UC1; compressedDepth png", depth),
                ("/camera/color/image_raw/compressed", "rgb8; jpeg compressed bgr8", color),
            ):
                bag.packed(topic, 5 + t / 30, content[: len(content) - cut], text, "d")
    return path


def test_ros_refuses_compressed_images_that_were_cut(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="truncated PNG"):
        _ = open_recording(write_compressed(tmp_path / "a", cut=40)).depth[1]


def test_ros_reads_compressed_images(tmp_path: Path) -> None:
    recording = open_recording(write_compressed(tmp_path / "a"))
    np.testing.assert_allclose(recording.depth[1], scene(1) * np.float32(0.001), rtol=1e-6)
    assert recording.color is not None
    assert abs(recording.color[0].astype(int) - 90).max() <= 2


@pytest.mark.parametrize("keep", [0, 10, 2000])
def test_ros_refuses_truncated_bags(tmp_path: Path, keep: int) -> None:
    path = write(tmp_path / "a.bag", ros1=True)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(FormatError, match=r"a\.bag: (no|a damaged) ROS bag"):
        open_recording(path)


def test_ros_refuses_bags_without_depth_or_camera(tmp_path: Path) -> None:
    with Bag(tmp_path / "a", ros1=False) as bag:
        bag.image("/rgb", 1.0, np.zeros((4, 4, 3), np.uint8), "rgb8", "c")
    with pytest.raises(FormatError, match=r"no topic of depth images among /rgb"):
        open_recording(tmp_path / "a")
    with Bag(tmp_path / "b", ros1=False) as bag:
        bag.image("/depth", 1.0, scene(0), "16UC1", "c")
    with pytest.raises(FormatError, match=r"no camera_info for /depth; topics of that kind: none"):
        open_recording(tmp_path / "b")


def test_ros_finds_bags_once(tmp_path: Path) -> None:
    bags = [write(tmp_path / "a.bag", ros1=True), write(tmp_path / "b")]
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "metadata.yaml").write_text("name: something else\n")
    assert find_recordings(tmp_path) == sorted(bags)
    (file,) = (tmp_path / "b").glob("*.db3")
    assert len(open_recording(file)) == 4
