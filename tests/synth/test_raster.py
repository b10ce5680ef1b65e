"""The z-buffer: known answers, and the ray caster beside it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.scenes.render import cast_rays
from benchmarks.scenes.shapes import Sphere
from skelflow.camera.pinhole import unproject
from skelflow.errors import ConfigError
from skelflow.synth.motions.meshes import make_ball
from skelflow.synth.rendering.raster import NOTHING, rasterize
from skelflow.types import Camera

CAMERA = Camera(64, 48, 60.0, 61.0, 31.2, 23.7)
QUAD = np.array([[0, 1, 2], [0, 2, 3]], np.int32)


def wall(depth_m: tuple[float, float, float, float], half_m: float = 5.0) -> np.ndarray:
    """Four corners around the axis, clockwise from the upper left, each at its depth."""
    signs = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
    return np.column_stack([half_m * signs, depth_m]).astype(np.float32)


def test_rasterize_gives_a_slanted_plane_its_exact_depth() -> None:
    raster = rasterize(wall((2, 4, 4, 2)), QUAD, camera=CAMERA)
    rays = cast_rays(CAMERA)
    np.testing.assert_allclose(raster.depth_m, 3 / (1 - 0.2 * rays[..., 0]), rtol=1e-6)
    assert (raster.face != NOTHING).all()


def test_rasterize_weights_give_the_point_of_the_pixel_in_space() -> None:
    corners = wall((2, 4, 3, 2.5))
    raster = rasterize(corners, QUAD, camera=CAMERA)
    points = (raster.weights[..., None] * corners[QUAD[raster.face]]).sum(axis=-2)
    np.testing.assert_allclose(raster.weights.sum(axis=-1), 1, atol=1e-6)
    np.testing.assert_allclose(points, unproject(raster.depth_m, CAMERA), atol=2e-5)


def test_rasterize_keeps_the_nearer_triangle_whatever_the_order() -> None:
    near, far = wall((1, 1, 1, 1), half_m=0.1), wall((2, 2, 2, 2))
    for first, second in ((near, far), (far, near)):
        points = np.concatenate((first, second))
        raster = rasterize(points, np.concatenate((QUAD, QUAD + 4)), camera=CAMERA)
        assert raster.depth_m[24, 31] == pytest.approx(1)
        assert raster.depth_m[0, 0] == pytest.approx(2)


def test_rasterize_draws_a_floor_that_reaches_behind_the_camera() -> None:
    floor = np.array([[-9, 1, -9], [9, 1, -9], [9, 1, 9], [-9, 1, 9]], np.float32)
    raster = rasterize(floor, QUAD, camera=CAMERA)
    down = cast_rays(CAMERA)[..., 1]
    shown = raster.face != NOTHING
    np.testing.assert_array_equal(shown, down > 1 / 9)
    np.testing.assert_allclose(raster.depth_m[shown], 1 / down[shown], rtol=1e-6)
    assert (raster.depth_m[~shown] == 0).all()


def test_rasterize_draws_nothing_of_what_is_behind_or_has_no_area() -> None:
    flat = np.array([[0, 0, 2], [1, 1, 2], [2, 2, 2]], np.float32)
    for points in (wall((-1, -1, -1, -1)), np.concatenate((flat, flat[:1]))):
        assert (rasterize(points, QUAD, camera=CAMERA).face == NOTHING).all()


def test_rasterize_agrees_with_the_ray_caster_on_a_fine_ball() -> None:
    ball = make_ball(0.5, "skin")
    points, faces = ball.points_m, ball.faces
    for _ in range(3):  # finer, and round again
        points, faces = split(points, faces)
        points *= 0.5 / np.linalg.norm(points, axis=1, keepdims=True)
    placed = (points + np.array([0.1, -0.1, 2.0])).astype(np.float32)
    raster = rasterize(placed, faces.astype(np.int32), camera=CAMERA)
    rays = cast_rays(CAMERA)
    exact = Sphere(0.5).meet(-np.array([0.1, -0.1, 2.0]), rays)
    both = np.isfinite(exact) & (raster.face != NOTHING)
    assert both.sum() > 0.97 * np.isfinite(exact).sum()
    assert np.median(np.abs(raster.depth_m - exact)[both]) < 1e-3


def split(points: np.ndarray, faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each triangle in four."""
    a, b, c = (points[faces[:, corner]] for corner in range(3))
    corners = np.stack((a, b, c, (a + b) / 2, (b + c) / 2, (c + a) / 2), axis=1)
    start = 6 * np.arange(len(faces))[:, None, None]
    four = np.array([[0, 3, 5], [3, 1, 4], [5, 4, 2], [3, 4, 5]])
    return corners.reshape(-1, 3), (start + four).reshape(-1, 3)


def test_rasterize_refuses_a_lens_that_distorts() -> None:
    bent = Camera(64, 48, 60.0, 61.0, 31.2, 23.7, k1=0.1)
    with pytest.raises(ConfigError, match="without distortion"):
        rasterize(wall((2, 2, 2, 2)), QUAD, camera=bent)


@settings(max_examples=40, deadline=None)
@given(
    x=st.floats(-0.5, 0.5), y=st.floats(-0.5, 0.5), near=st.floats(0.6, 1.5), far=st.floats(1.6, 4)
)
def test_rasterize_leaves_no_crack_between_triangles(
    x: float, y: float, near: float, far: float
) -> None:
    points = np.concatenate((wall((near, far, near, far)), np.float32([[x, y, near]])))
    faces = np.array([[0, 1, 4], [1, 2, 4], [2, 3, 4], [3, 0, 4]], np.int32)
    assert (rasterize(points, faces, camera=CAMERA).face != NOTHING).all()
