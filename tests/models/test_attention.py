import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from skelflow.models.attention.frames import halve_time
from skelflow.models.attention.gated_max_pool import rms_preserving_gain
from skelflow.models.attention.masks import (
    attend,
    attention_mask,
    attention_masks,
    disc_radius,
)
from skelflow.models.attention.reference import midpoints, reference_mask
from skelflow.models.flow.c3d import c3d_levels

SIDES = (112, 56, 28, 14, 7)


def random_joints(
    seed: int, *, b: int = 2, frames: int = 2, bodies: int = 2, joints: int = 5, spread: float = 1
) -> Tensor:
    """Positions in and around a clip of 112; some coincide, some are missing."""
    generator = torch.Generator().manual_seed(seed)
    joints_px = 56 + spread * 70 * (
        2 * torch.rand(b, frames, bodies, joints, 2, generator=generator) - 1
    )
    missing = torch.rand(b, frames, bodies, joints, generator=generator) < 0.25
    joints_px[missing] = torch.nan
    joints_px[0, 0, 0, 0, 0] = torch.inf
    joints_px[-1, -1, -1, 0] = joints_px[-1, -1, 0, -1]
    return joints_px


def random_score(seed: int, *, b: int = 2, bodies: int = 2, joints: int = 5) -> Tensor:
    return torch.rand(b, bodies, joints, generator=torch.Generator().manual_seed(seed))


def reference(joints_px: Tensor, score: Tensor | None, side: int, radius: int) -> np.ndarray:
    return np.stack(
        [
            reference_mask(
                clip.numpy(),
                None if score is None else score[i].numpy(),
                height=side,
                width=side,
                stride=112 // side,
                radius=radius,
            )
            for i, clip in enumerate(joints_px)
        ]
    )[:, None]


@pytest.mark.parametrize(
    ("rounding", "radii"), [("round", [6, 3, 1, 1, 0]), ("floor", [5, 2, 1, 0, 0])]
)
def test_disc_radius_is_a_twentieth_of_the_width(rounding: str, radii: list[int]) -> None:
    assert [disc_radius(side, rounding=rounding) for side in SIDES] == radii


def test_disc_radius_rounds_halves_up_and_no_less() -> None:
    assert [disc_radius(width) for width in (9, 10, 29, 30)] == [0, 1, 1, 2]


@pytest.mark.parametrize("level", range(5))
@pytest.mark.parametrize("rounding", ["round", "floor"])
@pytest.mark.parametrize("weighted", [False, True])
def test_attention_mask_equals_the_double_loop(level: int, rounding: str, weighted: bool) -> None:
    side = SIDES[level]
    radius = disc_radius(side, rounding=rounding)
    for seed in range(1 if level == 0 else 4):
        joints_px = random_joints(seed, b=1 if level == 0 else 2)
        score = random_score(seed, b=len(joints_px)) if weighted else None
        mask = attention_mask(
            joints_px, score, height=side, width=side, stride=1 << level, rounding=rounding
        )
        expected = reference(joints_px, score, side, radius)
        assert mask.dtype == torch.float32
        assert mask.any()
        np.testing.assert_allclose(mask.numpy(), expected, rtol=0, atol=1e-6)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), level=st.integers(2, 4), spread=st.floats(0, 3))
def test_attention_mask_equals_the_double_loop_anywhere(
    seed: int, level: int, spread: float
) -> None:
    side = SIDES[level]
    joints_px, score = random_joints(seed, spread=spread), random_score(seed)
    mask = attention_mask(joints_px, score, height=side, width=side, stride=1 << level)
    expected = reference(joints_px, score, side, disc_radius(side))
    np.testing.assert_allclose(mask.numpy(), expected, rtol=0, atol=1e-6)


def test_attention_mask_follows_height_and_width_when_they_differ() -> None:
    joints_px = random_joints(3)
    mask = attention_mask(joints_px, height=15, width=20, stride=6)
    expected = reference_mask(joints_px[0].numpy(), height=15, width=20, stride=6, radius=1)
    np.testing.assert_array_equal(mask[0, 0].numpy(), expected)


def one_joint(x: float, y: float) -> Tensor:
    return torch.tensor([x, y]).reshape(1, 1, 1, 1, 2)


def test_attention_mask_of_radius_zero_marks_exactly_one_cell() -> None:
    # cell 3 of stride 16 holds the pixels 48..63, which reach from 47.5 to 63.5
    for x in (47.5, 50.0, 63.4):
        mask = attention_mask(one_joint(x, 5.0), height=7, width=7, stride=16)
        assert mask.nonzero().tolist() == [[0, 0, 0, 0, 3]]
    mask = attention_mask(one_joint(63.5, 5.0), height=7, width=7, stride=16)
    assert mask.nonzero().tolist() == [[0, 0, 0, 0, 4]]


def test_attention_mask_keeps_the_part_of_a_disc_that_reaches_in() -> None:
    mask = attention_mask(one_joint(-6.0, 50.0), height=112, width=112)
    assert mask.nonzero().tolist() == [[0, 0, 0, 50, 0]]
    assert not attention_mask(one_joint(-7.0, 50.0), height=112, width=112).any()
    assert not attention_mask(one_joint(1e30, 50.0), height=112, width=112).any()


def test_attention_mask_disc_holds_113_cells_at_full_resolution() -> None:
    assert attention_mask(one_joint(50.0, 50.0), height=112, width=112).sum() == 113


def test_attention_mask_averages_the_scores_of_overlapping_discs() -> None:
    joints_px = one_joint(20.0, 20.0).expand(1, 1, 2, 2, 2).clone()
    joints_px[0, 0, 1, 1] = torch.nan
    score = torch.tensor([[[0.2, 0.4], [0.9, 7.0]]])
    mask = attention_mask(joints_px, score, height=112, width=112)
    torch.testing.assert_close(mask[0, 0, 0, 20, 20], torch.tensor(1.5))
    assert mask[0, 0, 0, 20, 27] == 0


def test_attention_mask_is_zero_when_all_joints_are_missing() -> None:
    joints_px = torch.full((2, 4, 2, 5, 2), torch.nan)
    for score in (None, random_score(0)):
        mask = attention_mask(joints_px, score, height=28, width=28, stride=4)
        assert mask.shape == (2, 1, 4, 28, 28)
        assert not mask.any()


@pytest.mark.parametrize("frames", [2, 8, 9])
def test_halve_time_twins_agree(frames: int) -> None:
    joints_px = random_joints(4, frames=frames)
    joints_px[0, 0, 0, 0] = torch.nan  # the twins differ in which non-finite value stands there
    halved = halve_time(joints_px)
    expected = np.stack([midpoints(clip.numpy()) for clip in joints_px])
    np.testing.assert_allclose(halved.numpy(), expected, rtol=1e-6)
    assert halved.isnan().any()


def test_attention_masks_are_those_of_each_level() -> None:
    joints_px, score = random_joints(5, b=1, frames=16), random_score(5, b=1)
    masks = attention_masks(joints_px, score, levels=c3d_levels(112))
    lengths = (16, 16, 8, 4, 2)
    shapes = [(1, 1, n, side, side) for n, side in zip(lengths, SIDES, strict=True)]
    assert [tuple(mask.shape) for mask in masks] == shapes
    clip = joints_px[0].numpy()
    clip[~np.isfinite(clip).all(axis=-1)] = np.nan
    for level in (2, 3, 4):
        clip = midpoints(clip)
        expected = reference(
            torch.from_numpy(clip)[None], score, SIDES[level], (1, 1, 0)[level - 2]
        )
        np.testing.assert_allclose(masks[level].numpy(), expected, atol=1e-6)


@pytest.mark.parametrize("crop", [16, 33, 50, 97])
def test_attention_masks_fit_any_crop(crop: int) -> None:
    masks = attention_masks(random_joints(6, frames=9), levels=c3d_levels(crop))
    assert [mask.shape[-1] for mask in masks] == [crop >> level for level in range(5)]
    assert [mask.shape[2] for mask in masks] == [9, 9, 4, 2, 1]


def test_attend_is_one_plus_mask_times_features() -> None:
    features = torch.randn(2, 3, 4, 5, 6, dtype=torch.float64)
    mask = torch.rand(2, 1, 4, 5, 6, dtype=torch.float64)
    torch.testing.assert_close(attend(features, 1 + mask), features + mask * features)


def test_attend_passes_gradcheck() -> None:
    features = torch.randn(1, 2, 2, 3, 3, dtype=torch.float64, requires_grad=True)
    gain = (1 + torch.rand(1, 1, 2, 3, 3, dtype=torch.float64)).requires_grad_()
    assert torch.autograd.gradcheck(attend, (features, gain))


def test_attend_scales_the_gradient_of_the_weights_as_eq_6() -> None:
    theta = torch.randn(2, 1, 3, 3, 3, dtype=torch.float64, requires_grad=True)
    clip = torch.randn(1, 1, 2, 6, 6, dtype=torch.float64)
    gain = attention_mask(random_joints(7, b=1).double() / 20, height=6, width=6).double() + 1
    assert 1 < gain.mean() < 2

    def convolve(weights: Tensor) -> Tensor:
        return torch.nn.functional.conv3d(clip, weights, padding=1).relu()

    upstream = torch.randn(1, 2, 2, 6, 6, dtype=torch.float64)
    (left,) = torch.autograd.grad(attend(convolve(theta), gain), theta, upstream)
    (right,) = torch.autograd.grad(convolve(theta), theta, gain * upstream)
    torch.testing.assert_close(left, right)
    assert torch.autograd.gradcheck(lambda weights: attend(convolve(weights), gain), (theta,))


def test_attention_mask_passes_gradcheck_in_the_score() -> None:
    joints_px = random_joints(8)
    score = random_score(8).double().requires_grad_()
    assert torch.autograd.gradcheck(
        lambda s: attention_mask(joints_px, s, height=14, width=14, stride=8), (score,)
    )


def test_rms_preserving_gain_keeps_the_rms_of_each_sample() -> None:
    features = torch.rand(3, 4, 2, 14, 14, generator=torch.Generator().manual_seed(1)) + 0.1
    features[2] = 0
    gain = 1 + attention_mask(random_joints(9, b=3), height=14, width=14, stride=8)
    attended = attend(features, rms_preserving_gain(features, gain))
    rms = [x.square().mean(dim=(1, 2, 3, 4)).sqrt() for x in (features, attended)]
    torch.testing.assert_close(rms[1], rms[0])
    boost = attended[0].sum(dim=0) / features[0].sum(dim=0)
    assert boost[gain[0, 0] == 2].mean() == pytest.approx(2 * boost[gain[0, 0] == 1].mean())


def test_rms_preserving_gain_is_differentiated_its_constant_is_not() -> None:
    generator = torch.Generator().manual_seed(1)
    features = torch.rand(2, 4, 2, 14, 14, generator=generator).requires_grad_()
    gain = 1 + attention_mask(random_joints(9), height=14, width=14, stride=8)
    kept = rms_preserving_gain(features, gain)
    assert not kept.requires_grad
    upstream = torch.rand(gain.shape, generator=generator)
    learned = rms_preserving_gain(features, gain.requires_grad_())
    assert torch.equal(learned, kept)
    (found,) = torch.autograd.grad(learned, gain, upstream)
    torch.testing.assert_close(found, upstream * (kept / gain.detach()))
