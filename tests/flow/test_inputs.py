"""What is no image, gray level or camera of a pair is refused, by every engine."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from skelflow import Camera, scene_flow
from skelflow.errors import ConfigError, DataError
from skelflow.flow.inputs import check_cameras
from tests.unchecked import unchecked_types

CAMERA = Camera.from_fov(12, 10, 60.0)
WALL = np.full((10, 12), 2.0, np.float32)


def slope() -> tuple[np.ndarray, np.ndarray]:
    """Depth of a tilted wall, and of the same nearer by."""
    depth = np.linspace(2, 2.3, 120, dtype=np.float32).reshape(10, 12)
    return depth, depth - np.float32(0.02)


def test_scene_flow_refuses_gray_between_0_and_1() -> None:
    gray = np.random.default_rng(0).uniform(0, 1, WALL.shape).astype(np.float32)
    said = "intensity0.* expected gray levels of 0 to 255: multiply by 255"
    with pytest.raises(DataError, match=said):
        scene_flow(WALL, WALL, CAMERA, intensity=(gray, gray))
    wall, image = torch.from_numpy(WALL), torch.from_numpy(gray)
    with pytest.raises(DataError, match=said):
        scene_flow(wall, wall, CAMERA, intensity=(image, image))


@pytest.mark.parametrize(
    ("scale", "offset"), [(257.0, 0.0), (1.0, -128.0), (0.02, -2.0)], ids=["16 bit", "signed", "z"]
)
def test_scene_flow_refuses_gray_beyond_0_to_255(scale: float, offset: float) -> None:
    levels = np.random.default_rng(0).uniform(0, 255, WALL.shape)
    gray = (scale * levels + offset).astype(np.float32)
    said = "intensity0.* expected gray levels of 0 to 255: bring both frames there by one"
    with pytest.raises(DataError, match=said):
        scene_flow(WALL, WALL, CAMERA, intensity=(gray, gray))
    wall, image = torch.from_numpy(WALL), torch.from_numpy(gray)
    with pytest.raises(DataError, match=said):
        scene_flow(wall, wall, CAMERA, intensity=(image, image))


def test_scene_flow_takes_gray_that_rounding_put_beyond_255() -> None:
    gray = np.full_like(WALL, 255.0001)
    assert not scene_flow(WALL, WALL, CAMERA, intensity=(gray, gray)).any()


@pytest.mark.parametrize("kind", [object, str, complex])
def test_scene_flow_refuses_arrays_of_something_else_than_numbers(kind: type) -> None:
    with unchecked_types(), pytest.raises(DataError, match=r"depth1 is an array of .*float32"):
        scene_flow(WALL, WALL.astype(kind), CAMERA)


def test_scene_flow_refuses_one_image_as_intensity() -> None:
    given: Any = 100 * WALL
    with unchecked_types(), pytest.raises(DataError, match=r"intensity=\(gray0, gray1\)"):
        scene_flow(WALL, WALL, CAMERA, intensity=given)


@pytest.mark.parametrize("camera", [None, np.eye(3), [1, 2, 3]], ids=["none", "matrix", "numbers"])
def test_check_cameras_refuses_what_is_none(camera: Any) -> None:
    with unchecked_types(), pytest.raises(ConfigError, match=r"expected a skelflow\.Camera"):
        check_cameras(camera, (3, 10, 12))


@pytest.mark.parametrize("engine", ["numba", "torch", "numpy"])
@pytest.mark.parametrize("kind", ["mirrored", "big-endian", "read-only", "float64"])
def test_scene_flow_takes_arrays_however_they_lie_in_memory(engine: str, kind: str) -> None:
    depths = slope()
    if kind == "mirrored":
        given = [np.ascontiguousarray(depth[:, ::-1])[:, ::-1] for depth in depths]
    else:
        kept_as = {"big-endian": ">f4", "float64": "f8"}.get(kind, "f4")
        given = [depth.astype(kept_as) for depth in depths]
        for depth in given:
            depth.flags.writeable = kind != "read-only"
    with unchecked_types():
        found = scene_flow(*given, CAMERA, engine=engine)
    assert found.any()
    np.testing.assert_array_equal(found, scene_flow(*depths, CAMERA, engine=engine))


def test_scene_flow_computes_a_lens_in_float32_whatever_depth_is() -> None:
    lens = replace(CAMERA, k1=0.1)
    given = [depth.astype(np.float16) for depth in slope()]
    with unchecked_types():
        found = scene_flow(*given, lens)
    expected = scene_flow(*(depth.astype(np.float32) for depth in given), lens)
    np.testing.assert_array_equal(found, expected)


def test_scene_flow_of_tensors_has_no_gradient_through_a_lens_either() -> None:
    depths = [torch.from_numpy(depth).requires_grad_() for depth in slope()]
    assert not scene_flow(*depths, replace(CAMERA, k1=0.1)).requires_grad


def test_scene_flow_takes_black_images() -> None:
    black = np.zeros_like(WALL)
    assert not scene_flow(WALL, WALL, CAMERA, intensity=(black, black)).any()


def test_scene_flow_refuses_a_masked_array_whose_mask_would_be_lost() -> None:
    masked = np.ma.masked_where(WALL > 3, WALL)
    with pytest.raises(DataError, match=r"depth0 is a masked array.*depth0\.filled\(0\)"):
        scene_flow(masked, masked, CAMERA)
