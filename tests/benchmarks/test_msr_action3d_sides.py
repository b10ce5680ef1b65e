"""The measurements behind MSR-Action3D's left and right, on joints whose motion is known."""

import numpy as np
import pytest

from benchmarks import msr_action3d_sides as sides
from skelflow.skeleton.layouts import KINECT_V1

FRAMES = 40


def moved(name: str, x: np.ndarray, up: np.ndarray) -> np.ndarray:
    """Joints of which one goes a way: (frames, 20, 3), y down."""
    joints_m = np.zeros((FRAMES, 20, 3))
    joints_m[:, KINECT_V1.joints.index(name), 0] = x
    joints_m[:, KINECT_V1.joints.index(name), 1] = -up
    return joints_m


def tick(towards: int) -> np.ndarray:
    """A short stroke down, a long one up, both to one side."""
    t = np.linspace(0, 1, FRAMES)
    return moved("right_hand", towards * t, np.interp(t, [0, 0.3, 0.9, 1], [0.3, 0, 0.8, 0.8]))


@pytest.mark.parametrize("towards", [1, -1])
def test_tick_says_where_its_long_stroke_goes(towards: int) -> None:
    assert sides.tick_rises_to_positive_x(tick(towards)) == (towards > 0)


@pytest.mark.parametrize("side", ["left", "right"])
def test_the_hand_with_the_longer_way_moves_more(side: str) -> None:
    t = np.linspace(0, 1, FRAMES)
    joints_m = moved(f"{side}_hand", t, t)
    assert sides.right_moves_more(joints_m, "hand", seen_from="head") == (side == "right")


def test_stride_is_the_period_of_one_ankle_above_the_other() -> None:
    t = np.arange(FRAMES)
    joints_m = moved("left_ankle", t, 0.1 * np.sin(2 * np.pi * t / 8) + 0.01 * t)
    assert sides.stride_frames(joints_m) == pytest.approx(8, abs=0.3)


def test_feet_nearer_than_ankles_face_the_sensor() -> None:
    joints_m = np.full((FRAMES, 20, 3), 2.6)
    feet = [KINECT_V1.joints.index(f"{side}_foot") for side in ("left", "right")]
    joints_m[:, feet, 2] = 2.5
    assert sides.faces_sensor(joints_m)
    joints_m[:, feet, 2] = 2.7
    assert not sides.faces_sensor(joints_m)
