"""Registration on scenes whose answer is known."""

import numpy as np
import pytest

from skelflow.camera.calibration.fit import project_color
from skelflow.camera.pinhole import unproject
from skelflow.camera.register import gray, register_color
from skelflow.errors import CalibrationError
from skelflow.types import Camera, Projection

CAMERA = Camera(64, 48, 50.0, 50.0, 31.5, 23.5)


def same_view(shift_m: float = 0.0) -> Projection:
    """The depth camera itself, moved `shift_m` to the left."""
    matrix = [[50, 0, 31.5, 50 * shift_m], [0, 50, 23.5, 0]]
    return Projection(64, 48, np.array(matrix, dtype=np.float32))


def noise(height: int = 48, width: int = 64) -> np.ndarray:
    return np.random.default_rng(0).integers(1, 256, (height, width, 3), dtype=np.uint8)


def plane(depth_m: float) -> np.ndarray:
    return np.full((48, 64), depth_m, np.float32)


def test_register_changes_nothing_when_the_cameras_are_one() -> None:
    color = noise()
    found = register_color(color, plane(2.0), CAMERA, same_view())
    assert np.abs(found.astype(int) - color).max() <= 1


def test_register_shifts_a_plane_by_its_disparity() -> None:
    color = noise()
    found = register_color(color, plane(2.0), CAMERA, same_view(0.2))  # 50 * 0.2 / 2 = 5 px
    assert np.abs(found[:, :59].astype(int) - color[:, 5:]).max() <= 1
    assert (found[:, 59:] == 0).all()


def test_register_leaves_pixels_without_depth_black() -> None:
    depth = plane(2.0)
    depth[10:20, 30:40] = 0
    found = register_color(noise(), depth, CAMERA, same_view())
    assert (found[10:20, 30:40] == 0).all()
    assert (found[:10] > 0).any()


def test_register_does_not_paint_the_hidden_surface_with_the_front_one() -> None:
    depth = plane(4.0)
    depth[:, 20:30] = 1.0
    shift = 0.2  # front moves 10 px to columns 30..39, the wall 2.5 px: 30..37 of the wall hide
    color = np.full((48, 64, 3), 50, np.uint8)
    color[:, 30:40] = 200
    found = register_color(color, depth, CAMERA, same_view(shift))
    assert (found[:, 21:29] == 200).all()
    assert (found[:, 30:36] == 0).all()
    assert (found[:, 41:60] == 50).all()


def test_register_averages_when_color_is_finer() -> None:
    color = np.zeros((144, 192, 3), np.uint8)
    color[:, ::3] = 240  # one column in three
    matrix = np.array([[150, 0, 95.5, 0], [0, 150, 71.5, 0]], dtype=np.float32)
    found = register_color(color, plane(2.0), CAMERA, Projection(192, 144, matrix))
    assert np.abs(found[2:-2, 2:-2].astype(int) - 80).max() <= 1


def test_register_looks_where_lenses_and_a_tilt_put_each_pixel() -> None:
    camera = Camera(64, 48, 50.0, 50.0, 31.5, 23.5, 0.09, -0.27, 0.09)
    matrix = np.array([[50, 1, 31.5, 4], [-1, 50, 23.5, 0]], dtype=np.float32)
    bend = np.random.default_rng(3).uniform(-4, 4, (2, 7)).astype(np.float32)
    projection = Projection(64, 48, matrix, bend)
    rows, columns = np.mgrid[:48, :64]
    ramps = np.stack((3 * columns, 4 * rows, np.full((48, 64), 9)), axis=-1).astype(np.uint8)
    depth = plane(2.0)
    found = register_color(ramps, depth, camera, projection)
    u, v = np.moveaxis(project_color(unproject(depth, camera), projection), -1, 0)
    inside = found[..., 2] > 0
    assert 0.5 < inside.mean() < 1
    assert np.abs(found[..., 0] / 3 - u)[inside].max() < 0.6
    assert np.abs(found[..., 1] / 4 - v)[inside].max() < 0.6
    assert np.abs(u - columns).max() > 3  # far from where a straight look would find it


def test_register_fails_when_sizes_differ() -> None:
    with pytest.raises(CalibrationError, match="color image is 32x48, its camera 64x48"):
        register_color(noise(48, 32), plane(2.0), CAMERA, same_view())
    with pytest.raises(CalibrationError, match="depth image is 10x5, its camera 64x48"):
        register_color(noise(), np.ones((5, 10), np.float32), CAMERA, same_view())


def test_gray_weighs_the_colors() -> None:
    color = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]]], np.uint8)
    np.testing.assert_allclose(gray(color), [[76.245, 149.685, 29.07, 255.0]], rtol=1e-5)
