"""The whole solver on scenes whose motion is known."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skelflow.errors import ConfigError, DataError
from skelflow.flow.api import scene_flow
from skelflow.flow.engines import registry
from skelflow.flow.engines.numba.solver import solve
from skelflow.flow.engines.numpy import solver as reference
from skelflow.flow.presets import DEFAULT_PRESET, PRESETS, Preset
from skelflow.flow.pyramid_sizes import level_count, pad
from skelflow.flow.state import PyramidFrame
from skelflow.types import Camera, Flow
from tests.unchecked import unchecked_types

HEIGHT, WIDTH = 60, 80
CAMERA = Camera.from_fov(WIDTH, HEIGHT, 62.5)


def texture(x_px: np.ndarray, y_px: np.ndarray) -> np.ndarray:
    """A smooth pattern, gray 60..200, with slopes both ways everywhere."""
    waves = np.sin(x_px / 4) + np.sin(y_px / 5) + np.sin((x_px + y_px) / 7)
    return np.asarray(130 + 23 * waves, np.float32)


def wall(
    camera: Camera = CAMERA, motion_m: tuple[float, float, float] = (0, 0, 0)
) -> tuple[np.ndarray, np.ndarray]:
    """Intensity and depth of a textured wall two meters away that has moved by `motion_m`."""
    depth_m = 2.0 + motion_m[2]
    y, x = np.mgrid[: camera.height, : camera.width].astype(np.float64)
    x = ((x - camera.cx) * depth_m / camera.fx - motion_m[0]) * camera.fx / 2
    y = ((y - camera.cy) * depth_m / camera.fy - motion_m[1]) * camera.fy / 2
    return texture(x, y), np.full((camera.height, camera.width), depth_m, np.float32)


def person(seed: int, height: int = HEIGHT, width: int = WIDTH) -> tuple[np.ndarray, np.ndarray]:
    """A near block before a wall, with holes and noise."""
    random = np.random.default_rng(seed)
    depth = np.full((height, width), 2.5, np.float32)
    depth[height // 3 :, width // 3 : width // 2] = 1.5
    depth += random.normal(0, 0.003, depth.shape).astype(np.float32)
    depth[random.random(depth.shape) < 0.05] = 0
    y, x = np.mgrid[:height, :width].astype(np.float64)
    return texture(x + seed, y), depth


def flow_of(
    first: tuple[np.ndarray, np.ndarray],
    second: tuple[np.ndarray, np.ndarray],
    camera: Camera = CAMERA,
    **settings: Any,
) -> Flow:
    """Of two (intensity, depth) by the authors' method, unless `settings` say otherwise."""
    images = first[0], second[0]
    settings = {"preset": "paper", **settings}
    return scene_flow(first[1], second[1], camera, intensity=images, **settings)


@pytest.mark.parametrize("preset", sorted(PRESETS))
@pytest.mark.parametrize("color", [True, False], ids=["color", "depth-alone"])
def test_flow_of_identical_frames_is_exactly_zero(preset: str, color: bool) -> None:
    image, depth = person(0)
    intensity = (image, image) if color else None
    flow = scene_flow(depth, depth, CAMERA, intensity=intensity, preset=preset)
    assert (flow == 0).all()


@pytest.mark.parametrize("motion_m", [(0.02, 0, 0), (0, -0.02, 0), (0.01, 0.01, 0.04)])
def test_flow_of_a_moved_wall_is_its_motion_to_two_percent(
    motion_m: tuple[float, float, float],
) -> None:
    flow = flow_of(wall(), wall(motion_m=motion_m), preset="corrected")
    error = np.median(flow[8:-8, 8:-8], axis=(0, 1)) - motion_m
    assert np.linalg.norm(error) < 0.02 * np.linalg.norm(motion_m)


def test_flow_is_zero_where_the_first_frame_has_no_depth() -> None:
    image, depth = person(0)
    flow = flow_of((image, depth), person(1))
    assert (flow[depth == 0] == 0).all()
    assert (flow[depth > 0] != 0).any()


def test_flow_of_depth_alone_sees_a_block_come_nearer() -> None:
    depths = [np.full((HEIGHT, WIDTH), 2.5, np.float32) for _ in range(2)]
    for depth, near in zip(depths, (1.5, 1.47), strict=True):
        depth[20:45, 30:50] = near
    flow = scene_flow(*depths, CAMERA, preset="paper")
    assert np.median(flow[25:40, 35:45, 2]) == pytest.approx(-0.03, rel=0.1)


def assert_agree(found: np.ndarray, expected: np.ndarray) -> None:
    difference = np.abs(found - expected)
    assert difference.mean() < 1e-5
    assert np.percentile(difference, 99) < 1e-4


@given(st.integers(16, 65), st.integers(20, 81), st.sampled_from(sorted(PRESETS)))
# the same draws each time: at 37 x 31, "fast", a pixel's motion ends 2e-5 pixels from where it
# counts as having left the image; rounding decides, and its surroundings follow (docs/flow.md)
@settings(max_examples=12, deadline=None, derandomize=True)
def test_solve_agrees_with_the_numpy_reference(height: int, width: int, preset: str) -> None:
    camera = Camera.from_fov(width, height, 62.5)
    frames = [PyramidFrame(*person(seed, height, width)) for seed in (0, 1)]
    compiled = solve(*frames, camera=camera, preset=PRESETS[preset])
    assert np.isfinite(compiled).all()
    plain = reference.solve(*frames, camera=camera, preset=PRESETS[preset])
    assert_agree(compiled, plain)


@pytest.mark.parametrize("preset", sorted(PRESETS))
@pytest.mark.parametrize("threads", [2, 3])
def test_flow_is_the_same_to_the_bit_whatever_the_number_of_threads(
    preset: str, threads: int
) -> None:
    camera = Camera.from_fov(211, 163, 62.5)
    pair = person(0, 163, 211), person(1, 163, 211)
    alone = flow_of(*pair, camera, preset=preset)
    together = flow_of(*pair, camera, preset=preset, threads=threads)
    np.testing.assert_array_equal(alone, together)


def test_flow_may_be_called_from_several_threads_at_once() -> None:
    sizes = [(60, 80), (49, 71), (100, 120)] * 3

    def solve_size(size: tuple[int, int]) -> np.ndarray:
        camera = Camera.from_fov(size[1], size[0], 62.5)
        return flow_of(person(0, *size), person(1, *size), camera, threads=2)

    alone = [solve_size(size) for size in sizes]
    with ThreadPoolExecutor(4) as pool:
        for found, expected in zip(pool.map(solve_size, sizes), alone, strict=True):
            np.testing.assert_array_equal(found, expected)


def test_flow_does_not_depend_on_what_was_solved_before() -> None:
    first = flow_of(person(0), person(1))
    flow_of(person(5), person(9), preset="corrected")
    np.testing.assert_array_equal(first, flow_of(person(0), person(1)))


def test_flow_of_a_transposed_pair_is_the_transposed_flow() -> None:
    camera = Camera(81, 64, 70.0, 75.0, 38.0, 33.0)
    turned = Camera(64, 81, 75.0, 70.0, 33.0, 38.0)
    pair = person(0, 64, 81), person(1, 64, 81)
    flow = flow_of(*pair, camera)
    first, second = (tuple(np.ascontiguousarray(field.T) for field in frame) for frame in pair)
    other = flow_of(first, second, turned)
    assert_agree(other.transpose(1, 0, 2)[..., [1, 0, 2]], flow)


def test_flow_of_a_mirrored_pair_is_the_mirrored_flow_within_its_own_error() -> None:
    """A pyramid takes every second pixel from the left, so the two see different coarse images."""
    motion_m = (0.02, 0.01, 0.01)
    pair = wall(), wall(motion_m=motion_m)
    flow = flow_of(*pair, preset="corrected")
    first, second = (
        tuple(np.ascontiguousarray(field[:, ::-1]) for field in frame) for frame in pair
    )
    other = flow_of(first, second, preset="corrected")[:, ::-1] * np.float32([-1, 1, 1])
    error = np.linalg.norm(flow - np.float32(motion_m), axis=-1).mean()
    assert np.linalg.norm(flow - other, axis=-1).mean() < 2 * error


def test_flow_takes_a_full_hd_pair() -> None:
    camera = Camera.from_fov(1920, 1080, 62.5)
    pair = *person(0, 1080, 1920), *person(1, 1080, 1920)
    few = Preset(iterations=(10, 2))
    flow = solve(PyramidFrame(*pair[:2]), PyramidFrame(*pair[2:]), camera=camera, preset=few)
    assert flow.shape == (1080, 1920, 3)
    assert np.isfinite(flow).all()
    assert (flow != 0).any()


@pytest.mark.parametrize("threads", [0, 2.0])
def test_flow_rejects_no_threads(threads: Any) -> None:
    said = f"threads must be a whole number, at least 1, found {threads}"
    with unchecked_types(), pytest.raises(ConfigError, match=said):
        flow_of(person(0), person(1), threads=threads)


def test_solve_leaves_its_input_alone() -> None:
    frames = [PyramidFrame(*person(seed)) for seed in (0, 1)]
    before = [[field.copy() for field in frame] for frame in frames]
    solve(*frames, camera=CAMERA, preset=Preset())
    for frame, kept in zip(frames, before, strict=True):
        for field, copy in zip(frame, kept, strict=True):
            np.testing.assert_array_equal(field, copy)


def test_levels_end_near_fifteen_rows() -> None:
    sizes = [(240, 320), (480, 640), (424, 512), (16, 20), (15, 15), (8, 8)]
    assert [level_count(*size) for size in sizes] == [5, 6, 5, 1, 1, 1]


def test_pad_makes_every_level_but_the_coarsest_even() -> None:
    field = np.ones((424, 511), np.float32)
    assert pad(PyramidFrame(field, field), 5).depth.shape == (432, 512)


def test_flow_rejects_frames_of_two_sizes() -> None:
    image, depth = person(0)
    with pytest.raises((DataError, TypeError), match="intensity1"):  # TypeError: shapes checked
        flow_of((image, depth), (image[:-1], depth))


def test_flow_rejects_nan() -> None:
    image, depth = person(0)
    bad = depth.copy()
    bad[3, 4] = np.nan
    with pytest.raises(DataError, match=r"depth1.*NaN.*null depth is 0"):
        flow_of((image, depth), (image, bad))


def test_flow_rejects_millimeters() -> None:
    image, depth = person(0)
    with pytest.raises(DataError, match="looks like millimeters: divide by 1000"):
        flow_of((image, depth * 1000), (image, depth * 1000))


def test_flow_rejects_a_camera_of_another_size() -> None:
    image, depth = person(0)
    with pytest.raises(ConfigError, match="640 x 480"):
        flow_of((image, depth), (image, depth), Camera.from_fov(640, 480, 62.5))


def test_flow_rejects_one_intensity_without_the_other() -> None:
    image, depth = person(0)
    with pytest.raises(DataError, match="the other has none"):
        scene_flow(depth, depth, CAMERA, intensity=(image, None))


def test_flow_suggests_a_preset_when_the_name_is_unknown() -> None:
    image, depth = person(0)
    with pytest.raises(ConfigError, match="'paper'"):
        flow_of((image, depth), (image, depth), preset="papr")


@pytest.mark.parametrize("engine", sorted(registry._ENGINES.all()))
def test_flow_of_a_stack_is_that_of_its_pairs_with_every_engine(engine: str) -> None:
    frames = [[person(seed, 31, 43) for seed in seeds] for seeds in ((0, 2), (1, 3))]
    images, depths = (
        tuple(np.stack([pair[field] for pair in frame]) for frame in frames) for field in (0, 1)
    )
    cameras = [Camera.from_fov(43, 31, angle) for angle in (50.0, 70.0)]
    flows = scene_flow(*depths, cameras, intensity=images, engine=engine)
    assert flows.shape == (2, 31, 43, 3)
    for number, camera in enumerate(cameras):
        expected = flow_of(frames[0][number], frames[1][number], camera, preset=DEFAULT_PRESET)
        assert_agree(flows[number], expected)


def test_flow_finds_an_engine_of_ones_own(monkeypatch: pytest.MonkeyPatch) -> None:
    engines = registry._ENGINES.all()
    monkeypatch.setattr(registry._ENGINES, "_entries", engines)
    registry.register_engine("plain", engines["numpy"])
    pair = person(0, 31, 43), person(1, 31, 43)
    camera = Camera.from_fov(43, 31, 62.5)
    flows = [flow_of(*pair, camera, engine=engine) for engine in ("plain", "numpy")]
    np.testing.assert_array_equal(*flows)
    with pytest.raises(ConfigError, match="flow engine 'numba' is registered already"):
        registry.register_engine("numba", "elsewhere")


def test_flow_lists_the_engines_when_the_name_is_unknown() -> None:
    for name, hint in (("cuda", "known: numba, numpy, torch"), ("nunba", "did you mean 'numba'")):
        with pytest.raises(ConfigError, match=f"unknown flow engine '{name}'; {hint}"):
            flow_of(person(0), person(1), engine=name)


def test_flow_takes_a_preset_of_ones_own() -> None:
    few = Preset(iterations=(10, 2))
    frames = [PyramidFrame(*person(seed)) for seed in (0, 1)]
    expected = solve(*frames, camera=CAMERA, preset=few)
    np.testing.assert_array_equal(flow_of(person(0), person(1), preset=few), expected)


def test_flow_explains_the_former_order_of_arguments() -> None:
    image, depth = person(0)
    new_call = r"scene_flow\(depth0, depth1, camera, intensity=\(gray0, gray1\)\)"
    with pytest.raises(ConfigError, match=new_call):
        scene_flow(image, depth, image, depth, camera=CAMERA)  # type: ignore[call-overload]
    with pytest.raises(ConfigError, match=new_call):
        scene_flow(None, depth, None, depth, camera=CAMERA)  # type: ignore[call-overload]


def test_import_of_the_door_brings_no_engine() -> None:
    check = "import sys, skelflow.flow.api; print({'torch', 'numba', 'cv2'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
