"""Synthetic scenes: the truth is true, the masks mean what they say."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.scenes.render import Scene, cast_rays, render_scene
from benchmarks.scenes.scenes import (
    SCENES,
    build_ball,
    build_panel,
    build_room,
    make_plane,
    make_scene,
)
from benchmarks.scenes.sensor import sense_depth, sense_intensity
from benchmarks.scenes.shapes import Sphere, spin
from benchmarks.scenes.texture import Texture
from skelflow.camera.pinhole import project
from skelflow.errors import ConfigError
from skelflow.synth.rigid import apply_rigid, rigid_transform
from skelflow.types import Camera

HEIGHT, WIDTH = 120, 160
SHIFTS = st.tuples(*[st.floats(-0.05, 0.05)] * 3)


def moved_points(scene: Scene) -> np.ndarray:
    """Where the truth says each pixel's point is in frame 1's camera."""
    return scene.depth0[..., None] * cast_rays(scene.camera) + scene.flow_m


def sample(image: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """Bilinear, in float64: OpenCV's remap rounds places to 1/32 pixel."""
    height, width = image.shape
    x = np.clip(pixels[..., 0], 0, width - 1)
    y = np.clip(pixels[..., 1], 0, height - 1)
    left, top = (
        np.minimum(np.floor(at).astype(int), end - 2) for at, end in ((x, width), (y, height))
    )
    a, b = x - left, y - top
    upper = (1 - a) * image[top, left] + a * image[top, left + 1]
    lower = (1 - a) * image[top + 1, left] + a * image[top + 1, left + 1]
    return (1 - b) * upper + b * lower


def curvature(image: np.ndarray) -> np.ndarray:
    """The largest second difference around each pixel: how far bilinear reading may be off."""
    padded = np.pad(image.astype(np.float64), 1, mode="edge")
    bends = [np.abs(np.diff(padded, 2, axis=axis)) for axis in (0, 1)]
    bend = np.maximum(bends[0][:, 1:-1], bends[1][1:-1])
    return cv2.dilate(bend, np.ones((5, 5), np.uint8))


@pytest.mark.parametrize("name", SCENES)
def test_scene_truth_lands_on_the_surface_of_the_second_frame(name: str) -> None:
    scene = make_scene(name, width=320, height=240)
    points = moved_points(scene)
    places = project(points, scene.camera)
    smooth = sample(curvature(scene.depth1), places) < 2e-3  # no bilinear reading across a step
    checked = scene.visible & ~scene.boundary & smooth
    assert checked.mean() > 0.6
    off_m = np.abs(sample(scene.depth1, places) - points[..., 2])[checked]
    assert off_m.max() < 1e-3
    off_gray = np.abs(sample(scene.intensity1, places) - scene.intensity0)[checked]
    assert off_gray.mean() < 0.02 * np.ptp(scene.intensity0)


@pytest.mark.parametrize("name", SCENES)
def test_scene_hides_what_leaves_the_image_or_gets_behind_something(name: str) -> None:
    scene = make_scene(name, width=320, height=240)
    points = moved_points(scene)
    x, y = np.moveaxis(project(points, scene.camera), -1, 0)
    outside = (np.abs(x - 159.5) > 159.5 + 1e-3) | (np.abs(y - 119.5) > 119.5 + 1e-3)
    assert not scene.visible[outside].any()
    hidden = ~scene.visible & ~outside
    nearest = cv2.erode(scene.depth1, np.ones((3, 3), np.uint8))
    row, column = np.rint(y[hidden]).astype(int), np.rint(x[hidden]).astype(int)
    assert (nearest[row, column] < points[..., 2][hidden]).all()
    assert (hidden.sum() > 100) == (name not in ("S1", "S3"))


@pytest.mark.parametrize("noisy", [False, True])
def test_scene_is_the_same_for_the_same_seed_only(noisy: bool) -> None:
    one, same, other = (
        make_scene("S4", width=WIDTH, height=HEIGHT, noisy=noisy, seed=seed) for seed in (3, 3, 4)
    )
    for name in ("intensity0", "depth0", "intensity1", "depth1", "flow_m", "visible", "boundary"):
        assert np.array_equal(getattr(one, name), getattr(same, name))
    assert not np.array_equal(one.intensity0, other.intensity0)
    assert np.array_equal(one.flow_m, other.flow_m)


@pytest.mark.parametrize("name", SCENES)
@pytest.mark.parametrize(("width", "height"), [(33, 25), (80, 61), (512, 424)])
def test_scene_comes_in_any_size(name: str, width: int, height: int) -> None:
    scene = make_scene(name, width=width, height=height, noisy=True)
    assert scene.flow_m.shape == (height, width, 3)
    assert (scene.camera.width, scene.camera.height) == (width, height)
    for mask in (scene.visible, scene.boundary, scene.untextured, scene.moving):
        assert mask.shape == (height, width)
    for image in (scene.intensity0, scene.intensity1):
        assert image.min() >= 0
        assert image.max() <= 255


@pytest.mark.parametrize("name", SCENES)
def test_scene_noise_leaves_the_truth_alone(name: str) -> None:
    clean, noisy = (
        make_scene(name, width=WIDTH, height=HEIGHT, noisy=noisy) for noisy in (False, True)
    )
    assert np.array_equal(clean.flow_m, noisy.flow_m)
    assert np.array_equal(clean.visible, noisy.visible)
    read = noisy.depth0 > 0
    assert 0.9 < read.mean() < 1
    assert 0.0005 < np.abs(noisy.depth0 - clean.depth0)[read].mean() < 0.01
    assert 1 < np.std(noisy.intensity0 - clean.intensity0) < 3


@pytest.mark.parametrize(
    ("name", "mean_mm"),
    [("S1", 37), ("S2", 7.7), ("S3", 53), ("S4", 58.5), ("S5", 12.6), ("S6", 58.5), ("S7", 7)],
)
def test_scene_moves_as_much_as_it_says(name: str, mean_mm: float) -> None:
    scene = make_scene(name, width=WIDTH, height=HEIGHT)
    found = 1000 * np.linalg.norm(scene.flow_m, axis=-1).mean()
    assert found == pytest.approx(mean_mm, rel=0.03)


def test_scene_of_large_motion_moves_twenty_to_thirty_pixels() -> None:
    scene = make_scene("S8", width=320, height=240)
    v, u = np.mgrid[:240, :320]
    shift = project(moved_points(scene), scene.camera) - np.stack((u, v), -1)
    assert 20 < np.linalg.norm(shift, axis=-1).mean() < 30
    assert 20 < np.linalg.norm(shift[scene.moving], axis=-1).mean() < 30


def test_scene_boundary_lies_around_depth_steps_only() -> None:
    scene = make_scene("S4", width=320, height=240)
    square = np.ones((3, 3), np.uint8)
    step = cv2.dilate(scene.depth0, square) - cv2.erode(scene.depth0, square) > 0.3
    assert step.any()
    assert scene.boundary[step].all()
    away_px = cv2.distanceTransform((~step).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    assert away_px[scene.boundary].max() <= 4
    assert not make_scene("S3", width=320, height=240).boundary.any()


def test_scene_boundary_grows_with_the_image() -> None:
    small, large = (
        make_scene("S4", width=320 * size, height=240 * size).boundary.mean() for size in (1, 2)
    )
    assert large == pytest.approx(small, rel=0.1)


def test_scene_untextured_pixels_have_one_gray_a_surface() -> None:
    scene = make_scene("S5", width=WIDTH, height=HEIGHT)
    assert set(np.unique(scene.intensity0[scene.untextured])) == {90.0, 150.0}
    assert np.array_equal(scene.untextured, scene.moving)
    assert not make_scene("S4", width=WIDTH, height=HEIGHT).untextured.any()


def test_scene_still_pixels_do_not_move_when_the_camera_rests() -> None:
    scene = make_scene("S2", width=WIDTH, height=HEIGHT)
    assert (scene.flow_m[~scene.moving] == 0).all()
    assert (np.linalg.norm(scene.flow_m[scene.moving], axis=-1) > 0.01).all()


def test_scene_low_contrast_spans_eight_gray_levels() -> None:
    scene = make_scene("S6", width=WIDTH, height=HEIGHT)
    assert 6 < np.ptp(scene.intensity0) <= 8


def test_scene_occlusion_follows_the_passing_panel() -> None:
    scene = make_scene("S7", width=320, height=240)
    hidden = ~scene.visible[5:-5, 10:-10] & ~scene.moving[5:-5, 10:-10]
    rows = np.flatnonzero(hidden.any(axis=1))
    assert len(rows) > 80
    assert 6 < np.median(hidden[rows].sum(axis=1)) < 10  # columns the panel newly covers
    assert scene.visible[scene.moving].all()


def test_scene_rejects_a_name_it_does_not_know() -> None:
    with pytest.raises(ConfigError, match=r"unknown scene 'S9', known: S1, S2"):
        make_scene("S9", width=8, height=8)


@settings(max_examples=20, deadline=None)
@given(SHIFTS, st.tuples(*[st.floats(-30, 30)] * 2))
def test_plane_flow_is_its_shift_everywhere(
    shift: tuple[float, float, float], turn: tuple[float, float]
) -> None:
    scene = make_plane(width=24, height=17, motion_m=shift, rotvec_deg=(*turn, 0.0))
    assert np.allclose(scene.flow_m, shift, atol=1e-6)


def test_plane_faces_the_camera_at_its_distance() -> None:
    scene = make_plane(width=21, height=15, motion_m=(0.0, 0.0, -0.5), distance_m=1.5)
    assert np.allclose(scene.depth0, 1.5)
    assert np.allclose(scene.depth1, 1.0)


def test_camera_motion_moves_a_still_world_the_other_way() -> None:
    camera = Camera.from_fov(24, 18, 62.5)
    scene = render_scene(
        [build_room()], camera=camera, camera_motion=rigid_transform((0.1, 0.2, 0.3))
    )
    assert np.allclose(scene.flow_m, (-0.1, -0.2, -0.3), atol=1e-6)
    assert not scene.moving.any()


def test_camera_and_body_that_move_alike_leave_no_flow() -> None:
    together = rigid_transform((0.1, 0.0, 0.2), rotvec_deg=(1, 2, 3))
    body = build_room()
    scene = render_scene(
        [type(body)(body.surfaces, together)],
        camera=Camera.from_fov(24, 18, 62.5),
        camera_motion=together,
    )
    assert np.abs(scene.flow_m).max() < 1e-6
    assert np.allclose(scene.intensity0, scene.intensity1, atol=1e-3)
    assert scene.moving.all()


def test_ball_that_spins_keeps_its_shape_and_hides_its_rim() -> None:
    center = (0.0, 0.0, 2.0)
    ball = build_ball(center, 0.5, shift_m=(0, 0, 0), rotvec_deg=(0, 20, 0))
    scene = render_scene([ball], camera=Camera.from_fov(81, 61, 62.5))
    assert np.array_equal(scene.depth0, scene.depth1)
    ball_seen = scene.depth0 > 0
    radius = np.linalg.norm(moved_points(scene)[ball_seen] - center, axis=-1)
    assert np.allclose(radius, 0.5, atol=1e-5)
    hidden = ball_seen & ~scene.visible
    assert hidden[:, 41:].sum() == 0 or hidden[:, :40].sum() == 0  # one rim turns away
    assert hidden.any()
    assert (scene.flow_m[~ball_seen] == 0).all()
    assert (scene.intensity0[~ball_seen] == 0).all()


def test_panel_ends_at_its_half_size() -> None:
    panel = build_panel((0.0, 0.0, 2.0), (0.5, 0.25), shift_m=(0, 0, 0))
    scene = render_scene([panel], camera=Camera(401, 201, 200.0, 200.0, 200.0, 100.0))
    seen = scene.depth0 > 0
    assert seen[100].sum() == 101  # 1 m at 2 m, a pixel a centimeter
    assert seen[:, 200].sum() == 51


def test_nearer_body_hides_the_farther_one() -> None:
    ball = build_ball((0.0, 0.0, 1.0), 0.2, shift_m=(0, 0, 0))
    scene = render_scene([build_room(), ball], camera=Camera.from_fov(33, 25, 62.5))
    assert scene.depth0[12, 16] == pytest.approx(0.8)


@given(SHIFTS, SHIFTS, st.tuples(*[st.floats(-90, 90)] * 3))
def test_spin_keeps_its_center(
    center: tuple[float, ...], shift: tuple[float, ...], turn: tuple[float, ...]
) -> None:
    moved = apply_rigid(np.array(center), spin(center, rotvec_deg=turn, shift_m=shift))
    assert np.allclose(moved, np.add(center, shift), atol=1e-12)


def test_texture_stays_within_its_contrast() -> None:
    points = np.random.default_rng(0).uniform(-3, 3, (2000, 3))
    gray = Texture(contrast=40.0, middle=100.0).paint(points, np.random.default_rng(1))
    assert 80 <= gray.min() < 85
    assert 115 < gray.max() <= 120


def test_texture_of_no_contrast_is_flat() -> None:
    points = np.random.default_rng(0).uniform(-3, 3, (20, 3))
    gray = Texture(contrast=0.0, middle=77.0).paint(points, np.random.default_rng(1))
    assert (gray == 77).all()


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"contrast": 300.0}, r"leave 0\.\.255"),
        ({"contrast": -1.0}, r"leave 0\.\.255"),
        ({"finest_m": 1.0, "coarsest_m": 0.5}, "finest_m <= coarsest_m"),
        ({"finest_m": 0.0}, "finest_m <= coarsest_m"),
    ],
)
def test_texture_rejects_what_cannot_be_painted(bad: dict[str, float], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Texture(**bad)


def test_sphere_rejects_a_radius_that_is_not_positive() -> None:
    with pytest.raises(ConfigError, match="radius_m"):
        Sphere(0.0)


def test_sensed_depth_is_sixteen_times_as_noisy_four_times_as_far() -> None:
    random = np.random.default_rng(0)
    spread = []
    for distance in (1.0, 4.0):
        depth = random.uniform(distance, 1.05 * distance, (200, 200))
        read = sense_depth(depth, random, edge=np.zeros(depth.shape, bool))
        spread.append(np.std((read - depth)[read > 0]))
    assert spread[1] / spread[0] == pytest.approx(16, rel=0.1)


def test_sensed_depth_loses_half_of_the_edge() -> None:
    edge = np.zeros((100, 100), bool)
    edge[:50] = True
    read = sense_depth(np.full((100, 100), 2.0), np.random.default_rng(0), edge=edge) > 0
    assert 0.45 < read[:50].mean() < 0.55
    assert 0.99 < read[50:].mean() < 1


def test_sensed_depth_finds_the_edge_by_itself() -> None:
    step = np.full((100, 100), 2.0)
    step[:, 50:] = 2.5
    lost = sense_depth(step, np.random.default_rng(0)) == 0
    assert lost[:, 49:51].mean() > 0.3
    assert lost[:, :48].mean() < 0.02


def test_sensed_depth_keeps_holes() -> None:
    assert (sense_depth(np.zeros((5, 6)), np.random.default_rng(0)) == 0).all()


def test_sensed_intensity_is_whole_gray_levels() -> None:
    image = np.full((50, 50), 254.0)
    noisy = sense_intensity(image, np.random.default_rng(0))
    assert np.array_equal(noisy, np.rint(noisy))
    assert noisy.max() == 255
    assert 1 < noisy.std() < 2.5
