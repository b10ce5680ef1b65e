"""The Kinect v2 and its tracker: what noise, holes and guesses depend on."""

import numpy as np
import pytest

from skelflow.camera.pinhole import project
from skelflow.synth.rendering.kinect import (
    sense_color,
    sense_depth,
    sense_infrared,
    to_millimeters,
)
from skelflow.synth.rendering.tracker import INFERRED, LOST, TRACKED, Tracker, find_hidden
from skelflow.types import Camera

CAMERA = Camera(64, 48, 60.0, 60.0, 31.5, 23.5)
SHAPE = (120, 160)


def wall(depth_m: float, *, albedo: float = 0.7, cosine: float = 1.0) -> tuple[float, float]:
    """Spread (mm) of the readings of a wall, and the share of them that is lost."""
    depth = np.full(SHAPE, depth_m, np.float32)
    signal = np.full(SHAPE, albedo * cosine / depth_m**2, np.float32)
    sensed = sense_depth(depth, signal, np.random.default_rng(0)).astype(float)
    return float(sensed[sensed > 0].std()), float((sensed == 0).mean())


def test_sense_depth_is_noisier_farther_away_on_dark_and_on_slanted_surfaces() -> None:
    near, far = wall(1.5)[0], wall(4.5)[0]
    assert near < wall(3.0)[0] < far
    assert 4 < far < 9  # NTU RGB+D: 8 mm at a wall 4.5 to 5 m away
    assert wall(3.0, albedo=0.3)[0] > 1.5 * wall(3.0)[0]
    assert wall(3.0, cosine=0.4)[0] > 1.5 * wall(3.0)[0]


def test_sense_depth_loses_what_returns_too_little_light() -> None:
    assert wall(2.0)[1] < 0.01
    assert wall(4.0, albedo=0.05)[1] > 0.9


def test_sense_depth_has_holes_and_values_between_at_a_step() -> None:
    depth = np.full(SHAPE, 3.0, np.float32)
    depth[:, 80:] = 2.0
    sensed = sense_depth(depth, np.full(SHAPE, 0.2, np.float32), np.random.default_rng(0))
    step, away = sensed[:, 79:81], np.concatenate((sensed[:, :78], sensed[:, 82:]), axis=1)
    assert 0.2 < (step == 0).mean() < 0.5
    assert ((step > 2100) & (step < 2900)).mean() > 0.1
    assert (away == 0).mean() < 0.01
    assert not ((away > 2100) & (away < 2900)).any()


def test_to_millimeters_keeps_what_the_sensor_reaches() -> None:
    depth = np.array([[0.0, 0.3, 0.5004, 7.9996, 8.5]], np.float32)
    np.testing.assert_array_equal(to_millimeters(depth), [[0, 0, 500, 8000, 0]])


def test_sensed_images_are_noisy_about_the_same_gray() -> None:
    rng = np.random.default_rng(0)
    infrared = sense_infrared(np.full(SHAPE, 100, np.float32), rng)
    color = sense_color(np.full((*SHAPE, 3), 100, np.uint8), rng)
    for image in (infrared, color):
        assert image.mean() == pytest.approx(100, abs=1)
        assert 1 < image.std() < 4


def scene() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A person 2.9 m away, whose joints lie 0.1 m below the surface; a thing before some of it."""
    joints = np.random.default_rng(0).uniform((-0.5, -0.5, 3), (0.5, 0.5, 3), (1, 25, 3))
    depth, part = np.full((48, 64), 2.9, np.float32), np.zeros((48, 64), np.uint8)
    depth[:, 40:], part[:, 40:] = 2.0, 254
    return joints.astype(np.float32), depth, part


def test_tracker_guesses_what_a_thing_hides() -> None:
    joints, depth, part = scene()
    hidden = find_hidden(joints, depth, part, camera=CAMERA)
    pixels = project(joints, CAMERA)
    np.testing.assert_array_equal(hidden, np.rint(pixels[..., 0]) >= 40)
    assert 0 < hidden.sum() < 25
    tracker = Tracker(CAMERA, np.random.default_rng(0))
    followed = [tracker.track(joints, depth, part) for _ in range(60)]
    states = np.stack([state for _, state in followed])
    error = np.linalg.norm(np.stack([found for found, _ in followed]) - joints, axis=-1)
    assert (states[:, ~hidden] == TRACKED).all()
    assert set(np.unique(states[:, hidden])) == {LOST, INFERRED}
    assert error[states == TRACKED].mean() < 0.01 < error[states == INFERRED].mean()


def test_tracker_without_noise_knows_all_joints() -> None:
    joints, depth, part = scene()
    found, states = Tracker(CAMERA, None).track(joints, depth, part)
    np.testing.assert_array_equal(found, joints)
    assert (states == TRACKED).all()


def test_find_hidden_counts_joints_outside_the_image_and_behind_oneself() -> None:
    joints, depth, part = scene()
    joints[0, 0], joints[0, 1] = (9, 0, 3), (0, 0, -1)
    part[:], depth[:] = 0, 2.9
    hidden = find_hidden(joints, depth, part, camera=CAMERA)
    np.testing.assert_array_equal(np.flatnonzero(hidden[0]), [0, 1])
    assert find_hidden(joints, depth - 0.3, part, camera=CAMERA).all()
