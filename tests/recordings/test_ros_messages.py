"""Messages of ROS bags as drivers and transports write them: packed, rectified, restarted."""

import struct
from pathlib import Path

import cv2
import numpy as np
import pytest
from rosbags.rosbag1 import Writer as Writer1

from skelflow.datasets.inspect.scan import scan_recordings
from skelflow.errors import FormatError
from skelflow.recordings import open_recording
from tests.cli.test_commands import run
from tests.recordings.test_ros import HEIGHT, MM, WIDTH, Bag, scene

QUANTIZATION, FARTHEST_M = 100.0, 10.0  # of compressed_depth_image_transport, unless set


def png(image: np.ndarray) -> np.ndarray:
    return cv2.imencode(".png", image)[1].ravel()


def inverse_depth(depth_m: np.ndarray) -> np.ndarray:
    """Floats as compressed_depth_image_transport packs them."""
    scale = QUANTIZATION * (QUANTIZATION + 1)
    offset = 1 - scale / FARTHEST_M
    known = depth_m < FARTHEST_M  # not where NaN
    stored = np.where(known, scale / np.where(known, depth_m, 1) + offset, 0).astype(np.uint16)
    header = np.frombuffer(struct.pack("<i2f", 0, scale, offset), np.uint8)
    return np.concatenate([header, png(stored)])


def write_packed(path: Path, *topics: tuple[str, str, np.ndarray]) -> Path:
    """Two messages of each topic (name, format, content), all of the depth camera's frame."""
    with Bag(path, ros1=True) as bag:
        bag.camera("/camera/depth/camera_info", "d", focal=50.0, lens=[0.0] * 5)
        for t in range(2):
            for topic, said, content in topics:
                bag.packed(topic, 5 + t / 30, content, said, "d")
    return path


def test_ros_reads_inverse_depth_of_compressed_floats(tmp_path: Path) -> None:
    depth_m = scene(1) * np.float32(0.001)
    depth_m[0, 0], depth_m[0, 1] = np.nan, 30.0
    said = "32FC1; compressedDepth png"
    path = write_packed(tmp_path / "a.bag", (f"{MM}/compressedDepth", said, inverse_depth(depth_m)))
    found = open_recording(path).depth[1]
    assert (found[0, :2] == 0).all()
    np.testing.assert_allclose(found[1:], depth_m[1:], rtol=1e-3)


@pytest.mark.parametrize(
    ("said", "content", "message"),
    [
        ("8UC1; compressedDepth png", png(scene(0)), r"format '8UC1; .*expected 16UC1, mono16 or"),
        ("compressedDepth png", png(scene(0)), r"format 'compressedDepth png', expected 16UC1"),
        (
            "32FC1; compressedDepth png",
            png(scene(0)),
            r"header says A = 0, B = 0, expected A above",
        ),
    ],
)
def test_ros_refuses_compressed_depth_whose_unit_is_not_said(
    tmp_path: Path, said: str, content: np.ndarray, message: str
) -> None:
    packed = np.concatenate([np.zeros(12, np.uint8), content])
    path = write_packed(tmp_path / "a.bag", (f"{MM}/compressedDepth", said, packed))
    with pytest.raises(FormatError, match=rf"message 1 of 2: compressed depth .*{message}"):
        _ = open_recording(path).depth[0]


def test_ros_takes_no_compressed_depth_for_color(tmp_path: Path) -> None:
    """Depth's own `/compressed`, which image_transport offers of every topic, whether it fits."""
    jpeg = cv2.imencode(".jpg", np.full((HEIGHT, WIDTH), 40, np.uint8))[1].ravel()
    depth = np.concatenate([np.zeros(12, np.uint8), png(scene(1))])
    path = write_packed(
        tmp_path / "a.bag",
        (f"{MM}/compressedDepth", "16UC1; compressedDepth png", depth),
        (f"{MM}/compressed", "16UC1; jpeg compressed ", jpeg),
    )
    recording = open_recording(path)
    assert (recording.color, recording.repairs) == (None, ())
    np.testing.assert_allclose(recording.depth[1], scene(1) * np.float32(0.001), rtol=1e-6)


def test_ros_reads_depth_and_infrared_that_are_packed_as_images(tmp_path: Path) -> None:
    infrared = png(np.full((HEIGHT, WIDTH), 41, np.uint8))
    path = write_packed(
        tmp_path / "a.bag",
        ("/tof/image/compressed", "16UC1; png compressed ", png(scene(1))),
        ("/tof/gray/compressed", "mono8; png compressed ", infrared),
    )
    recording = open_recording(path)
    assert (recording.color, recording.repairs) == (None, ())
    np.testing.assert_allclose(recording.depth[1], scene(1) * np.float32(0.001), rtol=1e-6)
    assert recording.infrared is not None and (recording.infrared[1] == 41).all()


def write_rectified(path: Path, topic: str, *, known: bool = True) -> Path:
    rectified = (40.0, 30.0, 22.0) if known else (0.0, 0.0, 0.0)
    with Bag(path, ros1=path.suffix == ".bag") as bag:
        info = f"{topic.rpartition('/')[0]}/camera_info"
        bag.camera(info, "d", focal=50.0, lens=[0.5, 0, 0, 0, 0], rectified=rectified)
        for t in range(2):
            bag.image(topic, 5 + t / 30, scene(t), "16UC1", "d")
    return path


@pytest.mark.parametrize("name", ["a.bag", "a"])
def test_ros_takes_the_rectified_camera_of_rectified_images(tmp_path: Path, name: str) -> None:
    recording = open_recording(write_rectified(tmp_path / name, "/camera/depth/image_rect"))
    camera = recording.camera
    assert (camera.fx, camera.fy, camera.cx, camera.cy) == (40, 40, 30, 22)
    np.testing.assert_allclose(recording.depth[1], scene(1) * np.float32(0.001), rtol=1e-6)


def test_ros_takes_the_camera_itself_where_no_other_is_known(tmp_path: Path) -> None:
    path = write_rectified(tmp_path / "a.bag", "/camera/depth/image_rect_raw", known=False)
    recording = open_recording(path)
    assert (recording.camera.fx, recording.camera.cx) == (50, 31.5)
    np.testing.assert_allclose(recording.depth[1], scene(1) * np.float32(0.001), rtol=1e-6)
    direct = open_recording(write_rectified(tmp_path / "b.bag", "/direct/depth/image"))
    assert (direct.camera.fx, direct.camera.cx) == (50, 31.5)
    assert not direct.depth[1][24, 0]  # its lens is taken out


def test_ros_reads_all_publishers_of_a_topic(tmp_path: Path) -> None:
    """A camera's program was started again; two messages arrived at one time."""
    path = tmp_path / "a.bag"
    with Bag(path, ros1=True) as bag:
        bag.camera("/camera/depth/camera_info", "d", focal=50.0, lens=[0.0] * 5)
        for t in range(5):
            if t == 2:
                bag.start_again(MM)
            bag.image(MM, 5 + t / 30, scene(t), "16UC1", "d", received_s=5.2 if t > 2 else None)
    recording = open_recording(path)
    assert (len(recording), recording.repairs) == (5, ())
    for t in range(5):
        np.testing.assert_allclose(recording.depth[t], scene(t) * np.float32(0.001), rtol=1e-6)


def test_a_bag_that_lost_bytes_is_named_by_all_that_open_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What unpacks LZ4 raises an error of its own kind."""
    path = tmp_path / "a.bag"
    with Bag(path, ros1=True, packing=Writer1.CompressionFormat.LZ4) as bag:
        bag.camera("/camera/depth/camera_info", "d", focal=50.0, lens=[0.0] * 5)
        for t in range(2):
            bag.image(MM, 5 + t / 30, scene(t), "16UC1", "d")
    content = bytearray(path.read_bytes())
    at = content.index(bytes.fromhex("04224d18")) + 11  # LZ4's magic number, its header, a size
    content[at : at + 64] = b"\xff" * 64
    path.write_bytes(content)
    assert "a.bag: " in scan_recordings([path], check=False).failed[path]
    assert run("import", path, "--depth-topic", MM, "--out", tmp_path / "out") == 2
    assert "a.bag: cannot be read as ros (RuntimeError" in capsys.readouterr().err


def test_import_of_a_chosen_topic_is_checked_as_all_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.bag"
    with Bag(path, ros1=True) as bag:
        bag.camera("/camera/depth/camera_info", "d", focal=50.0, lens=[0.0] * 5)
        for t in range(2):
            bag.image(MM, 5 + t / 30, scene(t) // 20, "16UC1", "d")
    assert run("import", path, "--depth-topic", MM, "--out", tmp_path / "out") == 2
    assert "a.bag: depth is 0.1 m in the median" in capsys.readouterr().err
