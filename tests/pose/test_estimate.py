"""Joints of recordings that have none: lifted, followed, mirrored, and refused."""

from dataclasses import replace

import numpy as np
import pytest

from skelflow.errors import ConfigError, DataError
from skelflow.pose import describe_estimate, estimate_skeleton, with_joints
from skelflow.pose.blazepose.landmarks import Landmarks
from skelflow.pose.blazepose.region import Region
from skelflow.pose.blazepose.tracker import PersonTracker
from skelflow.pose.images import paint_depth, picture_source
from skelflow.pose.joints import joint_weights
from skelflow.pose.lift import lift
from skelflow.pose.names import LANDMARKS, MIRROR
from skelflow.pose.smooth import fill_gaps, smooth
from skelflow.skeleton.layouts import KINECT_V1, KINECT_V2, Layout
from skelflow.types import Camera, Frames
from tests.pose.person import CAMERA, DEPTH_M, INFRARED, JOINTS_M, gray_picture, recording

FINE = [i for i, joint in enumerate(KINECT_V2.joints) if not joint.endswith(("tip", "thumb"))]


@pytest.mark.parametrize("infrared", [True, False])
def test_estimated_joints_lie_where_the_true_ones_are(infrared: bool) -> None:
    skeleton = estimate_skeleton(recording(infrared=infrared))
    assert skeleton.estimated_from == ("infrared" if infrared else "depth")
    assert skeleton.joints_m.shape == (4, 1, 25, 3)
    error_m = np.linalg.norm(skeleton.joints_m[2, 0] - JOINTS_M, axis=-1)
    assert np.median(error_m) < 0.04
    assert error_m[FINE].max() < 0.15
    assert (skeleton.tracking == 2).mean() > 0.8


def test_left_and_right_change_places_in_a_mirrored_recording_only() -> None:
    mirrored = estimate_skeleton(recording(2)).joints_m
    plain = estimate_skeleton(recording(2, mirrored=False)).joints_m
    np.testing.assert_allclose(mirrored[:, :, list(KINECT_V2.mirror)], plain, atol=1e-5)
    assert abs(mirrored - plain).max() > 0.2


def test_kinect_v1_has_joints_of_its_own() -> None:
    skeleton = estimate_skeleton(recording(2), "kinect_v1")
    head = skeleton.joints_m[0, 0, KINECT_V1.joints.index("head")]
    assert skeleton.joints_m.shape[2] == 20
    assert np.linalg.norm(head - JOINTS_M[KINECT_V2.joints.index("head")]) < 0.1


def test_a_short_gap_is_filled_and_inferred_and_the_sentence_counts() -> None:
    skeleton = estimate_skeleton(recording(5, absent=(2, 4)))
    assert np.isfinite(skeleton.joints_m[2]).all()
    assert set(skeleton.tracking[2].ravel()) == {1}
    assert np.isnan(skeleton.joints_m[4]).all()
    assert "infrared images: a person is found in 4 of 5" in describe_estimate(skeleton)


def test_two_people_keep_their_numbers() -> None:
    alone = gray_picture()[:, 64:192]
    both = np.hstack((alone, alone))
    tracker = PersonTracker(people=2)
    first, second = tracker.track(both), tracker.track(both)
    assert set(first) == set(second) == {0, 1}
    for number in (0, 1):
        moved = np.linalg.norm(first[number].points_px - second[number].points_px, axis=1)
        assert np.median(moved) < 5
    left = min(first, key=lambda n: first[n].region.x)
    assert set(tracker.track(np.hstack((alone, np.zeros_like(alone))))) == {left}


def test_recordings_without_people_are_refused() -> None:
    with pytest.raises(DataError, match="no person is found in any frame of the infrared images"):
        estimate_skeleton(recording(2, absent=(0, 1)))
    with pytest.raises(ConfigError, match=r"'coco' cannot be estimated; .*kinect_v1, kinect_v2"):
        estimate_skeleton(recording(1), "coco")


def test_modes_say_when_joints_are_estimated() -> None:
    bare = recording(2)
    assert with_joints(bare, "recorded", "kinect_v2") is bare
    estimated = with_joints(bare, "auto", "kinect_v2")
    assert estimated.skeleton is not None and estimated.skeleton.estimated_from == "infrared"
    own = replace(bare, skeleton=replace(estimated.skeleton, estimated_from=""))
    assert with_joints(own, "auto", "kinect_v2") is own
    assert own.skeleton is not None
    assert with_joints(own, "estimate", "kinect_v2").skeleton is not own.skeleton
    lost = replace(own.skeleton, joints_m=np.full_like(own.skeleton.joints_m, np.nan))
    assert with_joints(replace(own, skeleton=lost), "auto", "kinect_v2").skeleton is not lost
    assert describe_estimate(own.skeleton) == describe_estimate(None) == ""


def test_pictures_are_color_then_infrared_then_depth() -> None:
    color = Frames(2, lambda _: gray_picture())
    assert picture_source(replace(recording(2), color=color)) == "color"
    assert picture_source(recording(2)) == "infrared"
    assert picture_source(recording(2, infrared=False)) == "depth"
    assert set(paint_depth(np.zeros((4, 5), np.float32), CAMERA).ravel()) == {128}


@pytest.mark.parametrize("layout", [KINECT_V1, KINECT_V2])
def test_joint_weights_sum_to_one_and_are_the_same_on_both_sides(layout: Layout) -> None:
    weights = joint_weights(layout.name)
    np.testing.assert_allclose(weights.sum(axis=1), 1)
    np.testing.assert_allclose(weights[list(layout.mirror)][:, list(MIRROR)], weights)


def flat_person(*, visibility: float) -> Landmarks:
    """A torso of four corners in a 100 x 100 image; every other landmark at (20, 50)."""
    points = np.full((33, 2), (20.0, 50.0), np.float32)
    for name, place in {"shoulder": 30, "hip": 70}.items():
        points[LANDMARKS.index(f"left_{name}")] = 40, place
        points[LANDMARKS.index(f"right_{name}")] = 60, place
    visible = np.full(33, visibility, np.float32)
    return Landmarks(
        1.0, points, np.zeros((33, 3), np.float32), visible, Region(0.0, 0.0, 1.0, 0.0)
    )


def test_lift_takes_the_near_layer_and_doubts_what_is_hidden() -> None:
    camera = Camera(100, 100, 100.0, 100.0, 49.5, 49.5)
    depth_m = np.full((100, 100), 2.0, np.float32)
    depth_m[45:56, 20:23] = 1.7  # a hand before the wall that is in the same window
    seen = lift(flat_person(visibility=0.9), depth_m, camera)
    wrist = LANDMARKS.index("left_wrist")
    assert seen.points_m[wrist, 2] == pytest.approx(1.73)
    assert seen.measured.all()
    depth_m[45:56, 15:25] = 1.3  # somebody else's arm before a hidden one
    hidden = lift(flat_person(visibility=0.2), depth_m, camera)
    assert not hidden.measured[wrist]
    assert hidden.points_m[wrist, 2] == pytest.approx(2.08, abs=0.01)


def test_lift_has_no_answer_without_depth() -> None:
    camera = Camera(100, 100, 100.0, 100.0, 49.5, 49.5)
    nothing = np.zeros((100, 100), np.float32)
    lifted = lift(flat_person(visibility=0.9), nothing, camera)
    assert np.isnan(lifted.points_m).all() and not lifted.measured.any()


def test_smooth_removes_a_jump_and_keeps_what_is_missing() -> None:
    points = np.linspace(0, 1, 11, dtype=np.float32)[:, None, None].repeat(3, axis=2)
    points[4], points[9:] = 7, np.nan
    found = smooth(points)
    assert found[4].max() < 0.7
    assert np.isnan(found[9:]).all()
    np.testing.assert_allclose(found[2], points[2], atol=1e-6)
    long_gap, _ = fill_gaps(points[:, :1], np.full((11, 1), 2, np.uint8), frame_rate_hz=30.0)
    assert np.isnan(long_gap[9:]).all()


def test_person_is_the_one_that_the_file_shows() -> None:
    assert DEPTH_M.shape == INFRARED.shape == (CAMERA.height, CAMERA.width)
