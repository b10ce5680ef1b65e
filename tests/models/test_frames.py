"""Frames weighed by how much their joints move: `time_attention`, beside its plain twin."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from skelflow.errors import ConfigError
from skelflow.models.attention.frames import frame_weights
from skelflow.models.attention.masks import Level, attention_masks
from skelflow.models.attention.reference import (
    midpoints,
    reference_frame_weights,
    reference_mask,
)
from skelflow.models.flow.c3d import c3d_levels
from skelflow.models.registry import create_model
from skelflow.models.weights import load_part, save_model
from tests.models.test_attention import random_joints, random_score
from tests.models.test_fusion import FLOW, SMALL, make_batch


def weights_of(joints_px: Tensor, score: Tensor | None = None) -> list[float]:
    weights: list[float] = frame_weights(joints_px[None], score)[0].tolist()
    return weights


def walk(*places: float) -> Tensor:
    """One joint along x."""
    x = torch.tensor(places, dtype=torch.float32)
    return torch.stack((x, torch.zeros_like(x)), dim=-1)[:, None, None]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("frames", [1, 2, 9, 16])
def test_frame_weights_equal_the_plain_twin(frames: int, weighted: bool) -> None:
    for seed in range(5):
        joints_px = random_joints(seed, frames=frames)
        joints_px[1, 3:7] = torch.nan
        score = random_score(seed) if weighted else None
        expected = [
            reference_frame_weights(clip.numpy(), None if score is None else score[i].numpy())
            for i, clip in enumerate(joints_px)
        ]
        np.testing.assert_allclose(frame_weights(joints_px, score), expected, rtol=0, atol=1e-5)


def test_frame_weights_grow_with_the_step_to_the_next_frame() -> None:
    assert weights_of(walk(0, 1, 4, 6)) == [0, 1, 0.5, 0.5]


def test_frame_weights_take_the_step_from_the_frame_before_where_the_next_is_missing() -> None:
    nan = torch.nan
    weights = weights_of(walk(0, 1, 4, nan, 7, nan, 2, 4))
    np.testing.assert_array_equal(weights, [0, 1, 1, nan, nan, nan, 0.5, 0.5])


def test_frame_weights_are_one_where_all_frames_are_alike_or_nothing_moves() -> None:
    assert weights_of(walk(0, 3, 6, 9)) == [1, 1, 1, 1]
    assert weights_of(walk(5, 5, 5)) == [1, 1, 1]


def test_frame_weights_follow_the_joint_that_scores() -> None:
    joints_px = torch.cat((walk(0, 9, 9, 10), walk(0, 0, 2, 3)), dim=2)
    assert weights_of(joints_px, torch.tensor([[[1.0, 0.0]]])) == pytest.approx(
        [1, 0, 1 / 9, 1 / 9]
    )
    assert weights_of(joints_px, torch.tensor([[[0.0, 1.0]]])) == [0, 1, 0.5, 0.5]


@pytest.mark.parametrize("weighted", [False, True])
def test_masks_of_weighed_frames_equal_the_plain_twins(weighted: bool) -> None:
    joints_px, score = random_joints(5, b=1, frames=16), random_score(5, b=1)
    joints_px[:, 4:6] = torch.nan
    found = attention_masks(
        joints_px, score if weighted else None, levels=c3d_levels(112)[1:], weigh_frames=True
    )
    clip, of_joints = joints_px[0].numpy(), score[0].numpy() if weighted else None
    clip[~np.isfinite(clip).all(axis=-1)] = np.nan
    weights = reference_frame_weights(clip, of_joints)[:, None, None, None]
    for mask, (side, stride, halvings), radius in zip(
        found, c3d_levels(112)[1:], (3, 1, 1, 0), strict=True
    ):
        if halvings:
            clip, weights = midpoints(clip), midpoints(weights)
        plain = reference_mask(
            clip, of_joints, height=side, width=side, stride=stride, radius=radius
        )
        expected = plain * (1 + np.nan_to_num(weights[:, 0]))
        assert mask.max() > plain.max()
        np.testing.assert_allclose(mask[0, 0], expected, rtol=0, atol=1e-5)


def test_weighed_masks_leave_a_clip_without_a_body_and_every_background_alone() -> None:
    levels = [Level(28, 4, 0)]
    joints_px = random_joints(3, frames=8)
    (plain,), (weighed,) = (
        attention_masks(joints_px, levels=levels, weigh_frames=on) for on in (False, True)
    )
    assert torch.equal(plain == 0, weighed == 0)
    nobody = torch.full_like(joints_px, torch.nan)
    assert not attention_masks(nobody, levels=levels, weigh_frames=True)[0].any()


def test_weights_of_an_odd_last_frame_stay_where_the_frame_does() -> None:
    joints_px = walk(0, 1, 4, 6, 12)[None] + 20
    for keep_odd, expected in ((False, [1.2, 1.6]), (True, [1.2, 1.6, 2.0])):
        (mask,) = attention_masks(
            joints_px, levels=[Level(28, 2, 1)], keep_odd=keep_odd, weigh_frames=True
        )
        assert mask.amax(dim=(3, 4)).flatten().tolist() == pytest.approx(expected)


def test_weighed_masks_pass_gradcheck_in_the_score() -> None:
    joints_px = random_joints(8, frames=5).double()
    score = random_score(8).double().requires_grad_()

    def masks(given: Tensor) -> Tensor:
        (mask,) = attention_masks(joints_px, given, levels=[Level(14, 8, 1)], weigh_frames=True)
        return mask

    assert torch.autograd.gradcheck(masks, (score,))
    (grad,) = torch.autograd.grad(frame_weights(joints_px, score).nansum(), score)
    assert grad.any()


@pytest.mark.parametrize("trunk", ["c3d", "i3d"])
def test_networks_weigh_frames_in_features_and_in_the_mask_they_show(trunk: str) -> None:
    options = {key: value for key, value in SMALL.items() if key != "initialization"}
    plain, weighed = (
        create_model(f"{trunk}_at2", **options, time_attention=on).eval() for on in (False, True)
    )
    weighed.load_state_dict(plain.state_dict())
    batch = make_batch()
    assert not torch.allclose(weighed(batch), plain(batch))
    weights = 1 + frame_weights(batch.joints_px, plain.score(batch))[:, :, None, None]
    torch.testing.assert_close(weighed.attention(batch), plain.attention(batch) * weights)


def test_preserve_rms_keeps_the_strength_of_weighed_frames() -> None:
    torch.manual_seed(0)
    model = create_model("c3d_at1", **FLOW, time_attention=True, preserve_rms=True).eval()
    batch = make_batch()
    gains = model.flow.gains(batch)
    y, own = model.flow._convolve("conv1a", batch.flow, gains[0])
    rms = [x.square().mean(dim=(1, 2, 3, 4)) for x in (y.relu(), y.relu() * own)]
    torch.testing.assert_close(rms[1], rms[0])
    assert gains[0].max() == 3


def test_a_flow_network_trained_without_weighed_frames_starts_one_with_them(
    tmp_path: Path,
) -> None:
    path = tmp_path / "c3d.safetensors"
    save_model(create_model("c3d", **FLOW), path)
    model = create_model("c3d_at2", **SMALL, time_attention=True)
    load_part(model, "flow", path)
    save_model(model, tmp_path / "at2.safetensors")
    fused = create_model("fused", **SMALL)
    load_part(fused, "flow", tmp_path / "at2.safetensors")
    assert torch.equal(fused.flow.conv1a.weight, model.flow.conv1a.weight)


@pytest.mark.parametrize("name", ["c3d", "i3d", "fused"])
def test_frames_are_weighed_by_attention_alone(name: str) -> None:
    message = "time_attention: found True, expected false where attention is 'none'"
    with pytest.raises(ConfigError, match=message):
        create_model(name, attention="none", time_attention=True)
