"""Flow errors with known answers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from benchmarks.scenes.residual import warp_residual
from benchmarks.scenes.scenes import make_plane, make_scene
from skelflow.errors import DataError
from skelflow.flow.metrics import (
    accuracy,
    end_point_error,
    end_point_error_px,
    measure_flow,
    median_end_point_error,
)
from skelflow.types import Camera

CAMERA = Camera(8, 6, 100.0, 100.0, 3.5, 2.5)
STILL = np.zeros((6, 8, 3), np.float32)
WALL = np.full((6, 8), 2.0, np.float32)
FLOWS = hnp.arrays(np.float32, (6, 8, 3), elements=st.floats(-0.5, 0.5, width=32))
ERRORS = [end_point_error, median_end_point_error, accuracy]


def only(*pixels: tuple[int, int]) -> np.ndarray:
    mask = np.zeros((6, 8), bool)
    for pixel in pixels:
        mask[pixel] = True
    return mask


def test_end_point_error_is_the_distance() -> None:
    assert end_point_error(STILL, STILL + np.float32([0.003, 0, 0.004])) == pytest.approx(0.005)


def test_end_point_error_is_the_mean_and_its_median_the_median() -> None:
    truth = STILL.copy()
    truth[0, 0, 2] = 48.0  # one of 48 pixels
    assert end_point_error(STILL, truth) == pytest.approx(1.0)
    assert median_end_point_error(STILL, truth) == 0


@given(FLOWS, FLOWS)
def test_end_point_error_is_a_distance(one: np.ndarray, other: np.ndarray) -> None:
    found = end_point_error(one, other)
    assert found == pytest.approx(end_point_error(other, one))
    assert found <= end_point_error(one, STILL) + end_point_error(STILL, other) + 1e-6
    assert end_point_error(one, one) == 0


@given(FLOWS, FLOWS, st.floats(0.1, 10))
def test_end_point_error_grows_with_the_unit(
    one: np.ndarray, other: np.ndarray, factor: float
) -> None:
    scaled = (one * np.float32(factor), other * np.float32(factor))
    for measure in (end_point_error, median_end_point_error):
        assert measure(*scaled) == pytest.approx(factor * measure(one, other), rel=1e-3, abs=1e-6)


@pytest.mark.parametrize("measure", ERRORS)
def test_error_counts_valid_pixels_only(measure: object) -> None:
    truth = STILL.copy()
    truth[2, 3] = 9
    assert measure(STILL, truth, valid=only((0, 0))) == measure(STILL, STILL)
    assert measure(STILL, truth, valid=only((2, 3))) != measure(STILL, STILL)


@pytest.mark.parametrize("measure", ERRORS)
def test_error_leaves_out_pixels_of_unknown_truth(measure: object) -> None:
    truth = STILL.copy()
    truth[2, 3, 1] = np.nan
    assert measure(STILL, truth) == measure(STILL, STILL)
    assert measure(STILL, truth, valid=only((2, 3), (0, 0))) == measure(STILL, STILL)


@pytest.mark.parametrize("measure", ERRORS)
@pytest.mark.parametrize("nothing", [only(), None], ids=["empty mask", "unknown truth"])
def test_error_refuses_to_count_nothing(measure: object, nothing: np.ndarray | None) -> None:
    truth = STILL if nothing is not None else STILL + np.float32(np.nan)
    with pytest.raises(DataError, match="no pixel is valid"):
        measure(STILL, truth, valid=nothing)


@pytest.mark.parametrize("measure", ERRORS)
def test_error_refuses_a_flow_that_is_no_number(measure: object) -> None:
    flow = STILL.copy()
    flow[1, 1, 0], flow[2, 2, 2] = np.nan, np.inf
    with pytest.raises(DataError, match="NaN or infinite at 2 of 48 valid pixels"):
        measure(flow, STILL)
    assert measure(flow, STILL, valid=only((0, 0))) == measure(STILL, STILL)


@pytest.mark.parametrize("measure", ERRORS)
def test_error_refuses_two_sizes(measure: object) -> None:
    with pytest.raises((DataError, TypeError)):  # TypeError: shapes checked
        measure(STILL, STILL[:3])
    with pytest.raises((DataError, TypeError)):
        measure(STILL, STILL, valid=np.ones((3, 8), bool))


def test_accuracy_counts_by_hand() -> None:
    truth = STILL.copy()
    truth[0] = 0.2, 0, 0  # 10 % of it is 2 cm: here the 5 cm count
    truth[1] = 0, 2.0, 0  # 10 % of it is 20 cm
    flow = truth.copy()
    flow[0, :4, 2] = 0.04
    flow[0, 4:, 2] = 0.06
    flow[1, :4, 0] = 0.19
    flow[1, 4:, 0] = 0.21
    assert accuracy(flow, truth) == pytest.approx(40 / 48)
    assert accuracy(flow, truth, within_m=0.01, within_share=0.05) == pytest.approx(32 / 48)
    assert accuracy(flow, truth, within_m=0.1, within_share=0.1) == pytest.approx(44 / 48)


@given(FLOWS, FLOWS)
def test_accuracy_falls_with_stricter_bounds(one: np.ndarray, other: np.ndarray) -> None:
    found = [accuracy(one, other, within_m=at, within_share=at) for at in (0.01, 0.05, 0.1, 0.5)]
    assert found == sorted(found)
    assert accuracy(one, one) == 1


def test_error_in_the_image_is_in_pixels() -> None:
    sideways = end_point_error_px(STILL + np.float32([0.1, 0, 0]), STILL, WALL, camera=CAMERA)
    assert sideways == pytest.approx(5.0, rel=1e-5)  # 100 px focal length, 2 m away


def test_error_in_the_image_knows_no_motion_along_the_ray() -> None:
    rays = np.stack(np.meshgrid(np.arange(8) - 3.5, np.arange(6) - 2.5), -1) / 100
    away = 0.5 * np.concatenate((rays, np.ones((6, 8, 1))), -1).astype(np.float32)
    assert end_point_error_px(away, STILL, WALL, camera=CAMERA) < 1e-3
    assert end_point_error(away, STILL) > 0.5


def test_error_in_the_image_counts_pixels_with_depth() -> None:
    wrong = STILL.copy()
    wrong[0] = 0.1, 0, 0
    holes = WALL.copy()
    holes[0] = 0
    assert end_point_error_px(wrong, STILL, holes, camera=CAMERA) == 0
    with pytest.raises(DataError, match="no pixel is valid"):
        end_point_error_px(wrong, STILL, holes, camera=CAMERA, valid=only((0, 0)))


def test_error_in_the_image_is_large_and_finite_behind_the_camera() -> None:
    behind = STILL + np.float32([0, 0, -3])
    assert 100 < end_point_error_px(behind, STILL, WALL, camera=CAMERA) < 1e4
    with pytest.raises(DataError, match="no pixel is valid"):
        end_point_error_px(STILL, behind, WALL, camera=CAMERA)


def test_error_in_the_image_refuses_another_camera() -> None:
    with pytest.raises(DataError, match="the flow is 8 x 6, the camera is 9 x 6"):
        end_point_error_px(STILL, STILL, WALL, camera=Camera.from_fov(9, 6, 60.0))


def test_warp_residual_of_the_truth_is_small() -> None:
    plane = make_plane(width=160, height=120, motion_m=(0.03, -0.02, -0.05), rotvec_deg=(10, 20, 0))
    frames = plane.intensity0, plane.depth0, plane.intensity1, plane.depth1
    right = warp_residual(plane.flow_m, *frames, camera=plane.camera)
    none = warp_residual(np.zeros_like(plane.flow_m), *frames, camera=plane.camera)
    assert right.depth_m < 1e-4
    assert right.gray < 1.5
    assert none.gray > 5 * right.gray
    assert none.depth_m > 0.03
    assert 0.9 < right.share < 1
    assert none.share == 1


def test_warp_residual_measures_the_difference() -> None:
    gray = np.full((6, 8), 90, np.float32)
    found = warp_residual(STILL, gray, WALL, gray - 3, WALL + np.float32(0.25), camera=CAMERA)
    assert found == pytest.approx((3, 0.25, 1))


def test_warp_residual_leaves_out_holes_and_what_leaves_the_image() -> None:
    gray, away = np.full((6, 8), 90, np.float32), STILL.copy()
    away[:, :4] = 9, 0, 0
    holes = WALL.copy()
    holes[0] = 0
    found = warp_residual(away, gray, WALL, gray, holes, camera=CAMERA)
    assert found == pytest.approx((0, 0, 20 / 48))
    found = warp_residual(away, gray, holes, gray, WALL, camera=CAMERA)
    assert found.share == pytest.approx(0.5)
    away[:] = 0, 0, -5
    with pytest.raises(DataError, match="moves to a place where frame 1 has depth"):
        warp_residual(away, gray, WALL, gray, WALL, camera=CAMERA)


def test_warp_residual_refuses_what_it_cannot_count() -> None:
    gray, strange = np.full((6, 8), 90, np.float32), STILL.copy()
    strange[1, 1] = np.nan
    with pytest.raises(DataError, match="NaN or infinite at 1 of 48"):
        warp_residual(strange, gray, WALL, gray, WALL, camera=CAMERA)
    with pytest.raises(DataError, match="no pixel is valid"):
        warp_residual(STILL, gray, np.zeros_like(WALL), gray, WALL, camera=CAMERA)
    found = warp_residual(strange, gray, WALL, gray, WALL, camera=CAMERA, valid=~only((1, 1)))
    assert found == (0, 0, 1)


def test_measure_flow_agrees_with_each_measure() -> None:
    scene = make_scene("S4", width=80, height=60)
    flow = scene.flow_m + np.float32(0.01)
    found = measure_flow(
        flow, scene.flow_m, scene.depth0, camera=scene.camera, regions=scene.regions
    )
    assert set(found) == {"all", "boundary", "occluded", "moving"}  # nothing is untextured
    for name, error in found.items():
        region = np.ones_like(scene.visible) if name == "all" else scene.regions[name]
        assert error.pixels == region.sum()
        assert error.mean_m == end_point_error(flow, scene.flow_m, valid=region)
        assert error.median_m == median_end_point_error(flow, scene.flow_m, valid=region)
        assert error.accuracy == accuracy(flow, scene.flow_m, valid=region) == 1
        assert error.mean_px == end_point_error_px(
            flow, scene.flow_m, scene.depth0, camera=scene.camera, valid=region
        )


def test_measure_flow_refuses_a_frame_without_depth() -> None:
    with pytest.raises(DataError, match="no pixel is valid"):
        measure_flow(STILL, STILL, np.zeros_like(WALL), camera=CAMERA)
