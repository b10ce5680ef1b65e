"""Scores to compare a learned one with: by motion alone, and in another order."""

import torch

from skelflow.models.guides.motion import joint_motion
from skelflow.models.guides.score import informativeness_score, shuffled_score
from skelflow.models.registry import create_model
from tests.models.test_fusion import FLOW, make_batch


def walking_hand() -> torch.Tensor:
    """Two bodies of five joints; of the first, joint 3 goes 1 m to the right, the others rest."""
    joints = torch.zeros(1, 20, 2, 5, 3)
    joints[0, :, 0, 3, 0] = torch.linspace(0, 1, 20)
    joints[0, :, 1] = torch.nan
    return joints


def test_the_joint_that_moves_scores_one_and_the_others_zero() -> None:
    guide = create_model("motion", joints=5, frames=20, classes=3)
    score = guide.score(make_batch()._replace(joints_m=walking_hand()))
    expected = torch.zeros(1, 2, 5)
    expected[0, 0, 3] = 1
    torch.testing.assert_close(score, expected)


def test_motion_is_the_spread_of_the_frames_in_which_a_joint_is_there() -> None:
    joints = walking_hand()
    joints[0, 10:, 0, 3] = torch.nan
    motion = joint_motion(joints)
    there = torch.linspace(0, 1, 20)[:10]
    torch.testing.assert_close(motion[0, 0, 3], there.std(correction=0))
    assert motion[0, 1].tolist() == [0.0] * 5


def test_noise_at_rest_counts_less_than_a_slow_move() -> None:
    torch.manual_seed(0)
    joints = walking_hand()
    joints[0, :, 0, 3, 0] *= 0.1  # 10 cm in all; its path is shorter than that of the noise
    joints[0, :, 0, 1] += 0.01 * torch.randn(20, 3)
    motion = joint_motion(joints)[0, 0]
    path = joints[0, :, 0].diff(dim=0).norm(dim=-1).sum(dim=0)
    assert path[1] > path[3]
    assert motion[3] > motion[1]


def test_shuffled_scores_are_the_same_ones_at_other_joints() -> None:
    torch.manual_seed(0)
    present = torch.tensor([[True, False], [True, True]])
    activations = [torch.rand(2, 4, 30) for _ in range(4)]
    score, shuffled = (
        f(activations, present, layer="sum", scale="min_max")
        for f in (informativeness_score, shuffled_score)
    )
    assert not torch.equal(score, shuffled)
    torch.testing.assert_close(score.sort(dim=2).values, shuffled.sort(dim=2).values)
    assert not shuffled[0, 1].any()


def test_flow_is_steered_by_motion_without_weights_to_load() -> None:
    network = create_model(
        "c3d_at2", **FLOW, classes=3, joints=5, frames=20, guide="motion", skeleton_update="frozen"
    ).eval()
    assert not list(network.skeleton.parameters())
    batch = make_batch()
    still = batch._replace(joints_m=torch.zeros_like(batch.joints_m))
    assert not torch.allclose(network(batch), network(still))
