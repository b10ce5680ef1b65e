"""A recording whose parts contradict each other is refused with what is likely wrong."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from skelflow.camera.pinhole import project
from skelflow.camera.plausible import check_camera
from skelflow.errors import ConfigError, FormatError
from skelflow.recordings.consistency import checked
from skelflow.types import Camera, Depth, Frames, Recording, Skeleton

CAMERA = Camera(320, 240, 260.0, 260.0, 159.5, 119.5)
COUNT = 30


def joints_of_a_person() -> np.ndarray:
    """(30, 1, 20, 3) meters: a thin figure to the left, above the middle, at 2.5 m."""
    rng = np.random.default_rng(0)
    joints = rng.uniform([-0.7, -0.9, 2.45], [-0.3, 0.3, 2.55], (20, 3))
    return np.repeat(joints[None, None], COUNT, axis=0).astype(np.float32)


def depth_of_a_person(wall_m: float = 4.0) -> Depth:
    y, x = np.mgrid[:240, :320].astype(np.float32)
    x_m, y_m = (x - CAMERA.cx) / CAMERA.fx * 2.5, (y - CAMERA.cy) / CAMERA.fy * 2.5
    body = (x_m > -0.75) & (x_m < -0.25) & (y_m > -0.95) & (y_m < 0.35)
    return np.where(body, 2.4, wall_m).astype(np.float32)


def recording(joints_m: np.ndarray, camera: Camera = CAMERA) -> Recording:
    skeleton = Skeleton(
        "kinect_v1", joints_m, project(joints_m, camera), np.full(joints_m.shape[:3], 2, np.uint8)
    )
    depth = Frames(COUNT, lambda _: depth_of_a_person())
    return Recording("r", Path("r"), camera, 30.0, depth, skeleton=skeleton)


def test_checked_leaves_a_right_recording_alone() -> None:
    right = recording(joints_of_a_person())
    assert checked(right) == right


@pytest.mark.parametrize(
    ("factor", "said"),
    [
        ([1, -1, 1], "100% would if they were with y turned over"),
        ([-1, 1, 1], "100% would if they were mirrored"),
        ([1000, 1000, 1000], "are these millimeters"),
        ([1, 1, 1.5], "are they in meters, in the depth camera's frame"),
    ],
)
def test_checked_refuses_joints_that_do_not_lie_on_the_depth(factor: list, said: str) -> None:
    with pytest.raises(FormatError, match=said):
        checked(recording(joints_of_a_person() * np.array(factor, np.float32)))


def test_checked_refuses_pixels_of_another_image() -> None:
    right = recording(joints_of_a_person())
    assert right.skeleton is not None
    pixels = np.full_like(right.skeleton.joints_px, 1200)
    with pytest.raises(FormatError, match=r"100% would if .* without u_px and v_px"):
        checked(replace(right, skeleton=replace(right.skeleton, joints_px=pixels)))


def test_checked_refuses_the_camera_of_another_resolution() -> None:
    wrong = replace(CAMERA, fx=520.0, fy=520.0, cx=250.0, cy=180.0)
    with pytest.raises(FormatError, match=r"is \[camera\] the depth camera's"):
        checked(recording(joints_of_a_person(), wrong))


def test_checked_notes_instead_of_refuses_what_was_published() -> None:
    mirrored = recording(joints_of_a_person() * np.array([-1, 1, 1], np.float32))
    assert checked(mirrored, published=True).repairs == ("only 0% of its joints lie on the depth",)


def test_checked_takes_joints_in_the_camera_for_missing() -> None:
    joints_m = joints_of_a_person()
    joints_m[:, :, 12:] = 0
    found = checked(recording(joints_m))
    assert np.isnan(found.skeleton.joints_m[:, :, 12:]).all()
    assert np.isnan(found.skeleton.joints_px[:, :, 12:]).all()
    assert found.skeleton.tracking[:, :, 12:].max() == 0
    assert found.repairs == ("240 joints are at (0, 0, 0), the camera: taken for missing",)


def test_checked_refuses_depth_of_another_unit_unless_any_is_right() -> None:
    far = replace(
        recording(joints_of_a_person()),
        skeleton=None,
        depth=Frames(COUNT, lambda _: depth_of_a_person() * np.float32(5)),
    )
    with pytest.raises(FormatError, match=r"20 m in the median, expected 0.2 to 9 m"):
        checked(far)
    assert checked(replace(far, any_depth=True)).repairs == ()


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ((0.49, 0.49, 0.49, 0.5), "look normalized"),
        ((1.93, 1.93, 319.5, 239.5), "millimeters"),
        ((925.6, 925.6, 640.0, 360.0), "another resolution"),
        ((8000.0, 8000.0, 319.5, 239.5), "expected 10 to 150"),
        ((525.0, 200.0, 319.5, 239.5), "not nearly square"),
    ],
)
def test_check_camera_refuses_what_no_camera_has(values: tuple, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        check_camera(Camera(640, 480, *values))


def test_check_camera_names_radians() -> None:
    with pytest.raises(ConfigError, match=r"radians\? 1.09\d* of them are 62.5 degrees"):
        check_camera(Camera.from_fov(640, 480, 1.0908))


def test_check_camera_takes_cameras_of_every_usual_kind() -> None:
    for fov in (27.0, 62.5, 90.0, 120.0):
        check_camera(Camera.from_fov(640, 576, fov))
