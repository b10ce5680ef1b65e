"""Samples blended in pairs: joints, and the loss of their labels."""

import pytest
import torch
from torch.nn import functional

from skelflow.datasets.loading.mixup import Mixture, cross_entropy_sum, draw_mixture
from skelflow.errors import ConfigError
from skelflow.training.recipe import resolve


def test_joints_lie_between_both_samples_and_gaps_stay() -> None:
    joints = torch.zeros(2, 1, 1, 3, 3)
    joints[1] = 4.0
    joints[0, 0, 0, 1] = torch.nan
    mixed = Mixture(0.75, torch.tensor([1, 0])).blend(joints)[:, 0, 0, :, 0]
    expected = torch.tensor([[1.0, torch.nan, 1.0], [3.0, 4.0, 3.0]])
    torch.testing.assert_close(mixed, expected, equal_nan=True)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_the_loss_is_that_of_the_blended_labels(smoothing: float) -> None:
    logits = torch.randn(3, 4, generator=torch.Generator().manual_seed(0))
    label, mixture = torch.tensor([0, 3, 2]), Mixture(0.7, torch.tensor([1, 2, 0]))
    share, whole = 0.7, functional.one_hot(label, 4).float()
    target = share * whole + (1 - share) * whole[mixture.partners]
    expected = functional.cross_entropy(logits, target, reduction="sum", label_smoothing=smoothing)
    found = cross_entropy_sum(logits, label, mixture, smoothing=smoothing)
    torch.testing.assert_close(found, expected)
    alone = cross_entropy_sum(logits, label)
    assert alone == functional.cross_entropy(logits, label, reduction="sum")


def test_mixtures_follow_from_the_key_alone_and_come_as_often_as_asked() -> None:
    keys = [(7, epoch, step, 0, 0) for epoch in range(10) for step in range(40)]
    drawn = [draw_mixture(6, 0.25, key=key) for key in keys]
    mixed = [mixture for mixture in drawn if mixture]
    assert 0.18 < len(mixed) / len(drawn) < 0.32
    assert all(0.5 <= mixture.share <= 1 for mixture in mixed)
    assert all(sorted(mixture.partners.tolist()) == list(range(6)) for mixture in mixed)
    assert len({mixture.share for mixture in mixed}) == len(mixed)
    again = [draw_mixture(6, 0.25, key=key) for key in keys]
    assert [m.share for m in again if m] == [m.share for m in mixed]
    assert not any(draw_mixture(6, 0.0, key=key) for key in keys)


def test_mixup_is_for_networks_that_read_skeletons_alone() -> None:
    assert resolve({"model": {"name": "gcn"}, "mixup": 0.5}).mixup == 0.5
    with pytest.raises(ConfigError, match=r"mixup: found 0\.5, expected 0 for a network"):
        resolve({"model": {"name": "fused"}, "mixup": 0.5})
