"""Another camera sees the same angle, another frame rate the same time, or it is said."""

from dataclasses import replace

import numpy as np
import pytest

from skelflow.datasets.prepare import PrepareConfig
from skelflow.datasets.prepare.adapt import at_rate, for_camera
from skelflow.datasets.prepare.preprocess import prepare_sequence
from skelflow.datasets.settings import FlowSettings
from skelflow.errors import DataError
from skelflow.types import Camera, Frames, Recording
from tests import tiny_folder


def doubled(recording: Recording) -> Recording:
    """The same scene by a camera of twice the pixels."""
    own = recording.camera
    camera = Camera(
        2 * own.width, 2 * own.height, 2 * own.fx, 2 * own.fy, 2 * own.cx + 0.5, 2 * own.cy + 0.5
    )
    depth = recording.depth
    twice = Frames(len(depth), lambda t: depth[t].repeat(2, axis=0).repeat(2, axis=1))
    return replace(recording, camera=camera, depth=twice)


def test_for_camera_gives_a_finer_camera_the_same_window() -> None:
    own = replace(tiny_folder.recording(4), skeleton=None)
    finer = doubled(own)
    config = PrepareConfig(crop=(40, 32), size=(20, 16), preset="fast")
    settings = for_camera(config.flow, own.camera.fx, finer)
    assert settings.crop == (80, 64)
    found, right = (
        prepare_sequence(recording, PrepareConfig(flow=flow), range_m=0.02)
        for recording, flow in ((finer, settings), (own, config.flow))
    )
    apart = np.abs(found.flow.astype(int) - right.flow)
    assert apart.mean() < 0.1 * np.abs(right.flow.astype(int) - 128).mean()


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
    assert found.repairs == ("60 Hz instead of 30: 5 of 9 frames are kept",)


def test_at_rate_makes_no_frames_up_and_says_so() -> None:
    recording = replace(tiny_folder.recording(9), frame_rate_hz=15.0)
    found = at_rate(recording, 30.0)
    assert len(found) == 9
    assert found.repairs == ("15 Hz instead of 30: motion looks 2 times as large a frame",)
    assert at_rate(recording, None) is recording
    assert at_rate(recording, 16.0) is recording
