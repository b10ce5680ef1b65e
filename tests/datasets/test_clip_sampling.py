"""Clips of the whole action, and mirrored actions: joints and labels go along."""

from pathlib import Path

import numpy as np
import pytest
import torch

from skelflow.datasets.loading.augment import Augmentation
from skelflow.datasets.loading.clips import ClipDataset, SkeletonDataset
from skelflow.datasets.loading.sampling import jittered_clip, whole_clips
from skelflow.datasets.settings import FlowSettings
from skelflow.datasets.store.store import Store, StoreMeta
from skelflow.errors import ConfigError
from tests.datasets.test_clips import HEIGHT, WIDTH, clips, same, write


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    size = (WIDTH, HEIGHT)
    meta = StoreMeta("folder", "kinect_v1", FlowSettings(crop=size, size=size, range_m=0.1))
    store = Store.create(tmp_path_factory.mktemp("sampling") / "s.zarr", meta)
    for name, frames, action in (("long", 70, 9), ("short", 10, 4)):
        write(store, name, frames, action)
    return store


def whole(store: Store, **options: object) -> ClipDataset:
    return clips(store, sampling="whole", **options)


@pytest.mark.parametrize("count", [1, 7, 16, 23, 48, 90])
@pytest.mark.parametrize(("length", "sets"), [(1, 1), (8, 2), (16, 1), (16, 3)])
def test_clips_of_the_whole_action_span_it_in_order(count: int, length: int, sets: int) -> None:
    made = list(whole_clips(0, count + 1, stride=1, length=length, sets=sets))
    assert len(made) == sets
    random = np.random.default_rng(count)
    made.append(jittered_clip(0, count, length=length, crop_time=0.0, random=random))
    part = count / length
    for clip in made:
        frames = clip.frames(length)
        assert len(frames) == length and (np.diff(frames) >= 0).all()
        assert (frames >= 0).all() and (frames < count).all()
        assert (np.abs(frames - (np.arange(length) + 0.5) * part) <= part / 2 + 1).all()
    if count == length * sets:  # then each frame is in one set
        held = np.concatenate([clip.frames(length) for clip in made[:-1]])
        assert sorted(held) == list(range(count))


def test_jittered_clip_cuts_ends_off() -> None:
    random = np.random.default_rng(0)
    made = [jittered_clip(0, 100, length=10, crop_time=0.5, random=random) for _ in range(50)]
    spans = np.array([np.ptp(clip.frames(10)) for clip in made])
    assert 40 <= spans.min() < 60 and spans.max() > 85


@pytest.mark.parametrize("train", [False, True])
def test_clip_dataset_of_the_whole_action_keeps_joints_on_the_flow(
    store: Store, train: bool
) -> None:
    data = whole(store, train=train, sets=2, length=8)
    assert [clip.sequence for clip in data.clips] == ([0, 1] if train else [0, 0, 1, 1])
    for item in (data[number] for number in range(len(data))):
        assert item.flow.shape == (3, 8, 12, 12)
        for t in range(8):
            x, y = item.joints_px[t, 0, 5].int().tolist()
            assert item.flow[0, t, y, x] == item.flow[0, t].abs().sum() == 1


def test_clip_dataset_of_the_whole_action_draws_anew_each_epoch(store: Store) -> None:
    data, again = whole(store, train=True, seed=4), whole(store, train=True, seed=4)
    first = data[0]
    assert same(first, again[0])
    data.set_epoch(1)
    assert not same(first, data[0])
    data.set_epoch(0)
    assert same(first, data[0])


def test_clip_dataset_refuses_an_unknown_sampling(store: Store) -> None:
    with pytest.raises((ConfigError, TypeError), match="sampling"):
        clips(store, sampling="middle")
    with pytest.raises(ConfigError, match="sets"):
        whole(store, sets=0)


def test_flip_gives_the_mirrored_label_and_spares_actions_without_one(
    tmp_path: Path,
) -> None:
    size = (WIDTH, HEIGHT)
    meta = StoreMeta("utd_mhad", "kinect_v1", FlowSettings(crop=size, size=size, range_m=0.1))
    store, names = (
        Store.create(tmp_path / "s", meta),
        ("swipe left", "swipe right", "lunge", "clap"),
    )
    for name, action in zip(names, (1, 2, 26, 4), strict=True):
        write(store, name, 10, action)
    for kind in (SkeletonDataset, ClipDataset):
        sizes = {"crop": 12} if kind is ClipDataset else {}
        data = kind(
            store,
            names,
            (1, 2, 4, 26),
            frames=10,
            train=True,
            augmentation=Augmentation(flip=1.0),
            **sizes,
        )
        plain = kind(store, names, (1, 2, 4, 26), frames=10, **sizes)
        assert [data[i].label.item() for i in range(4)] == [1, 0, 3, 2]
        pairs = [(data[i].joints_m[..., 0], plain[i].joints_m[..., 0]) for i in range(4)]
        changed = [not torch.allclose(own, other, atol=1e-4) for own, other in pairs]
        assert changed == [True, True, False, True]
