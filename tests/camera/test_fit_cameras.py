"""Cameras that are known, found again from points and pixels."""

import numpy as np
import pytest

from skelflow.camera.calibration.fit import (
    fit_color_affine,
    fit_color_projection,
    fit_depth_camera,
    project_color,
)
from skelflow.camera.pinhole import project, unproject
from skelflow.errors import CalibrationError
from skelflow.types import Camera, Projection

TRUTH = Camera(512, 424, 365.5, 366.2, 256.3, 208.5)
COLOR = Projection(
    1920, 1080, np.array([[1060, 3, 957, 55], [-4, 1058, 548, 1.5]], dtype=np.float32)
)

LENS = Camera(512, 424, 365.5, 365.5, 256.3, 208.5, 0.09, -0.27, 0.09)  # of a Kinect v2
BEND = np.random.default_rng(9).uniform(-30, 30, (2, 7)).astype(np.float32)


def points(count: int = 400, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.uniform([-1, -1, 2.5], [1, 1, 4.0], (count, 3))


def test_depth_camera_is_found_when_pixels_are_exact() -> None:
    joints = points()
    camera = fit_depth_camera(joints, project(joints, TRUTH), width=512, height=424)
    np.testing.assert_allclose(
        [camera.fx, camera.fy, camera.cx, camera.cy], [365.5, 366.2, 256.3, 208.5], rtol=1e-9
    )
    assert (camera.width, camera.height) == (512, 424)


def test_depth_camera_survives_noise_outliers_and_missing_joints() -> None:
    rng = np.random.default_rng(1)
    joints = points()
    pixels = project(joints, TRUTH) + rng.normal(0, 0.3, (400, 2))
    pixels[:100] += rng.uniform(20, 200, (100, 2))
    pixels[100:120] = np.nan
    joints[120:140] = np.nan
    joints[140:150, 2] = 0
    camera = fit_depth_camera(joints, pixels, width=512, height=424)
    np.testing.assert_allclose([camera.fx, camera.fy], [365.5, 366.2], atol=0.5)
    np.testing.assert_allclose([camera.cx, camera.cy], [256.3, 208.5], atol=0.15)


def test_depth_camera_takes_arrays_of_frames_and_bodies() -> None:
    joints = points(500).astype(np.float32).reshape(10, 2, 25, 3)
    camera = fit_depth_camera(joints, project(joints, TRUTH), width=512, height=424)
    assert camera.fx == pytest.approx(365.5, abs=1e-2)


def test_color_projection_is_found_when_a_quarter_are_outliers() -> None:
    rng = np.random.default_rng(2)
    joints = points()
    pixels = project_color(joints, COLOR) + rng.normal(0, 0.3, (400, 2))
    pixels[:100] += 150
    fit = fit_color_projection(joints, pixels, width=1920, height=1080)
    error = np.abs(project_color(joints, fit) - project_color(joints, COLOR))
    assert error.max() < 0.5


@pytest.mark.parametrize("share", [0.25, 0.45])
def test_fits_ignore_outliers_that_agree_with_each_other(share: float) -> None:
    joints = points()
    wrong = np.arange(len(joints)) < share * len(joints)
    for truth_px, fit, mapped in (
        (project(joints, LENS), fit_depth_camera, project),
        (project_color(joints, COLOR), fit_color_projection, project_color),
    ):
        pixels = truth_px + np.where(wrong[:, None], np.array([60.0, -40.0]), 0.0)
        found = fit(joints, pixels, width=1920, height=1080)  # type: ignore[operator]
        np.testing.assert_allclose(mapped(joints, found), truth_px, atol=1e-2)  # type: ignore[operator]


def test_depth_camera_finds_the_lens_when_pixels_are_exact() -> None:
    joints = points()
    camera = fit_depth_camera(joints, project(joints, LENS), width=512, height=424)
    assert camera.fx == pytest.approx(365.5, abs=1e-3)
    np.testing.assert_allclose(camera.distortion, LENS.distortion, atol=1e-4)


def test_fits_keep_to_straight_cameras_when_noise_hides_the_lens() -> None:
    rng = np.random.default_rng(4)
    joints = points()
    noise = rng.normal(0, 1, (len(joints), 2))
    camera = fit_depth_camera(joints, project(joints, LENS) + noise, width=512, height=424)
    assert camera.distortion == (0, 0, 0)
    pixels = project_color(joints, COLOR) + noise
    assert fit_color_projection(joints, pixels, width=1920, height=1080).bend is None


def test_color_projection_finds_tilt_and_lens_when_pixels_are_exact() -> None:
    joints = points()
    truth = Projection(1920, 1080, COLOR.matrix, BEND)
    fit = fit_color_projection(joints, project_color(joints, truth), width=1920, height=1080)
    assert fit.bend is not None
    others = points(seed=5)
    np.testing.assert_allclose(project_color(others, fit), project_color(others, truth), atol=0.01)


def test_color_affine_needs_no_parallax() -> None:
    joints = points()
    joints[:, 2] = 3.0
    pixels = project_color(joints, COLOR)
    fit = fit_color_affine(joints, pixels, width=1920, height=1080)
    np.testing.assert_allclose(project_color(joints, fit), pixels, atol=1e-3)


def test_unproject_and_project_are_inverse_through_a_lens() -> None:
    rows, columns = np.mgrid[:424, :512].astype(np.float64)
    points_m = unproject(np.full((424, 512), 2, np.float32), LENS)
    assert (points_m[..., 2] == 2).all()
    found = project(points_m, LENS)
    np.testing.assert_allclose(found, np.stack((columns, rows), axis=-1), atol=1e-3)


def test_project_color_is_undefined_behind_the_camera() -> None:
    assert np.isnan(project_color(np.array([[0.0, 0.0, -1.0], [0.0, 0.0, 0.0]]), COLOR)).all()


@pytest.mark.parametrize("fit", [fit_depth_camera, fit_color_projection])
def test_fit_fails_when_points_are_few(fit: object) -> None:
    joints = points(30)
    pixels = project(joints, TRUTH)
    pixels[:15] = np.nan
    with pytest.raises(CalibrationError, match=r"15 joints with both .* at least 20"):
        fit(joints, pixels, width=512, height=424)  # type: ignore[operator]


def test_depth_camera_fails_when_points_lie_on_one_ray() -> None:
    joints = np.linspace(1, 4, 50)[:, None] * np.array([[0.1, 0.2, 1.0]])
    with pytest.raises(CalibrationError, match="X/Z of the joints spans only"):
        fit_depth_camera(joints, project(joints, TRUTH), width=512, height=424)


def test_color_projection_fails_when_points_have_one_depth() -> None:
    joints = points()
    joints[:, 2] = 3.0
    with pytest.raises(CalibrationError, match="1/Z of the joints spans only"):
        fit_color_projection(joints, project_color(joints, COLOR), width=1920, height=1080)


def test_color_projection_fails_when_points_lie_on_one_line() -> None:
    joints = points()
    joints[:, 1] = joints[:, 0]
    with pytest.raises(CalibrationError, match="rank 6 of 8"):
        fit_color_projection(joints, project_color(joints, COLOR), width=1920, height=1080)


def test_depth_camera_fails_when_pixels_are_unrelated() -> None:
    pixels = np.random.default_rng(3).uniform(0, 400, (400, 2))
    with pytest.raises(CalibrationError, match="misses the pixels"):
        fit_depth_camera(points(), pixels, width=512, height=424)


def test_depth_camera_fails_when_y_is_up() -> None:
    joints = points()
    pixels = project(joints, TRUTH)
    joints[:, 1] *= -1
    with pytest.raises(CalibrationError, match="y down"):
        fit_depth_camera(joints, pixels, width=512, height=424)
