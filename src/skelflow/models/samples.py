"""The samples of a store that a network reads: clips, or whole skeleton sequences."""

from collections.abc import Sequence
from typing import Literal

from skelflow.datasets.loading.augment import Augmentation
from skelflow.datasets.loading.clips import ClipDataset, SkeletonDataset
from skelflow.datasets.store.source import SequenceSource
from skelflow.models.base import Network
from skelflow.models.config import FlowConfig


def make_samples(
    network: Network,
    store: SequenceSource,
    names: Sequence[str],
    classes: Sequence[int],
    *,
    overlap: int = 8,
    longer: Literal["cut", "resample"] = "cut",
    augmentation: Augmentation | None = None,
    train: bool = False,
    seed: int = 0,
    cache: bool = False,
) -> SkeletonDataset:
    """Clips for a network that reads flow, whole sequences for one that does not.

    Parameters
    ----------
    network : its configuration gives the sizes: frames, bodies, clip length, crop.
    store, names, classes : see `SkeletonDataset`.
    overlap : of neighboring clips, in kept flow frames.
    longer, augmentation, train, seed, cache : see `SkeletonDataset`; no augmentation by default.

    Raises
    ------
    DataError, ConfigError
        See `ClipDataset`.
    """
    sizes = network.config
    augmentation = augmentation or Augmentation()
    if not isinstance(sizes, FlowConfig):
        return SkeletonDataset(
            store,
            names,
            classes,
            frames=getattr(sizes, "frames", 1),
            bodies=getattr(sizes, "bodies", None),
            longer=longer,
            augmentation=augmentation,
            train=train,
            seed=seed,
            cache=cache,
        )
    return ClipDataset(
        store,
        names,
        classes,
        frames=getattr(sizes, "frames", 1),
        bodies=getattr(sizes, "bodies", None),
        longer=longer,
        augmentation=augmentation,
        train=train,
        seed=seed,
        cache=cache,
        crop=sizes.crop,
        length=sizes.clip_length,
        overlap=overlap,
    )
