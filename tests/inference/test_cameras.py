"""Cameras that are read while they record, and joints for frames that have none."""

import pickle
import signal
import sys
from collections.abc import Iterator
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest

from skelflow.errors import ConfigError, DataError
from skelflow.inference.stream import (
    StreamFrame,
    StreamSource,
    cameras,
    frames_of,
    with_estimated_joints,
)
from skelflow.inference.stream.cameras import is_camera, open_camera, register_camera
from skelflow.inference.stream.realsense import open_realsense
from skelflow.pose import estimate_skeleton
from skelflow.types import Camera
from tests.pose.person import recording
from tests.waiting import PATIENCE_S

RECORDED = Path(__file__).parents[1] / "recordings" / "data" / "realsense.db3"


def read_realsense(folder: Path) -> None:
    """Read the recorded camera, and keep the source and each frame when it comes."""
    source, frames = open_realsense(recorded=RECORDED)
    (folder / "source").write_bytes(pickle.dumps(source))
    for number, frame in enumerate(frames):
        (folder / f"frame{number}").write_bytes(pickle.dumps(frame))


def test_realsense_gives_each_depth_image_once_with_its_color(tmp_path: Path) -> None:
    """Of a file that librealsense wrote from its own software device, in the camera's place.

    In a process of its own: after the last frame librealsense's end of a played file crashed one
    process in thirty where cores are busy ("free(): invalid pointer"). A camera plays no file.
    """
    pytest.importorskip("pyrealsense2", exc_type=ImportError)
    process = get_context("spawn").Process(target=read_realsense, args=(tmp_path,))
    process.start()
    process.join(PATIENCE_S)
    assert process.exitcode in (0, -signal.SIGABRT, -signal.SIGSEGV)
    source: StreamSource = pickle.loads((tmp_path / "source").read_bytes())
    assert (source.camera.width, source.camera.height, source.frame_rate_hz) == (640, 480, 30)
    assert (source.camera.fx, source.camera.cx, source.layout) == (385, 319.5, None)
    files = sorted(tmp_path.glob("frame*"))
    taken: list[StreamFrame] = [pickle.loads(file.read_bytes()) for file in files]
    assert [frame.t for frame in taken] == [0, 1, 2, 3]
    for t, frame in enumerate(taken):
        np.testing.assert_allclose(frame.depth, 1 + 0.1 * t, rtol=1e-6)
        assert frame.color is not None
        assert frame.color.shape == (480, 640, 3)
        assert set(np.unique(frame.color[150:330, 200:440])) <= {40, 60, 80, 100}
        assert frame.taken_s is not None


@pytest.mark.parametrize("name", ["realsense", "realsense:012345"])
def test_realsense_that_is_not_plugged_in_is_refused(name: str) -> None:
    pytest.importorskip("pyrealsense2", exc_type=ImportError)
    assert is_camera(name)
    with pytest.raises(DataError, match=f"{name}: cannot be started .*plugged in"):
        open_camera(name)


def test_realsense_without_a_library_of_the_system_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "pyrealsense2.py"
    broken.write_text("raise ImportError('libusb-1.0.so.0: cannot open shared object file')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "pyrealsense2", raising=False)
    with pytest.raises(DataError, match=r"cannot be loaded \(libusb-1\.0\.so\.0.*install"):
        open_camera("realsense")


def test_a_camera_of_ones_own_is_opened_by_its_name() -> None:
    source = StreamSource(Camera.from_fov(32, 24, 60.0), 15.0)
    asked: list[tuple[str, float | None]] = []

    def opened(serial: str, *, most_hz: float | None) -> tuple[StreamSource, Iterator[StreamFrame]]:
        asked.append((serial, most_hz))
        return source, iter([StreamFrame(0, np.ones((24, 32), np.float32))])

    register_camera("my_camera", opened)
    camera = open_camera("my_camera:7", most_hz=15.0)
    assert (camera.source, [frame.t for frame in camera.frames]) == (source, [0])
    assert asked == [("7", 15.0)]
    assert not is_camera("my_other_camera")
    with pytest.raises(ConfigError, match="my_camera"):
        open_camera("my_kamera")
    with pytest.raises(ConfigError, match="letters and digits"):
        open_camera("my_camera:a b")


def test_cameras_that_other_packages_bring_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    def opened(
        serial: str,  # noqa: ARG001
        *,
        most_hz: float | None,  # noqa: ARG001
    ) -> tuple[StreamSource, Iterator[StreamFrame]]:
        return StreamSource(Camera.from_fov(32, 24, 60.0), 30.0), iter([])

    monkeypatch.setattr(cameras, "load_plugins", lambda: register_camera("plugged", opened))
    assert is_camera("plugged:1")
    assert {"plugged", "realsense"} <= set(cameras.list_cameras())


@pytest.mark.parametrize(("infrared", "mirrored"), [(True, False), (False, False), (True, True)])
def test_joints_found_frame_by_frame_lie_near_those_of_the_whole_recording(
    infrared: bool, mirrored: bool
) -> None:
    known = recording(4, infrared=infrared, mirrored=mirrored)
    frames, source = with_estimated_joints(frames_of(known), StreamSource.of(known), "kinect_v2")
    assert source.layout == "kinect_v2"
    whole = estimate_skeleton(known)
    for t, frame in enumerate(frames):
        assert frame.joints_m is not None
        assert frame.joints_m.shape == (2, 25, 3)
        apart_m = np.linalg.norm(frame.joints_m[0] - whole.joints_m[t, 0], axis=-1)
        assert np.median(apart_m) < 0.01
        assert np.isnan(frame.joints_m[1]).all()
        np.testing.assert_array_equal(frame.tracking[0] > 0, whole.tracking[t, 0] > 0)


def test_a_person_who_is_lost_for_a_moment_stays_and_then_is_gone() -> None:
    known = recording(14, absent=tuple(range(2, 14)), mirrored=False)
    frames, _ = with_estimated_joints(frames_of(known), StreamSource.of(known), "kinect_v1")
    seen = [bool(np.isfinite(frame.joints_m).any()) for frame in frames]
    kept = round(0.3 * known.frame_rate_hz)
    assert seen == [True] * (2 + kept) + [False] * (12 - kept)
