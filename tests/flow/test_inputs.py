"""Images whose values mean something else are refused, by every engine."""

import numpy as np
import pytest
import torch

from skelflow import Camera, scene_flow
from skelflow.errors import DataError

CAMERA = Camera.from_fov(12, 10, 60.0)
WALL = np.full((10, 12), 2.0, np.float32)


def test_scene_flow_refuses_gray_between_0_and_1() -> None:
    gray = np.random.default_rng(0).uniform(0, 1, WALL.shape).astype(np.float32)
    said = "intensity0.* expected gray levels of 0 to 255: multiply by 255"
    with pytest.raises(DataError, match=said):
        scene_flow(WALL, WALL, CAMERA, intensity=(gray, gray))
    wall, image = torch.from_numpy(WALL), torch.from_numpy(gray)
    with pytest.raises(DataError, match=said):
        scene_flow(wall, wall, CAMERA, intensity=(image, image))


def test_scene_flow_takes_black_images() -> None:
    black = np.zeros_like(WALL)
    assert not scene_flow(WALL, WALL, CAMERA, intensity=(black, black)).any()


def test_scene_flow_refuses_a_masked_array_whose_mask_would_be_lost() -> None:
    masked = np.ma.masked_where(WALL > 3, WALL)
    with pytest.raises(DataError, match=r"depth0 is a masked array.*depth0\.filled\(0\)"):
        scene_flow(masked, masked, CAMERA)
