"""The window around who acts: as many body heights at any distance, with joints and without."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from skelflow.camera.pinhole import project
from skelflow.datasets.prepare.config import PrepareConfig
from skelflow.datasets.prepare.person import person_window
from skelflow.datasets.prepare.preprocess import prepare_sequence
from skelflow.datasets.store.store import Store, StoreMeta
from skelflow.flow.encoding import decode_flow
from skelflow.recordings import open_recording
from skelflow.types import Camera, Depth, Frames, Recording, Skeleton

CAMERA = Camera(160, 120, 130.0, 130.0, 79.5, 59.5)
HEIGHT_M, WIDTH_M, STEP_M = 1.5, 0.4, 0.02
FRAMES = 6
SIZE = 32
CONFIG = PrepareConfig(
    window="person", size=(SIZE, SIZE), stride=1, preset="fast", region="clip", companding=0.5
)


def place(x_m: float, z_m: float) -> np.ndarray:
    """Twenty joints down the middle of a body, meters."""
    joints = np.zeros((1, 20, 3), np.float32)
    joints[0, :, 0], joints[0, :, 2] = x_m, z_m
    joints[0, :, 1] = np.linspace(-HEIGHT_M / 2, HEIGHT_M / 2, 20)
    return joints


def person(
    x_m: float = 0.2, z_m: float = 3.0, *, camera: Camera = CAMERA, wall: bool = False
) -> Recording:
    """A bumpy box that comes nearer by 2 cm a frame."""
    joints_m = np.stack([place(x_m, z_m - STEP_M * t) for t in range(FRAMES)])
    joints_px = project(joints_m, camera)

    def depth(t: int) -> Depth:
        y, x = np.mgrid[: camera.height, : camera.width].astype(np.float32)
        near_m = z_m - STEP_M * t
        right = (x - camera.cx) / camera.fx * near_m - x_m
        down = (y - camera.cy) / camera.fy * near_m
        body = (abs(right) < WIDTH_M / 2) & (abs(down) < HEIGHT_M / 2)
        bumps = 0.03 * np.sin(20 * right) * np.cos(17 * down)
        return np.where(body, near_m + bumps, 6.0 if wall else 0.0).astype(np.float32)

    tracking = np.full(joints_m.shape[:3], 2, np.uint8)
    skeleton = Skeleton("kinect_v1", joints_m, joints_px, tracking)
    return Recording("r", Path("r"), camera, 30.0, Frames(FRAMES, depth), skeleton=skeleton)


@pytest.mark.parametrize("z_m", [2.5, 4.0])
@pytest.mark.parametrize("scale", [1, 2])
def test_person_window_is_one_and_a_half_bodies_at_any_distance_and_resolution(
    z_m: float, scale: int
) -> None:
    camera = Camera(160 * scale, 120 * scale, 130.0 * scale, 130.0 * scale, 79.5, 59.5)
    window = person_window(person(z_m=z_m, camera=camera))
    height = camera.fy * HEIGHT_M / (z_m - 2 * STEP_M)  # median of the first five frames
    assert window.width == window.height == pytest.approx(1.5 * height, abs=1)
    middle = np.add(window[:2], (window.width - 1) / 2)
    expected = camera.cx + camera.fx * 0.2 / (z_m - 2 * STEP_M), camera.cy
    np.testing.assert_allclose(middle, expected, atol=1)


@pytest.mark.parametrize("wall", [False, True])
def test_person_window_without_joints_is_around_what_moves_or_is_nearest(wall: bool) -> None:
    seen = person(wall=wall)
    by_joints, by_depth = person_window(seen), person_window(replace(seen, skeleton=None))
    assert by_depth.width == pytest.approx(0.87 * by_joints.width, rel=0.05)  # no head above joints
    np.testing.assert_allclose(
        np.add(by_depth[:2], by_depth.width / 2), np.add(by_joints[:2], by_joints.width / 2), atol=2
    )


def test_person_window_holds_all_bodies() -> None:
    one, other = person(-0.8), person(0.8)
    assert one.skeleton is not None and other.skeleton is not None
    both = [
        np.concatenate(pair, axis=1)
        for pair in zip(
            (one.skeleton.joints_m, one.skeleton.joints_px, one.skeleton.tracking),
            (other.skeleton.joints_m, other.skeleton.joints_px, other.skeleton.tracking),
            strict=True,
        )
    ]
    window = person_window(replace(one, skeleton=Skeleton("kinect_v1", *both)))
    inside = (both[1] >= window[:2]) & (both[1] < np.add(window[:2], window[2:]))
    assert inside.all()


def test_person_window_ignores_joints_that_are_not_tracked() -> None:
    seen = person()
    assert seen.skeleton is not None
    lost = seen.skeleton.joints_px.copy()
    lost[0] = np.nan
    lost[1, 0, :5] = 0
    found = person_window(replace(seen, skeleton=replace(seen.skeleton, joints_px=lost)))
    expected = person_window(seen)
    assert np.abs(np.subtract(found, expected)).max() <= 1


@pytest.mark.parametrize("name", ["a7_s3_t1", "a24_s1_t1", "a26_s2_t4"])
def test_person_window_of_a_real_person_is_the_same_with_joints_and_without(
    data_dir: Path, name: str
) -> None:
    seen = open_recording(data_dir / "utd_mhad" / "depth" / f"{name}_depth.mat")
    by_joints, by_depth = person_window(seen), person_window(replace(seen, skeleton=None))
    assert by_depth.width == pytest.approx(by_joints.width, rel=0.04)
    middles = (np.add(window[:2], window.width / 2) for window in (by_joints, by_depth))
    np.testing.assert_allclose(*middles, atol=0.03 * by_joints.width)


@pytest.mark.parametrize("region", ["image", "crop", "clip"])
@pytest.mark.parametrize("x_m", [0.2, 1.4])  # in the image, and half out of it
def test_sequence_of_a_person_window_has_meters_and_joints_on_them(
    region: str, x_m: float, tmp_path: Path
) -> None:
    config = CONFIG.replace(flow=CONFIG.flow.replace(region=region))
    made = prepare_sequence(person(x_m), config, range_m=0.05, layout="kinect_v1")
    motion = decode_flow(made.flow, 0.05, companding=0.5)
    assert made.flow.shape == (FRAMES - 1, SIZE, SIZE, 3)
    y, x = np.nonzero(np.abs(motion[0]).max(axis=-1) > 0.005)
    joints = made.joints_px[0, 0]
    assert joints[8:12, 0] == pytest.approx(np.full(4, np.median(x)), abs=2 if x_m < 1 else 4)
    assert joints[0, 1] == pytest.approx(y.min(), abs=1.5)
    assert joints[-1, 1] == pytest.approx(y.max(), abs=1.5)
    body = motion[:, 12:20, x.min() + 1 : x.max(), 2]
    assert np.median(body) == pytest.approx(-STEP_M, rel=0.15)  # whatever the resolution
    store = Store.create(tmp_path / "s", StoreMeta("folder", "kinect_v1", config.flow))
    store.write(made)
    assert store.read("r").window == made.window == person_window(person(x_m))
