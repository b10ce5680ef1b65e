"""Recorded skeletons on other bodies: bones point where the recording's do."""

from pathlib import Path

import numpy as np
import pytest

from skelflow.errors import DataError
from skelflow.recordings import open_recording
from skelflow.skeleton.layouts import KINECT_V2, find_layout
from skelflow.synth.actor import Performance
from skelflow.synth.motions.joint_tracks import read_joint_tracks
from skelflow.synth.motions.perform import perform
from skelflow.synth.motions.retargeting import retarget
from skelflow.types import Skeleton

LIMBS = [
    (f"{side}_{start}", f"{side}_{end}")
    for side in ("left", "right")
    for start, end in (
        ("shoulder", "elbow"),
        ("elbow", "wrist"),
        ("hip", "knee"),
        ("knee", "ankle"),
    )
]


def _skeleton(joints_m: np.ndarray) -> Skeleton:
    """One body in layout kinect_v2."""
    joints = joints_m[:, None].astype(np.float32)
    return Skeleton("kinect_v2", joints, joints[..., :2], np.full(joints.shape[:3], 2, np.uint8))


def _joints_of(performance: Performance, body: int = 0) -> np.ndarray:
    joints_m = performance.people[body].joints_m
    assert joints_m is not None
    return np.stack([joints_m(frame) for frame in range(performance.frames)])


def _directions(joints_m: np.ndarray, layout: str) -> np.ndarray:
    names = find_layout(layout).joints
    bones = [
        joints_m[:, names.index(end)] - joints_m[:, names.index(start)] for start, end in LIMBS
    ]
    ways = np.stack(bones, axis=1)
    return np.asarray(ways / np.linalg.norm(ways, axis=-1, keepdims=True))


def _angles_deg(ways: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Between directions, after the one rotation of the whole stage that fits best."""
    u, _, vt = np.linalg.svd(np.einsum("tbi,tbj->ij", ways, wanted))
    rotation = u @ np.diag([1, 1, np.linalg.det(u @ vt)]) @ vt
    return np.degrees(np.arccos(np.clip(np.einsum("tbi,tbi->tb", ways @ rotation, wanted), -1, 1)))


@pytest.mark.parametrize("name", ["a9_s1_t1", "a26_s2_t1", "a24_s5_t2"])
def test_retargeted_limbs_point_where_the_recorded_ones_do(data_dir: Path, name: str) -> None:
    recording = open_recording(data_dir / f"utd_mhad/depth/{name}_depth.mat")
    assert recording.skeleton is not None
    performance = retarget(recording.skeleton, performer=3, seed=0)
    assert performance.frames == len(recording)
    recorded = recording.skeleton.joints_m[:, 0] * np.array([-1, 1, 1])  # mirrored by the sensor
    angles = _angles_deg(
        _directions(_joints_of(performance), "kinect_v2"), _directions(recorded, "kinect_v1")
    )
    assert np.median(angles) < 1.0
    assert np.percentile(angles, 95) < 5.0


def test_retargeted_performance_is_the_performance_itself() -> None:
    """Somebody's own joints, played by the same body, come back."""
    performance = perform(38, performer=6, replication=1, seed=0)
    joints = _joints_of(performance)
    again = _joints_of(retarget(_skeleton(joints), performer=6, seed=0))
    angles = _angles_deg(_directions(again, "kinect_v2"), _directions(joints, "kinect_v2"))
    assert np.median(angles) < 1.0
    limbs = [KINECT_V2.joints.index(joint) for limb in LIMBS for joint in limb]
    assert np.median(np.linalg.norm(again[:, limbs] - joints[:, limbs], axis=2)) < 0.06


def test_retargeted_person_stands_on_the_floor_facing_the_front() -> None:
    joints = _joints_of(perform(23, performer=6, replication=1, seed=0))
    performance = retarget(_skeleton(joints + np.array([0.3, 0.4, 3.0])), performer=2, seed=0)
    points = performance.people[0].points_m(10)
    assert abs(points[:, 1].max()) < 0.04
    across = _joints_of(performance)[0, KINECT_V2.joints.index("left_shoulder")]
    assert across[0] > 0
    assert np.abs(points[:, [0, 2]].mean(axis=0)).max() < 0.15


def test_mirrored_recording_is_mirrored_back() -> None:
    joints = _joints_of(perform(23, performer=6, replication=1, seed=0))
    (tracks,) = read_joint_tracks(_skeleton(joints * np.array([-1, 1, 1])))
    (plain,) = read_joint_tracks(_skeleton(joints))
    np.testing.assert_allclose(tracks["left_hand"], plain["left_hand"], atol=1e-5)


def test_tilted_recording_stands_upright() -> None:
    joints = _joints_of(perform(23, performer=6, replication=1, seed=0))
    tilt = np.radians(20)
    rotation = np.array(
        [[1, 0, 0], [0, np.cos(tilt), -np.sin(tilt)], [0, np.sin(tilt), np.cos(tilt)]]
    )
    (tilted,) = read_joint_tracks(_skeleton(joints @ rotation.T))
    (plain,) = read_joint_tracks(_skeleton(joints))
    np.testing.assert_allclose(tilted["head"], plain["head"], atol=1e-5)


def test_missing_joints_are_interpolated() -> None:
    joints = _joints_of(perform(10, performer=6, replication=1, seed=0))
    holey = joints.copy()
    holey[20:24, KINECT_V2.joints.index("left_wrist")] = np.nan
    holey[50] = np.nan
    whole, mended = (
        _joints_of(retarget(_skeleton(j), performer=1, seed=0)) for j in (joints, holey)
    )
    assert np.isfinite(mended).all()
    assert np.abs(whole - mended).max() < 0.1


def test_two_recorded_people_are_two_people(data_dir: Path) -> None:
    path = data_dir / "ntu/skeletons/S001C003P008R002A058.skeleton"
    skeleton = open_recording(path).skeleton
    assert skeleton is not None
    performance = retarget(skeleton, performer=1, seed=0)
    assert len(performance.people) == 2
    assert not np.array_equal(performance.people[0].texture_m, performance.people[1].texture_m)


def test_retarget_says_when_nobody_is_there() -> None:
    with pytest.raises(DataError, match="no body has its joints"):
        retarget(_skeleton(np.full((30, 25, 3), np.nan)), performer=1, seed=0)
