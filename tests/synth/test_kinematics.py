"""Bones, limbs and skin: what moves rigidly stays rigid, what reaches arrives."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skelflow.synth.people.body import Build, shape_body
from skelflow.synth.people.kinematics import (
    Pose,
    forward_kinematics,
    hips_m,
    rest_pose,
    transform_pose,
)
from skelflow.synth.people.limbs import limb_rotations, reach
from skelflow.synth.people.rotations import (
    from_rotvec,
    inverse,
    orthonormal_frame,
    rotate,
    rotation_between,
    slerp,
    twist_angle,
    unit,
)
from skelflow.synth.people.skinning import skin_points

BODY = shape_body(Build("male", old=0.3, weight=0.2, muscle=0.2, stature_m=1.78))
VECTORS = st.tuples(*[st.floats(-1, 1)] * 3).map(np.array).filter(lambda v: np.linalg.norm(v) > 0.1)


def _rest() -> Pose:
    return rest_pose(2, root_m=hips_m(BODY))


def test_forward_kinematics_leave_the_rest_pose_where_it_is() -> None:
    bone_motion = forward_kinematics(BODY, _rest())
    np.testing.assert_allclose(bone_motion.joints(BODY)[1], BODY.joints_m, atol=1e-6)
    template = BODY.template
    skin = skin_points(
        BODY.points_m, template.skin_bone, template.skin_weight, bone_motion.matrices(BODY)[1]
    )
    np.testing.assert_allclose(skin, BODY.points_m, atol=1e-5)


def test_skin_moves_rigidly_with_the_whole_person() -> None:
    rotation, shift = from_rotvec(np.array([0.3, -1.1, 0.2])), np.array([0.4, -0.2, 1.5])
    bone_motion = forward_kinematics(
        BODY, transform_pose(_rest(), rotation=rotation, shift_m=shift)
    )
    template = BODY.template
    skin = skin_points(
        BODY.points_m, template.skin_bone, template.skin_weight, bone_motion.matrices(BODY)[0]
    )
    np.testing.assert_allclose(skin, BODY.points_m @ rotation.T + shift, atol=1e-5)


def test_skin_follows_half_of_two_bones() -> None:
    still, lifted = np.eye(3, 4, dtype=np.float32), np.eye(3, 4, dtype=np.float32)
    lifted[1, 3] = -0.2
    bone, weight = np.array([[0, 1, 0, 0]], np.uint8), np.array([[0.5, 0.5, 0, 0]], np.float32)
    moved = skin_points(np.ones((1, 3), np.float32), bone, weight, np.stack([still, lifted]))
    np.testing.assert_allclose(moved, [[1, 0.9, 1]], atol=1e-6)


@settings(max_examples=50, deadline=None)
@given(goal=VECTORS, toward=VECTORS)
def test_limb_reaches_what_is_near_and_keeps_its_lengths(
    goal: np.ndarray, toward: np.ndarray
) -> None:
    goal = 0.5 * goal / np.linalg.norm(goal)
    if np.linalg.norm(np.cross(goal, toward)) < 0.05:
        return
    limb = reach(np.zeros(3), goal, toward, (0.3, 0.27))
    np.testing.assert_allclose(limb.end_m, goal, atol=1e-9)
    assert np.linalg.norm(limb.middle_m) == pytest.approx(0.3)
    assert np.linalg.norm(limb.end_m - limb.middle_m) == pytest.approx(0.27)
    assert limb.middle_m @ toward >= (goal @ toward) / (goal @ goal) * (limb.middle_m @ goal) - 1e-9


def test_limb_stretches_toward_what_is_too_far() -> None:
    limb = reach(np.zeros(3), np.array([2.0, 0, 0]), np.array([0, 1.0, 0]), (0.3, 0.3))
    assert 0.59 < limb.end_m[0] < 0.6
    assert abs(limb.end_m[1]) < 1e-9


def test_turned_limb_takes_its_bones_where_it_reached() -> None:
    rest = tuple(BODY.bone_m(f"{bone}.L") for bone in ("upperarm01", "lowerarm01", "wrist"))
    lengths = (
        float(np.linalg.norm(rest[1] - rest[0])),
        float(np.linalg.norm(rest[2] - rest[1])),
    )
    goal = rest[0] + np.array([0.1, -0.1, -0.4])
    limb = reach(rest[0], goal, np.array([0.5, 1.0, 0.2]), lengths)
    upper, lower = limb_rotations(rest, rest[0], limb)
    elbow = rest[0] + rotate(upper, rest[1] - rest[0])
    np.testing.assert_allclose(elbow, limb.middle_m, atol=1e-9)
    np.testing.assert_allclose(elbow + rotate(lower, rest[2] - rest[1]), goal, atol=1e-9)


@settings(max_examples=50, deadline=None)
@given(axis=VECTORS, other=VECTORS, share=st.floats(0, 1))
def test_interpolated_rotations_are_rotations(
    axis: np.ndarray, other: np.ndarray, share: float
) -> None:
    if np.linalg.norm(np.cross(axis, other)) < 0.05:
        return
    rotation = slerp(from_rotvec(axis), from_rotvec(other), share)
    for found in (
        rotation,
        orthonormal_frame(axis, other),
        rotation_between((axis, other), (other, axis)),
    ):
        np.testing.assert_allclose(found @ inverse(found), np.eye(3), atol=1e-9)
        assert np.linalg.det(found) == pytest.approx(1)


def test_twist_is_what_turns_about_the_axis() -> None:
    axis = unit(np.array([0.2, 0.9, -0.1]))
    swing = from_rotvec(0.7 * unit(np.cross(axis, [1.0, 0, 0])))
    rotation = swing @ from_rotvec(0.4 * axis)
    assert twist_angle(rotation, axis) == pytest.approx(0.4)
