"""One recording prepared: flow cropped, resized and colored, joints in its pixels."""

from dataclasses import replace

import numpy as np
import pytest

from skelflow.datasets.prepare.preprocess import measured_range, moving_components, prepare_sequence
from skelflow.errors import DataError
from skelflow.flow.api import scene_flow
from skelflow.flow.encoding import decode_flow
from skelflow.types import Frames
from tests.tiny_folder import CAMERA, CONFIG, HEIGHT, WIDTH, depth_image, recording, skeleton


def test_prepare_sequence_crops_resizes_and_colors_the_flow() -> None:
    made = prepare_sequence(recording(), CONFIG, range_m=0.02, layout="kinect_v1")
    assert made.flow.shape == (3, 16, 20, 3)
    whole = scene_flow(depth_image(3), depth_image(4), CAMERA, preset=CONFIG.flow.preset)
    window = whole[8:40, 12:52]
    mean = window.reshape(16, 2, 20, 2, 3).mean((1, 3))
    error = np.abs(decode_flow(made.flow[1:2], 0.02)[0] - np.clip(mean, -0.02, 0.02))
    assert error.max() <= 0.5 * 0.02 / 127 + 1e-6
    assert np.median(decode_flow(made.flow, 0.02)[:, 4:12, 6:14, 2]) == pytest.approx(
        -0.006, abs=0.002
    )


def test_prepare_sequence_moves_joints_into_the_flow_pixels() -> None:
    made = prepare_sequence(recording(), CONFIG, range_m=0.02, layout="kinect_v1")
    assert made.joints_px.shape == (3, 1, 20, 2)
    x, y = made.joints_px[1, 0, 0]
    assert (x, y) == ((31.5 - 12 + 0.5) / 2 - 0.5, (23.5 - 8 + 0.5) / 2 - 0.5)
    assert made.joints_px[0, 0, 3].tolist() == [(2 - 12 + 0.5) / 2 - 0.5, (3 - 8 + 0.5) / 2 - 0.5]
    missing = np.isnan(made.joints_px[0, 0]).any(-1)
    assert np.flatnonzero(missing).tolist() == [1, 2, 4, 5]
    assert made.joints_m.shape == (8, 1, 20, 3)


def test_prepare_sequence_takes_the_joints_of_each_pair_first_frame() -> None:
    moving = recording()
    assert moving.skeleton is not None
    moving.skeleton.joints_px[:, 0, 0, 0] = np.arange(8) + 20
    made = prepare_sequence(moving, CONFIG, range_m=0.02, layout="kinect_v1")
    expected = (np.array([0, 3, 6]) + 20 - 12 + 0.5) / 2 - 0.5
    np.testing.assert_allclose(made.joints_px[:, 0, 0, 0], expected)


@pytest.mark.parametrize(
    ("size", "scale"), [((40, 32), (1, 1)), ((10, 16), (0.25, 0.5)), ((80, 64), (2, 2))]
)
def test_prepare_sequence_scales_each_axis(
    size: tuple[int, int], scale: tuple[float, float]
) -> None:
    made = prepare_sequence(
        recording(), CONFIG.replace(size=size), range_m=0.02, layout="kinect_v1"
    )
    assert made.flow.shape == (3, size[1], size[0], 3)
    expected = (np.array([31.5, 23.5]) - (12, 8) + 0.5) * scale - 0.5
    np.testing.assert_allclose(made.joints_px[0, 0, 0], expected)


def test_prepare_sequence_prefers_infrared_to_color() -> None:
    color = Frames(8, lambda t: np.full((HEIGHT, WIDTH, 3), t, np.uint8))
    infrared = Frames(8, lambda t: np.full((HEIGHT, WIDTH), t, np.float32))
    for given, expected in (
        ({}, "none"),
        ({"color": color}, "color"),
        ({"color": color, "infrared": infrared}, "infrared"),
    ):
        made = prepare_sequence(replace(recording(), **given), CONFIG, range_m=0.02)
        assert made.intensity == expected


def test_prepare_sequence_keeps_still_recordings() -> None:
    still = replace(recording(), depth=Frames(4, lambda _: depth_image(0)), skeleton=None)
    made = prepare_sequence(still, CONFIG, layout="kinect_v1")
    assert (made.flow == 128).all()
    assert made.joints_m.shape[:2] == (4, 0)


def test_a_skeleton_of_one_frame_is_kept_as_data_sets_publish_such() -> None:
    single = replace(recording(), depth=Frames(1, depth_image), skeleton=skeleton(1))
    alone = CONFIG.replace(skeletons_only=True)
    made = prepare_sequence(single, alone, range_m=None, layout="kinect_v1")
    assert made.joints_m.shape[0] == 1
    assert np.isfinite(made.joints_m).any()


@pytest.mark.parametrize(
    ("change", "config", "message"),
    [
        ({"depth": Frames(1, depth_image)}, {}, r"1 frame; flow needs at least 2"),
        ({"depth": Frames(0, depth_image)}, {}, r"0 frames"),
        ({}, {"crop": (65, 40)}, "crop 65x40 is larger than the depth image 64x48"),
        ({}, {"intensity": "color"}, "none color frames, 8 depth frames"),
        ({"skeleton": skeleton(7)}, {}, "7 skeleton frames, 8 depth frames"),
        (
            {"depth": Frames(8, lambda _: np.zeros((HEIGHT, WIDTH), np.float32))},
            {},
            "depth is 0 .* in all of the 3 frame pairs",
        ),
        (
            {"infrared": Frames(2, lambda _: np.zeros((HEIGHT, WIDTH), np.float32))},
            {},
            "2 infrared frames, 8 depth frames",
        ),
    ],
)
def test_prepare_sequence_refuses(
    change: dict[str, object], config: dict[str, object], message: str
) -> None:
    broken = replace(recording(), **change)  # type: ignore[arg-type]
    with pytest.raises(DataError, match=f"^somewhere/r: {message}"):
        prepare_sequence(broken, CONFIG.replace(**config), range_m=0.1, layout="kinect_v1")  # type: ignore[arg-type]


def test_prepare_sequence_refuses_a_skeleton_of_another_layout() -> None:
    with pytest.raises(DataError, match="layout 'kinect_v1', this store holds 'kinect_v2'"):
        prepare_sequence(recording(), CONFIG, layout="kinect_v2")


def test_measured_range_is_a_percentile_of_what_moves() -> None:
    flow_m = np.zeros((1, 10, 100, 3), np.float32)
    flow_m[0, 0, :, 2] = -np.linspace(0.002, 0.0415, 100)
    assert moving_components(flow_m).size == 300
    assert measured_range(moving_components(flow_m)) == pytest.approx(0.041)
    assert measured_range(moving_components(np.zeros_like(flow_m))) is None
