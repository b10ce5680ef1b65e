"""The images made of depth for recordings that have no other."""

import numpy as np
import pytest

from skelflow.flow.engines.depth_image import relief, shading
from skelflow.types import Camera

CAMERA = Camera.from_fov(80, 60, 62.5)


def wall(slope_per_px: float = 0.0) -> np.ndarray:
    """A wall that recedes to the right."""
    depth = 2 + slope_per_px * np.arange(80, dtype=np.float32)
    return np.tile(depth, (60, 1)).astype(np.float32)


def test_shading_of_a_facing_wall_is_the_brightest_and_a_receding_one_is_darker() -> None:
    facing, receding = (shading(wall(slope), CAMERA)[30, 40] for slope in (0, 0.03))
    assert facing == pytest.approx(255, abs=0.1)
    depth, slope = wall(0.03)[30, 40], 0.03 * CAMERA.fx
    assert receding == pytest.approx(40 + 215 * depth / np.hypot(depth, slope), rel=0.01)


def test_shading_is_black_where_there_is_no_depth_and_finite_everywhere() -> None:
    depth = wall()
    depth[:, :40] = 0
    image = shading(depth, CAMERA)
    assert image[30, 10] == 0
    assert np.isfinite(image).all()
    assert np.isfinite(shading(np.zeros_like(depth), CAMERA)).all()


def test_relief_shows_what_stands_out_and_leaves_the_background_gray() -> None:
    depth = wall()
    depth[25:35, 35:45] = 1.9
    image = relief(depth)
    assert image[30, 40] < image[5, 5] - 5
    assert image[5, 5] == pytest.approx(110, abs=0.5)
    assert relief(np.zeros_like(depth)) == pytest.approx(110)


def test_relief_and_shading_do_not_see_a_flying_pixel() -> None:
    depth = wall()
    strayed = depth.copy()
    strayed[30, 40] = 3.1
    np.testing.assert_array_equal(relief(strayed), relief(depth))
    np.testing.assert_array_equal(shading(strayed, CAMERA), shading(depth, CAMERA))
