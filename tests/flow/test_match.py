"""The dense match before the finest level: its parts, and what the whole reaches."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from benchmarks.flow import make_pair
from benchmarks.scenes.real_pairs import find_pair, halve
from skelflow.flow.api import scene_flow
from skelflow.flow.engines.depth_image import is_masked, shading, silhouette
from skelflow.flow.engines.match.consistency import fill_untrusted, find_trusted, read_change
from skelflow.flow.engines.match.faint_texture import (
    find_edges,
    image_noise,
    prefer_smooth,
    surface_texture,
)
from skelflow.flow.engines.match.frame_match import finest_before_match, match_frames
from skelflow.flow.engines.match.image_match import quantize, reverse, round_trip, search
from skelflow.flow.engines.match.surfaces import fill_holes, read_depth, surface_means
from skelflow.flow.engines.numba import solver as numba_solver
from skelflow.flow.engines.numpy import solver as reference
from skelflow.flow.engines.numpy.robust import soften
from skelflow.flow.metrics import end_point_error
from skelflow.flow.presets import PRESETS
from skelflow.flow.state import Motion, PyramidFrame
from skelflow.types import Camera

BEST = PRESETS["best"]


def pattern(height: int, width: int, seed: int = 0) -> np.ndarray:
    """Blurred noise over the whole gray range."""
    noise = np.random.default_rng(seed).normal(size=(height, width)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 2)
    return np.rint(128 + 100 * smooth / np.abs(smooth).max()).astype(np.float32)


def two_surfaces() -> np.ndarray:
    """A near half at 1 m beside a far one at 2 m."""
    depth = np.full((40, 60), 2, np.float32)
    depth[:, :30] = 1
    return depth


def test_search_finds_a_shift_from_a_start_and_reverse_leads_back() -> None:
    image = pattern(120, 200)
    here, there = quantize(image[:, 30:190]), quantize(image[:, :160])  # 30 pixels to the right
    start = np.full((120, 160, 2), (24, 0), np.float32)
    found = search(here, there, start, finest=0)
    inner = np.s_[10:-10, 10:-50]
    assert np.abs(found[inner] - (30, 0)).mean() < 0.1
    u, v = (np.ascontiguousarray(found[..., axis]) for axis in (0, 1))
    back = reverse(u, v, np.ones((120, 160), np.float32))
    assert np.abs(back[10:-10, 40:-10] - (-30, 0)).mean() < 0.2
    assert round_trip(u, v, back)[inner].all()
    assert not round_trip(u, v, back + np.float32(5)).any()


def test_reverse_takes_the_nearest_pixel_where_two_meet() -> None:
    u, v = np.zeros((1, 8), np.float32), np.zeros((1, 8), np.float32)
    depth = np.full((1, 8), 2, np.float32)
    u[0, 1], depth[0, 1] = 4, 1  # flies before what rests at column 5
    back = reverse(u, v, depth)
    assert back[0, 5].tolist() == [-4, 0]
    assert back[0, 4].tolist() == [0, 0]


def test_surface_means_keep_constants_and_do_not_cross_a_step() -> None:
    depth = two_surfaces()
    noise = np.random.default_rng(0).normal(size=depth.shape).astype(np.float32)
    mean, constant = surface_means((depth + noise, np.full_like(depth, 7)), depth, 12.0)
    np.testing.assert_allclose(constant, 7, rtol=1e-5)
    assert abs(mean[:, 25:30].mean() - 1) < 0.15 and abs(mean[:, 30:35].mean() - 2) < 0.15
    assert mean[:, :30].std() < 0.2


def test_fill_holes_and_read_depth_keep_surfaces_apart() -> None:
    depth = two_surfaces()
    depth[5, 3], depth[9, 50] = 0, 0
    filled = fill_holes(depth)
    np.testing.assert_array_equal(filled, two_surfaces())
    x = np.full((1, 1), 29.4, np.float32)
    assert read_depth(filled, x, np.full((1, 1), 8, np.float32)) == 1
    assert (fill_holes(np.zeros((4, 4), np.float32)) == 0).all()


def test_trust_refuses_holes_other_surfaces_lonely_jumps_and_what_does_not_return() -> None:
    depth0, depth1 = np.full((40, 60), 2, np.float32), np.full((40, 60), 2.01, np.float32)
    depth1[10, 10], depth1[20, 20], depth1[30, 30] = 0, 1, 2.2
    rest = np.zeros_like(depth0)
    motion, seen = read_change(rest, rest, depth0, depth1)
    returns = np.ones((40, 60), bool)
    returns[15, 40] = False
    trusted = find_trusted(motion, seen, returns, depth0)
    refused = {tuple(map(int, at)) for at in np.argwhere(~trusted)}
    assert refused == {(10, 10), (20, 20), (30, 30), (15, 40)}
    assert find_trusted(motion, seen, ~returns, depth0).sum() > 2000  # the way back was lost
    filled = fill_untrusted(motion, trusted, depth0, Motion(rest, rest, rest + 9))
    np.testing.assert_allclose(filled.w, 0.01, atol=1e-3)
    nowhere = fill_untrusted(motion, trusted & False, depth0, Motion(rest, rest, rest + 9))
    assert (nowhere.w == 9).all()


def test_prefer_smooth_takes_the_coarse_motion_on_a_blank_wall_only() -> None:
    blank, wall = np.full((60, 80), 90, np.float32), np.full((60, 80), 2, np.float32)
    rest = np.zeros_like(wall)
    rough = Motion(rest + np.float32(0.5), rest, rest)
    coarse = Motion(rest, rest, rest)
    frame = PyramidFrame(blank, wall)
    assert np.abs(prefer_smooth(rough, coarse, (frame, frame), wall, 2.0).u).max() < 1e-6
    rich = PyramidFrame(pattern(60, 80), wall)
    assert prefer_smooth(rough, coarse, (rich, rich), wall, 0.0).u.mean() > 0.3


def test_texture_of_a_surface_is_neither_its_outline_nor_noise() -> None:
    depth = two_surfaces()
    outline = np.where(depth < 1.5, np.float32(40), np.float32(200))
    assert find_edges(depth)[:, 28:32].all() and not find_edges(depth)[:, :27].any()
    assert surface_texture(outline, depth, 0.0).max() == 0
    half = np.where(depth < 1.5, np.float32(40), pattern(*depth.shape))
    texture = surface_texture(half, depth, 0.0)
    assert texture[:, :30].max() < 0.05 * texture[:, 30:].mean()
    noise = np.random.default_rng(0).normal(0, 4, (240, 320)).astype(np.float32)
    softened = soften(noise + 90)
    flat = np.full_like(noise, 2)
    counted = surface_texture(softened, flat, 4.0).mean()
    assert counted < 0.2 * surface_texture(softened, flat, 0.0).mean()


def test_image_noise_is_measured_beside_texture() -> None:
    image = np.full((240, 320), 90, np.float32)
    image[:, 160:] = pattern(240, 160)
    noise = np.random.default_rng(0).normal(0, 4, image.shape).astype(np.float32)
    assert image_noise(image + noise) == pytest.approx(4, rel=0.15)
    assert image_noise(image) < 1e-5


def test_silhouette_is_for_a_removed_background() -> None:
    depth = np.zeros((40, 60), np.float32)
    depth[10:30, 20:40] = 1.5
    assert is_masked(depth) and not is_masked(two_surfaces())
    assert set(np.unique(silhouette(depth))) == {0, 64}


def test_finest_before_match_leaves_small_images_to_the_pyramid() -> None:
    assert finest_before_match(BEST, 5) == 1
    assert finest_before_match(BEST, 2) == 0
    assert finest_before_match(PRESETS["fast"], 5) == 0


@pytest.mark.parametrize("scene", ["S4", "S8"])
def test_flow_agrees_with_the_numpy_reference(scene: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """From one match for both, which has one code: what it trusts may turn on a rounding."""
    pair = make_pair(scene, (120, 160), noisy=True, seed=5)
    frames = PyramidFrame(pair.intensity0, pair.depth0), PyramidFrame(pair.intensity1, pair.depth1)
    before: list[Motion] = []
    matches: list[Motion] = []

    def match_once(coarse: Motion, *given: Any, **options: Any) -> Motion:
        before.append(Motion(*(field.copy() for field in coarse)))
        if not matches:
            matches.append(match_frames(coarse, *given, **options))
        return Motion(*(field.copy() for field in matches[0]))

    for solver in (numba_solver, reference):
        monkeypatch.setattr(solver, "match_frames", match_once)
    compiled = numba_solver.solve(*frames, camera=pair.camera, preset=BEST)
    plain = reference.solve(*frames, camera=pair.camera, preset=BEST)
    for ours, theirs in zip(*before, strict=True):
        assert np.abs(ours - theirs).mean() < 0.005 * np.abs(theirs).mean()
    difference = np.abs(compiled - plain)
    assert difference.mean() < 1e-4 and np.percentile(difference, 95) < 1e-4


@pytest.fixture
def _restore_opencv_threads() -> Iterator[None]:
    before = cv2.getNumThreads()
    yield
    cv2.setNumThreads(before)


@pytest.mark.usefixtures("_restore_opencv_threads")
def test_flow_is_the_same_whatever_threads_opencv_has_and_changes_them_not() -> None:
    pair = make_pair("S8", (163, 211), noisy=True, seed=5)
    flows = []
    for count in (1, 2, 3):
        cv2.setNumThreads(count)
        intensity = pair.intensity0, pair.intensity1
        flows.append(
            scene_flow(pair.depth0, pair.depth1, pair.camera, intensity=intensity, preset="best")
        )
        assert cv2.getNumThreads() == count
    np.testing.assert_array_equal(flows[0], flows[1])
    np.testing.assert_array_equal(flows[0], flows[2])


def test_flow_reaches_far_motion_that_the_pyramid_alone_loses() -> None:
    pair = make_pair("S8", (240, 320), noisy=True, seed=5)
    errors = {
        preset: end_point_error(
            scene_flow(
                pair.depth0,
                pair.depth1,
                pair.camera,
                intensity=(pair.intensity0, pair.intensity1),
                preset=preset,
            ),
            pair.flow_m,
            valid=pair.depth0 > 0,
        )
        for preset in ("paper", "best")
    }
    assert errors["best"] < 0.3 * errors["paper"]


def test_flow_of_a_real_shirt_that_moved_a_quarter_meter_is_near_the_truth(data_dir: Path) -> None:
    load = find_pair("deepdeform", data_dir)
    if isinstance(load, str):
        pytest.skip(load)
    pair = halve(load())
    assert pair.truth_m is not None
    flow = scene_flow(
        pair.depth0,
        pair.depth1,
        pair.camera,
        intensity=(pair.intensity0, pair.intensity1),
        preset="best",
    )
    known = np.isfinite(pair.truth_m).all(axis=-1) & (pair.depth0 > 0)
    off = np.linalg.norm(flow - pair.truth_m, axis=-1)[known]
    assert off.mean() < 0.022 and np.median(off) < 0.013  # the same to a tenth without luck


def test_flow_of_depth_alone_sees_a_person_move_with_no_background() -> None:
    y, x = np.mgrid[:120, :160].astype(np.float32)

    def body(right_px: float) -> np.ndarray:
        inside = ((x - 80 - right_px) / 20) ** 2 + ((y - 60) / 45) ** 2
        bulge = 2.2 - 0.2 * np.sqrt(np.clip(1 - inside, 0, 1))
        return np.where(inside < 1, bulge, 0).astype(np.float32)

    camera = make_pair("S2", (120, 160), noisy=False, seed=0).camera
    depth0, depth1 = body(0), body(6)
    assert shading(depth0, camera).any()
    flow = scene_flow(depth0, depth1, camera, preset="best")
    expected = 6 * 2.05 / camera.fx
    assert np.median(flow[30:90, 65:95, 0]) == pytest.approx(expected, rel=0.15)
    assert (flow[depth0 == 0] == 0).all()


@pytest.mark.parametrize("engine", ["numba", "torch"])
def test_preset_silhouette_sees_a_silhouette_where_the_background_is_removed(engine: str) -> None:
    rows, columns = np.mgrid[:48, :64].astype(np.float32)
    camera = Camera.from_fov(64, 48, 62.5)

    def pair(behind: float) -> list[np.ndarray]:
        surface = 2 + 0.05 * np.sin(columns / 5) * np.cos(rows / 4)
        boxes = [(abs(rows - 24) < 12) & (abs(columns - at) < 9) for at in (30, 31)]
        return [np.where(box, surface, behind).astype(np.float32) for box in boxes]

    def solve(depths: list[np.ndarray], preset: str, images: tuple | None = None) -> np.ndarray:
        return scene_flow(*depths, camera, intensity=images, preset=preset, engine=engine)

    masked, whole = pair(0), pair(3)
    images = silhouette(masked[0]), silhouette(masked[1])
    np.testing.assert_array_equal(solve(masked, "silhouette"), solve(masked, "fast", images))
    assert np.abs(solve(masked, "silhouette") - solve(masked, "fast")).max() > 1e-3
    np.testing.assert_array_equal(solve(whole, "silhouette"), solve(whole, "fast"))
