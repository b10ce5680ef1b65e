"""The samples of a store that a network reads: clips, or whole skeleton sequences."""

from collections.abc import Sequence
from typing import Any

from skelflow.datasets.loading.augment import Augmentation
from skelflow.datasets.loading.clips import ClipDataset, SkeletonDataset
from skelflow.datasets.loading.sampling import Longer, SamplingName, Shorter
from skelflow.datasets.store.source import SequenceSource
from skelflow.models.base import Network


def make_samples(
    network: Network,
    store: SequenceSource,
    names: Sequence[str],
    classes: Sequence[int],
    *,
    overlap: int = 8,
    sampling: SamplingName = "windows",
    sets: int = 3,
    longer: Longer = "cut",
    shorter: Shorter = "pad",
    augmentation: Augmentation | None = None,
    train: bool = False,
    seed: int = 0,
    cache: bool = False,
) -> SkeletonDataset:
    """Clips for a network that reads flow or joints in it, else whole skeleton sequences.

    Parameters
    ----------
    network : its configuration says by `clip` and `sequence` what it reads.
    store, names, classes : see `SkeletonDataset`.
    overlap, sampling, sets : see `ClipDataset`.
    longer, shorter, augmentation, train, seed, cache : see `SkeletonDataset`; no augmentation by
        default.

    Raises
    ------
    DataError, ConfigError
        See `ClipDataset`.
    """
    clip, sequence = network.config.clip, network.config.sequence
    common: dict[str, Any] = {
        "frames": 1 if sequence is None else sequence.frames,
        "bodies": None if sequence is None else sequence.bodies,
        "longer": longer,
        "shorter": shorter,
        "augmentation": augmentation or Augmentation(),
        "train": train,
        "seed": seed,
        "cache": cache,
    }
    if clip is None:
        return SkeletonDataset(store, names, classes, **common)
    return ClipDataset(
        store,
        names,
        classes,
        crop=clip.side,
        length=clip.length,
        overlap=overlap,
        sampling=sampling,
        sets=sets,
        **common,
    )
