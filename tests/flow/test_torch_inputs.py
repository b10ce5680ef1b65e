"""What the batched solver is given: checked, and refused with the pair that is wrong."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from skelflow.errors import ConfigError, DataError
from skelflow.flow.api import scene_flow
from skelflow.flow.engines.torch.inputs import check_tensors
from skelflow.flow.inputs import check_cameras, check_shapes
from skelflow.types import Camera
from tests.flow.test_torch_solver import CAMERA, HEIGHT, WIDTH, draw_pair, flow_of, stack


def spoil(field: int, value: float, pair: int = 1) -> list[Tensor]:
    given = stack([draw_pair(0), draw_pair(1)])
    given[field][pair, 3, 4] = value
    return given


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (spoil(0, np.nan), "intensity0 of pair 1 has NaN"),
        (spoil(2, np.inf, 0), "intensity1 of pair 0 has NaN or infinite"),
        (spoil(1, np.nan), "depth0 of pair 1 has NaN .* null depth is 0"),
        (spoil(3, np.inf), "depth1 of pair 1 has NaN or infinite"),
        (spoil(3, -1, 0), "depth1 of pair 0 has negative"),
        (spoil(1, 1000), "depth0 of pair 1 spans .* expected meters"),
    ],
    ids=["nan-image", "infinite-image", "nan", "infinite", "negative", "far"],
)
def test_flow_rejects_values_and_names_the_pair(given: list[Tensor], message: str) -> None:
    with pytest.raises(DataError, match=message):
        flow_of(given, CAMERA)


@pytest.mark.parametrize(
    ("scale", "message"), [(1000, "millimeters: divide by 1000"), (0.001, "expected meters")]
)
def test_flow_rejects_other_units_in_one_pair_of_many(scale: float, message: str) -> None:
    given = stack([draw_pair(0), draw_pair(1)])
    given[3][1] *= scale
    with pytest.raises(DataError, match=f"depth1 of pair 1 .*{message}"):
        flow_of(given, CAMERA)


def test_flow_takes_a_pair_without_any_depth() -> None:
    image0, _, image1, depth1 = stack([draw_pair(0)])
    flow = flow_of((image0, torch.zeros_like(depth1), image1, depth1), CAMERA)
    assert (flow == 0).all()


DEPTH = torch.ones(2, HEIGHT, WIDTH)
MISSHAPEN: dict[str, tuple[dict[str, Any], str]] = {
    "size": ({"depth1": DEPTH[:, 1:]}, r"depth1 is \(2, 32, 45\), depth0 is \(2, 33, 45\)"),
    "pairs": ({"intensity1": DEPTH[1:]}, r"intensity1 is \(1, 33, 45\)"),
    "axes": ({"depth0": DEPTH[0, 0]}, r"\(45,\), expected \(h, w\) or \(pairs, h, w\)"),
    "kind": ({"depth1": [0.0]}, "depth1 is of type list, expected a NumPy array or torch tensor"),
    "none": (dict.fromkeys(("depth0", "depth1"), DEPTH[:0]), "2 x 2 at least"),
}


@pytest.mark.parametrize(("changed", "message"), MISSHAPEN.values(), ids=MISSHAPEN)
def test_check_shapes_says_what_does_not_fit(changed: dict[str, Any], message: str) -> None:
    fields: dict[str, Any] = dict.fromkeys(("depth0", "depth1", "intensity0", "intensity1"), DEPTH)
    if changed.keys() == {"depth0", "depth1"}:
        fields = dict.fromkeys(("intensity0", "intensity1"))
    with pytest.raises(DataError, match=message):
        check_shapes({**fields, **changed})


@pytest.mark.parametrize(
    ("depth1", "message"),
    [
        (DEPTH.double(), r"torch.float64, expected torch.float32; use depth1"),
        (DEPTH.to("meta"), "depth1 is on meta, depth0 on cpu"),
        (DEPTH.numpy(), "depth1 is of type ndarray, expected a torch tensor"),
    ],
    ids=["type", "device", "array"],
)
def test_check_tensors_says_what_does_not_fit(depth1: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        check_tensors({"depth0": DEPTH, "depth1": depth1, "intensity0": None, "intensity1": None})


def test_flow_rejects_an_intensity_without_the_other() -> None:
    with pytest.raises(DataError, match="the other has none"):
        scene_flow(DEPTH, DEPTH, CAMERA, intensity=(DEPTH, None))


def test_flow_rejects_a_camera_of_another_size() -> None:
    with pytest.raises(ConfigError, match="640 x 480"):
        scene_flow(DEPTH, DEPTH, Camera.from_fov(640, 480, 62.5))


def test_check_cameras_wants_one_or_as_many_as_pairs() -> None:
    shape = 2, HEIGHT, WIDTH
    assert check_cameras(CAMERA, shape) == (CAMERA,)
    assert check_cameras([CAMERA, CAMERA], shape) == (CAMERA, CAMERA)
    with pytest.raises(ConfigError, match="3 cameras for 2 pairs"):
        check_cameras([CAMERA] * 3, shape)


def test_flow_suggests_a_preset_when_the_name_is_unknown() -> None:
    with pytest.raises(ConfigError, match="'paper'"):
        scene_flow(DEPTH, DEPTH, CAMERA, preset="papr")


def test_flow_takes_any_memory_layout() -> None:
    given = stack([draw_pair(0), draw_pair(1)])
    strided = [field.mT.contiguous().mT for field in given]
    expected = flow_of(given, CAMERA)
    assert torch.equal(flow_of(strided, CAMERA), expected)
