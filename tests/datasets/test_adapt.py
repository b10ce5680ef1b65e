"""Another camera sees the same angle, another frame rate the same time, or it is said."""

from dataclasses import replace

import numpy as np
import pytest

from skelflow.datasets.prepare import PrepareConfig
from skelflow.datasets.prepare.adapt import at_rate, for_camera
from skelflow.datasets.prepare.preprocess import prepare_sequence
from skelflow.datasets.prepare.resolution import reduce_depth, reduce_images
from skelflow.datasets.settings import FlowSettings
from skelflow.errors import DataError
from skelflow.types import Camera, Frames, Projection, Recording, Window
from tests import tiny_folder
from tests.tiny_folder import HEIGHT, WIDTH


def doubled(recording: Recording) -> Recording:
    """The same scene by a camera of twice the pixels."""
    own = recording.camera
    camera = Camera(
        2 * own.width, 2 * own.height, 2 * own.fx, 2 * own.fy, 2 * own.cx + 0.5, 2 * own.cy + 0.5
    )
    depth = recording.depth
    twice = Frames(len(depth), lambda t: depth[t].repeat(2, axis=0).repeat(2, axis=1))
    skeleton = recording.skeleton
    assert skeleton is not None
    half = np.float32(0.5)
    joints = replace(skeleton, joints_px=2 * (skeleton.joints_px + half) - half)
    return replace(recording, camera=camera, depth=twice, skeleton=joints)


@pytest.mark.parametrize("region", ["image", "crop", "clip"])
def test_a_finer_camera_gives_the_same_flow(region: str) -> None:
    own = tiny_folder.recording(4)
    config = PrepareConfig(crop=(40, 32), size=(20, 16), preset="fast", region=region)
    found, right = (
        prepare_sequence(one, config, range_m=0.02, layout="kinect_v1", focal_px=own.camera.fx)
        for one in (doubled(own), own)
    )
    assert np.ptp(right.flow) > 0
    np.testing.assert_array_equal(found.flow, right.flow)
    np.testing.assert_allclose(found.joints_px, right.joints_px, atol=1e-4)
    assert found.window == Window(*(2 * edge for edge in right.window))


def test_reduced_images_are_means_of_blocks() -> None:
    own = tiny_folder.recording(2)
    gray = np.arange(HEIGHT * WIDTH, dtype=np.float32).reshape(HEIGHT, WIDTH) % 251
    color = gray[..., None].astype(np.uint8) + np.uint8([0, 1, 2])
    both = replace(own, infrared=Frames(2, lambda _: gray), color=Frames(2, lambda _: color))
    found = reduce_images(both, 2)
    assert (found.camera.width, found.camera.fx, found.camera.cx) == (32, 30.0, 15.5)
    means = gray.reshape(HEIGHT // 2, 2, WIDTH // 2, 2).mean(axis=(1, 3))
    np.testing.assert_allclose(found.infrared[0], means, rtol=1e-5)
    assert np.abs(found.color[1][..., 2] - (means + 2)).max() <= 0.5
    apart = replace(both, color_projection=Projection(8, 8, np.zeros((2, 4), np.float32)))
    assert reduce_images(apart, 2).color[0].shape == (HEIGHT, WIDTH, 3)


def test_for_camera_spans_the_same_angle() -> None:
    recording = doubled(tiny_folder.recording(4))
    settings = FlowSettings(crop=(40, 32), size=(20, 16))
    assert for_camera(settings, recording.camera.fx / 1.5, recording).crop == (60, 48)


def test_reduced_depth_is_a_reading_of_its_block() -> None:
    depth = np.float32([[0, 2, 1, 9], [3, 2, 8, 0], [0, 0, 5, 5], [0, 0, 5, 7]])
    np.testing.assert_array_equal(reduce_depth(depth, 2), np.float32([[2, 8], [0, 5]]))


def test_for_camera_changes_nothing_where_focal_lengths_are_alike_or_unknown() -> None:
    settings, recording = FlowSettings(crop=(40, 32), size=(20, 16)), tiny_folder.recording(4)
    assert for_camera(settings, 62.0, recording) is settings
    assert for_camera(settings, None, recording) is settings
    with pytest.raises(DataError, match=r"sees less than what is read: 80x64 pixels .* 64x48"):
        for_camera(settings, 30.0, recording)


def test_at_rate_keeps_the_frames_of_the_slower_rate() -> None:
    recording = replace(tiny_folder.recording(9), frame_rate_hz=60.0)
    found = at_rate(recording, 30.0)
    assert (len(found), found.frame_rate_hz) == (5, 30.0)
    np.testing.assert_array_equal(found.depth[1], recording.depth[2])
    np.testing.assert_array_equal(found.skeleton.joints_m, recording.skeleton.joints_m[::2])
    assert found.repairs == ("60 Hz instead of 30: 5 of 9 frames kept",)


def test_at_rate_makes_no_frames_up_and_says_so() -> None:
    recording = replace(tiny_folder.recording(9), frame_rate_hz=15.0)
    found = at_rate(recording, 30.0)
    assert len(found) == 9
    assert found.repairs == ("15 Hz instead of 30: motion looks 2 times as large a frame",)
    assert at_rate(recording, None) is recording
    assert at_rate(recording, 16.0) is recording
