"""The model of a Kinect v1's depth against its own constants, and against UTD-MHAD."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from skelflow.recordings import open_recording
from skelflow.synth.rendering.kinect_v1 import STEP_PER_M, sense_depth

FRAMES, HALF = 15, 3


def sensed_steps(away_m: np.ndarray, frames: int) -> np.ndarray:
    """What is read of a scene at rest, in steps of disparity."""
    random = np.random.default_rng(0)
    seen = [
        sense_depth(away_m, random, focal_px=260.0, mirrored=True) / np.float32(1000)
        for _ in range(frames)
    ]
    return np.asarray(1 / (STEP_PER_M * np.stack(seen)))


def flicker(steps: np.ndarray) -> tuple[float, float, float]:
    """Shares of pixels that stay and that go one step, correlation of neighbors' changes."""
    change = np.rint(np.diff(steps, axis=-3))
    beside = (change[..., 1:] * change[..., :-1]).mean() / (change**2).mean()
    return float((change == 0).mean()), float((abs(change) == 1).mean()), float(beside)


def standing(folder: Path) -> Iterator[np.ndarray]:
    """Steps at hips and knees that keep still at the beginning of UTD-MHAD's recordings."""
    for file in sorted((folder / "utd_mhad" / "depth").glob("a[1-9]_s*_t1_depth.mat")):
        recording = open_recording(file)
        for joint in (3, 13, 17):
            x, y = np.rint(np.median(recording.skeleton.joints_px[:FRAMES, 0, joint], 0)).astype(
                int
            )
            place = slice(y - HALF, y + HALF + 1), slice(x - HALF, x + HALF + 1)
            patch = np.stack([recording.depth[t][place] for t in range(FRAMES)])
            if (patch == 0).any():
                continue
            steps = 1 / (STEP_PER_M * patch)
            if abs(np.median(np.diff(steps, axis=0), axis=(1, 2))).max() < 0.3:
                yield steps


def test_kinect_v1_steps_are_those_of_utd_mhad(data_dir: Path) -> None:
    depth = open_recording(data_dir / "utd_mhad/depth/a1_s1_t1_depth.mat").depth
    levels = np.unique(np.concatenate([frame[frame > 0] for frame in depth]))
    between = np.diff(1 / (STEP_PER_M * levels))
    assert np.median(between) == pytest.approx(-1, abs=0.01)


def test_kinect_v1_flickers_as_utd_mhad(data_dir: Path) -> None:
    real = flicker(np.stack(list(standing(data_dir))))
    slanted = np.linspace(2.7, 3.0, 60 * 60, dtype=np.float32).reshape(60, 60)
    made = flicker(sensed_steps(slanted, FRAMES))
    assert made == pytest.approx(real, abs=0.03)


@pytest.mark.parametrize("away_m", [1.0, 2.0, 4.0, 5.5])
def test_kinect_v1_steps_grow_with_the_squared_distance(away_m: float) -> None:
    wall = np.full((60, 60), away_m, np.float32)
    steps = sensed_steps(wall, 10)
    own = 1 / (STEP_PER_M * away_m)
    assert abs(steps - own).max() < 2
    rounding = 0.0005 / (STEP_PER_M * away_m**2)  # to whole millimeters
    assert steps == pytest.approx(np.rint(steps), abs=1.2 * rounding)
    assert (steps.std() > 0.1) or abs(own - round(own)) < 0.2


@pytest.mark.parametrize("mirrored", [True, False])
def test_kinect_v1_has_a_shadow_beside_what_is_nearer(mirrored: bool) -> None:
    scene = np.full((20, 100), 4.0, np.float32)
    scene[:, 40:60] = 2.0
    seen = sense_depth(scene, np.random.default_rng(0), focal_px=260.0, mirrored=mirrored)
    width = round(260 * 0.075 * (1 / 2 - 1 / 4))
    dark = (seen == 0).all(axis=0)
    assert dark.sum() == pytest.approx(width, abs=1)
    assert dark[40 - width + 1 : 40].all() if mirrored else dark[60 : 60 + width - 1].all()
    assert (seen[:, 40:60] > 0).all()
