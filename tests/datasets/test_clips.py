"""Clips: no frame is dropped, chance is reproducible, joints stay on the flow."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.data import DataLoader

from skelflow.datasets.loading.augment import Augmentation, augment_skeleton, resample
from skelflow.datasets.loading.clips import (
    Batch,
    ClipDataset,
    SkeletonDataset,
    clip_starts,
    to_tensor,
)
from skelflow.datasets.settings import FlowSettings
from skelflow.datasets.store.store import PreparedSequence, Store, StoreMeta
from skelflow.errors import ConfigError, DataError
from skelflow.skeleton.layouts import KINECT_V1
from skelflow.types import Labels

FRAMES = {"long": 70, "short": 10}
CLASSES = (4, 9)
WIDTH, HEIGHT = 20, 14
LEFT_HAND, RIGHT_HAND = (KINECT_V1.joints.index(f"{side}_hand") for side in ("left", "right"))


def write(store: Store, name: str, frames: int, action: int | None, bodies: int = 1) -> None:
    """Every joint sits on the one bright pixel of each flow frame."""
    random = np.random.default_rng(frames)
    count = len(range(0, frames - 1, 3))
    x, y = random.integers(7, 12, count), random.integers(5, 9, count)
    flow = np.full((count, HEIGHT, WIDTH, 3), 128, np.uint8)
    flow[np.arange(count), y, x] = (255, 1, 200)
    pixels = np.stack((x, y), axis=-1).astype(np.float32)[:, None, None]
    joints_m = random.normal(size=(frames, bodies, 20, 3)).astype(np.float32)
    store.write(
        PreparedSequence(
            name=name,
            flow=flow,
            joints_px=np.tile(pixels, (1, bodies, 20, 1)),
            joints_m=joints_m,
            range_m=0.1,
            layout="kinect_v1",
            labels=Labels(action=action, subject=1),
        )
    )


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    size = (WIDTH, HEIGHT)
    meta = StoreMeta("folder", "kinect_v1", FlowSettings(crop=size, size=size, range_m=0.1))
    store = Store.create(tmp_path_factory.mktemp("clips") / "s.zarr", meta)
    for name, action in (("long", 9), ("short", 4)):
        write(store, name, FRAMES[name], action)
    write(store, "duet", 40, 9, bodies=2)
    write(store, "unlabeled", 4, None)
    return store


def clips(
    store: Store, names: tuple[str, ...] = ("long", "short"), **options: object
) -> ClipDataset:
    return ClipDataset(store, names, CLASSES, **{"crop": 12, "frames": 80, **options})  # type: ignore[arg-type]


def same(one: Batch, other: Batch) -> bool:
    pairs = zip(one, other, strict=True)
    return all(torch.equal(a.nan_to_num(9e9), b.nan_to_num(9e9)) for a, b in pairs)


@pytest.mark.parametrize(
    ("frames", "count"),
    [(0, 0), (1, 0), (2, 1), (45, 1), (46, 1), (47, 1), (70, 2), (300, 12)],
)
def test_clip_starts_has_the_known_count(frames: int, count: int) -> None:
    assert len(clip_starts(frames)) == count


@given(st.integers(2, 500), st.integers(1, 5), st.integers(1, 20), st.data())
def test_clip_starts_drops_no_frame(
    frames: int, stride: int, length: int, data: st.DataObject
) -> None:
    overlap = data.draw(st.integers(0, length - 1))
    starts = clip_starts(frames, stride=stride, length=length, overlap=overlap)
    count = len(range(0, frames - 1, stride))
    covered = {t for start in starts for t in range(start, start + length)}
    assert covered >= set(range(count))
    assert starts == sorted(set(starts))
    assert starts[-1] + length <= max(count, length)


def test_clip_starts_refuses_clips_that_do_not_advance() -> None:
    with pytest.raises(ConfigError, match=r"overlap must lie in \[0, 16\), found 16"):
        clip_starts(100, overlap=16)


def test_to_tensor_is_zero_at_128_and_one_at_255() -> None:
    colored = np.full((2, 3, 4, 3), 128, np.uint8)
    colored[0, 1, 2] = (255, 1, 128)
    tensor = to_tensor(colored)
    assert tensor.shape == (3, 2, 3, 4)
    assert tensor[:, 0, 1, 2].tolist() == [1.0, -1.0, 0.0]
    assert tensor.abs().sum() == 2
    assert to_tensor(colored, flip=True)[:, 0, 1, 1].tolist() == [-1.0, -1.0, 0.0]


def test_clip_dataset_has_the_shapes_of_a_batch(store: Store) -> None:
    data = clips(store)
    assert [(c.sequence, c.start, c.pad) for c in data.clips] == [(0, 0, 0), (0, 7, 0), (1, 0, 13)]
    item = data[1]
    assert item.flow.shape == (3, 16, 12, 12)
    assert item.joints_px.shape == (16, 2, 20, 2)
    assert item.joints_m.shape == (80, 2, 20, 3)
    assert (item.label.item(), item.index.item()) == (1, 0)
    assert (item.label.dtype, item.index.dtype) == (torch.int64, torch.int64)
    assert data[2].label == 0
    batch = next(iter(DataLoader(data, batch_size=3)))
    assert isinstance(batch, Batch)
    assert batch.flow.shape == (3, 3, 16, 12, 12)
    assert batch.index.tolist() == [0, 0, 1]


@pytest.mark.parametrize("flip", [0.0, 1.0])
@pytest.mark.parametrize("train", [False, True])
def test_clip_dataset_keeps_joints_on_the_flow(store: Store, train: bool, flip: float) -> None:
    data = clips(store, train=train, augmentation=Augmentation(flip=flip), seed=3)
    sign = -1 if train and flip else 1
    for item in (data[number] for number in range(len(data))):
        for t in range(16):
            x, y = item.joints_px[t, 0, 5].int().tolist()
            assert item.flow[0, t].abs().sum() <= 1
            if item.flow[:, t].any():
                assert item.flow[0, t, y, x] == sign


def test_clip_dataset_pads_with_no_motion_and_the_last_joints(store: Store) -> None:
    item = clips(store)[2]
    assert item.flow[:, :3].any()
    assert not item.flow[:, 3:].any()
    assert torch.equal(item.joints_px[3:, 0], item.joints_px[2:3, 0].expand(13, 20, 2))


def test_clip_dataset_crops_the_center_in_test(store: Store) -> None:
    whole = to_tensor(store.flow("long", 0, 16))
    assert torch.equal(clips(store)[0].flow, whole[:, :, 1:13, 4:16])


def test_clip_dataset_crop_varies_by_epoch_and_seed_alone(store: Store) -> None:
    data, twin = clips(store, train=True), clips(store, train=True, cache=True)
    first = [data[i] for i in range(3)]
    assert all(same(first[i], twin[i]) for i in (2, 0, 1))
    seen = set()
    for epoch in range(8):
        data.set_epoch(epoch)
        seen.add(tuple(data[0].joints_px[0, 0, 0].tolist()))
    assert len(seen) > 3
    data.set_epoch(0)
    assert same(data[0], first[0])
    assert any(not same(clips(store, train=True, seed=s)[0], first[0]) for s in (1, 2, 3))


def test_clip_dataset_loads_the_same_in_workers_that_outlive_an_epoch(store: Store) -> None:
    change = Augmentation(flip=0.5, noise_m=0.01)
    data = clips(store, train=True, augmentation=change)
    loader = DataLoader(data, batch_size=3, num_workers=1, persistent_workers=True)
    for epoch in (0, 1):
        data.set_epoch(epoch)
        loaded = next(iter(loader))
        here = next(iter(DataLoader(data, batch_size=3)))
        assert same(loaded, here)


def test_clip_dataset_names_the_flow_size_when_the_crop_does_not_fit(store: Store) -> None:
    with pytest.raises(ConfigError, match="crop 15 does not fit the store's 20x14 flow"):
        clips(store, crop=15)


def test_skeleton_dataset_pads_frames_and_bodies_with_nan(store: Store) -> None:
    data = SkeletonDataset(store, ["short", "duet"], CLASSES, frames=50)
    item = data[0]
    assert item.flow.shape == item.joints_px.shape == (0,)
    assert item.joints_m.shape == (50, 2, 20, 3)
    np.testing.assert_array_equal(item.joints_m[:10, 0], store.joints_m("short")[:, 0])
    assert item.joints_m[10:].isnan().all()
    assert item.joints_m[:, 1].isnan().all()
    assert not data[1].joints_m[:40].isnan().any()
    assert len(data) == 2


def test_skeleton_dataset_takes_the_first_bodies(store: Store) -> None:
    item = SkeletonDataset(store, ["duet"], CLASSES, frames=40, bodies=1)[0]
    np.testing.assert_array_equal(item.joints_m, store.joints_m("duet")[:, :1])


def test_skeleton_dataset_cuts_or_resamples_a_long_skeleton(store: Store) -> None:
    whole = store.joints_m("long")
    cut = SkeletonDataset(store, ["long"], CLASSES, frames=24, bodies=1)[0]
    np.testing.assert_array_equal(cut.joints_m, whole[:24])
    kept = SkeletonDataset(store, ["long"], CLASSES, frames=24, bodies=1, longer="resample")[0]
    np.testing.assert_allclose(kept.joints_m[[0, 1, -1]], whole[[0, 3, 69]], atol=1e-6)


def test_skeleton_dataset_pads_or_resamples_a_short_skeleton(store: Store) -> None:
    whole = store.joints_m("long")
    count = 2 * len(whole) - 1  # every second frame is one of the recording's
    padded = SkeletonDataset(store, ["long"], CLASSES, frames=count, bodies=1)[0].joints_m
    np.testing.assert_array_equal(padded[: len(whole)], whole)
    assert padded[len(whole) :].isnan().all()
    change = {"longer": "resample", "shorter": "resample", "bodies": 1}
    full = SkeletonDataset(store, ["long"], CLASSES, frames=count, **change)[0].joints_m  # type: ignore[arg-type]
    np.testing.assert_allclose(full[::2], whole, atol=1e-6)
    np.testing.assert_allclose(full[1::2], (whole[1:] + whole[:-1]) / 2, atol=1e-6)
    for warp in (0.0, 0.5):
        changed = Augmentation(warp=warp, crop_time=0.2, speed=0.2)
        data = SkeletonDataset(
            store,
            ["long"],
            CLASSES,
            frames=24,
            train=True,
            augmentation=changed,
            **change,  # type: ignore[arg-type]
        )
        assert data[0].joints_m.shape == (24, 1, 20, 3)
        assert data[0].joints_m.isfinite().all()


def test_skeleton_dataset_changes_nothing_by_default_in_training(store: Store) -> None:
    item = SkeletonDataset(store, ["duet"], CLASSES, frames=40, train=True)[0]
    np.testing.assert_allclose(item.joints_m, store.joints_m("duet"), atol=1e-6)


def test_skeleton_dataset_flips_left_and_right(store: Store) -> None:
    flip = Augmentation(flip=1.0)
    item = SkeletonDataset(store, ["duet"], CLASSES, frames=40, train=True, augmentation=flip)[0]
    whole = store.joints_m("duet")
    np.testing.assert_allclose(
        item.joints_m[:, :, LEFT_HAND], whole[:, :, RIGHT_HAND] * (-1, 1, 1), atol=1e-6
    )


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"names": []}, DataError, "no sequences to read"),
        ({"names": ["x"]}, DataError, "holds no sequence 'x'"),
        ({"names": ["unlabeled"]}, DataError, "action None of unlabeled is none of the 2 classes"),
        ({"frames": 0}, ConfigError, "frames must be positive, found 0"),
    ],
)
def test_skeleton_dataset_refuses(
    store: Store, options: dict[str, object], error: type[Exception], message: str
) -> None:
    arguments = {"names": ["long"], "classes": CLASSES, **options}
    with pytest.raises(error, match=message):
        SkeletonDataset(store, **arguments)  # type: ignore[arg-type]


def test_augmentation_turns_and_scales_about_the_body(store: Store) -> None:
    joints_m = store.joints_m("duet") + np.float32([0, 0, 3])
    change = Augmentation(rotate_deg=90.0, scale=0.5)
    changed = augment_skeleton(joints_m, change, np.random.default_rng(1))
    centers = joints_m.mean((0, 1, 2)), changed.mean((0, 1, 2))
    np.testing.assert_allclose(*centers, atol=1e-5)
    before = np.linalg.norm(joints_m - centers[0], axis=-1)
    after = np.linalg.norm(changed - centers[1], axis=-1)
    ratio = after / before
    np.testing.assert_allclose(ratio, ratio.mean(), rtol=1e-4)
    assert 0.5 <= ratio.mean() <= 1.5
    assert abs(ratio.mean() - 1) > 0.01
    heights = (changed - centers[1])[..., 1] / (joints_m - centers[0])[..., 1]
    np.testing.assert_allclose(heights, ratio.mean(), rtol=1e-2)


def test_augmentation_changes_tempo_and_length_and_keeps_gaps() -> None:
    joints_m = np.zeros((40, 1, 20, 3), np.float32)
    joints_m[:, :, 4] = np.nan
    joints_m[..., 0] += np.arange(40, dtype=np.float32)[:, None, None]
    change = Augmentation(speed=0.5, crop_time=0.5)
    lengths = set()
    for seed in range(8):
        changed = augment_skeleton(joints_m, change, np.random.default_rng(seed))
        lengths.add(len(changed))
        assert np.isnan(changed[:, :, 4]).all()
        assert (np.diff(changed[:, 0, 0, 0]) > 0).all()
    assert len(lengths) > 3


def test_augmentation_tilts_rigidly_and_stretches_each_axis() -> None:
    joints_m = np.random.default_rng(0).normal(0, 1, (6, 2, 20, 3)).astype(np.float32)
    joints_m[0, 0, 4] = np.nan
    center = np.nanmean(joints_m, axis=(0, 1, 2))
    tilted = augment_skeleton(joints_m, Augmentation(tilt_deg=10.0), np.random.default_rng(1))
    np.testing.assert_array_equal(np.isnan(tilted), np.isnan(joints_m))
    before, after = (np.linalg.norm(x - center, axis=-1) for x in (joints_m, tilted))
    np.testing.assert_allclose(after, before, rtol=1e-4)
    upright = np.float32([[[[0, 0, 3], [0, 1, 3]]]])
    leaning = augment_skeleton(upright, Augmentation(tilt_deg=10.0), np.random.default_rng(2))
    degrees = np.degrees(np.arccos((leaning[0, 0, 1] - leaning[0, 0, 0])[1]))
    assert 0.1 < degrees < 10 * 2**0.5
    change = Augmentation(stretch=0.3)
    stretched = augment_skeleton(joints_m, change, np.random.default_rng(3))
    ratio = (stretched - center) / (joints_m - center)
    for axis in range(3):
        found = ratio[..., axis][np.isfinite(ratio[..., axis])]
        np.testing.assert_allclose(found, np.median(found), rtol=1e-2)
        assert 0.01 < abs(np.median(found) - 1) < 0.3
    assert len({round(float(np.nanmedian(ratio[..., axis])), 3) for axis in range(3)}) == 3


def test_augmentation_warps_time_smoothly_and_forward() -> None:
    joints_m = np.zeros((40, 1, 20, 3), np.float32)
    joints_m[..., 0] += np.arange(40, dtype=np.float32)[:, None, None]
    change, tempos = Augmentation(warp=0.4), []
    for seed in range(20):
        random = np.random.default_rng(seed)
        places = augment_skeleton(joints_m, change, random, frames=64)[:, 0, 0, 0]
        assert places[[0, -1]].tolist() == pytest.approx([0, 39], abs=1e-4)
        tempos.append(np.diff(places) * 63 / 39)
    assert np.min(tempos) > 0
    assert np.mean((np.array(tempos) > 0.5) & (np.array(tempos) < 2)) > 0.9
    assert np.std(tempos) > 0.1
    assert len(augment_skeleton(joints_m, change, np.random.default_rng(0))) == 40
    one = augment_skeleton(joints_m[:1], change, np.random.default_rng(0), frames=3)
    np.testing.assert_array_equal(one, np.repeat(joints_m[:1], 3, axis=0))


def test_no_change_uses_no_other_chance_than_before() -> None:
    joints_m = np.random.default_rng(0).normal(0, 1, (9, 1, 20, 3)).astype(np.float32)
    change = Augmentation(rotate_deg=30.0, scale=0.2, speed=0.3, crop_time=0.2, noise_m=0.01)
    changed = augment_skeleton(joints_m, change, np.random.default_rng(5))
    assert changed.shape == (8, 1, 20, 3)
    assert float(changed.sum()) == pytest.approx(-14.034703, abs=1e-5)


def test_resample_takes_the_nearest_beside_a_gap() -> None:
    joints_m = np.zeros((3, 1, 1, 3), np.float32)
    joints_m[:, 0, 0, 0] = (0, np.nan, 4)
    joints_m[:, 0, 0, 1] = (0, 2, 4)
    resampled = resample(joints_m, 5)[:, 0, 0]
    np.testing.assert_array_equal(resampled[:, 1], [0, 1, 2, 3, 4])
    assert resampled[[0, -1], 0].tolist() == [0, 4]
    assert np.isnan(resampled[2, 0])


@pytest.mark.parametrize("name", sorted(Augmentation.model_fields.keys() - {"also", "flow"}))
def test_augmentation_names_the_value_when_it_is_out_of_range(name: str) -> None:
    with pytest.raises(ConfigError, match=f"{name}: found -1.0, expected at least 0"):
        Augmentation(**{name: -1.0})
