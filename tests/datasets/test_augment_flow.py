"""Augmentation of flow: motion in meters and places change together, joints go along."""

import numpy as np
import pytest
import torch

from skelflow.datasets.loading.augment import Augmentation, FlowAugmentation
from skelflow.datasets.loading.augment_flow import augment_flow
from skelflow.datasets.store.store import Store
from skelflow.flow.encoding import encode_flow
from tests.datasets.test_clip_sampling import store
from tests.datasets.test_clips import clips, same

__all__ = ["store"]  # a fixture


def test_flow_augmentation_keeps_joints_on_the_flow(store: Store) -> None:
    change = FlowAugmentation(shift=0.2, zoom=0.2)
    data = clips(store, train=True, augmentation=Augmentation(flow=change), seed=1)
    seen = 0
    for item in (data[number] for number in range(len(data))):
        for t in range(16):
            weight = item.flow[0, t]
            if weight.sum() > 0.5:
                seen += 1
                y, x = (
                    (weight * torch.arange(12)[:, None]).sum() / weight.sum(),
                    (weight * torch.arange(12)).sum() / weight.sum(),
                )
                assert torch.allclose(item.joints_px[t, 0, 5], torch.stack((x, y)), atol=0.6)
    assert seen > 10


def moved(motion: tuple[float, float, float], companding: float, **change: float) -> np.ndarray:
    """What becomes of a clip that moves the same everywhere, as a share of the range."""
    flow = np.broadcast_to(np.float32(motion), (200, 8, 8, 3))
    colored = encode_flow(np.ascontiguousarray(flow), 0.1, companding=companding)
    joints = np.zeros((200, 1, 1, 2), np.float32)
    random = np.random.default_rng(5)
    colors, _ = augment_flow(
        colored, joints, FlowAugmentation(**change), random, range_m=0.1, companding=companding
    )
    return np.sign(colors) * np.abs(colors) ** (1 / companding)


@pytest.mark.parametrize("companding", [0.5, 1.0])
def test_augment_flow_changes_motion_in_meters(companding: float) -> None:
    motion = (0.03, 0.02, -0.01)
    still = moved(motion, companding)
    np.testing.assert_allclose(still[0, 0, 0], np.divide(motion, 0.1), atol=0.005)
    turned = moved(motion, companding, rotate_deg=40)
    np.testing.assert_allclose(turned[..., 1], still[..., 1], atol=1e-4)  # the vertical stays
    lengths = (np.linalg.norm(flow[..., ::2], axis=-1) for flow in (turned, still))
    np.testing.assert_allclose(*lengths, atol=1e-4)
    assert np.abs(turned - still).max() > 0.02
    faster = moved(motion, companding, speed=0.5)
    ratio = faster / still
    np.testing.assert_allclose(ratio, ratio.mean(), rtol=1e-3)
    assert 0.5 <= ratio.mean() <= 1.5 and abs(ratio.mean() - 1) > 0.01


def test_augment_flow_adds_noise_of_the_strength_asked_for_and_drops_frames() -> None:
    noisy = moved((0.03, 0.02, -0.01), 1.0, noise_m=0.004)
    assert (noisy - moved((0.03, 0.02, -0.01), 1.0)).std() == pytest.approx(0.04, rel=0.1)
    assert not moved((0, 0, 0), 1.0, noise_m=0.004).any()  # none where nothing moves
    dropped = ~moved((0.03, 0.02, -0.01), 1.0, drop=0.3).any(axis=(1, 2, 3))
    assert 0.2 < dropped.mean() < 0.4


def test_flow_augmentation_changes_nothing_outside_training(store: Store) -> None:
    change = Augmentation(flow=FlowAugmentation(shift=0.3, zoom=0.3, rotate_deg=30, drop=0.5))
    assert same(clips(store)[0], clips(store, augmentation=change)[0])
