"""A recording as a network read it, and how long each stage took."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
from torch import Tensor

from skelflow.datasets.loading.batch import Batch
from skelflow.datasets.loading.clips import SkeletonDataset
from skelflow.datasets.store.schema import PreparedSequence, StoreMeta
from skelflow.errors import DataError
from skelflow.types import Recording, Window

clock = time.perf_counter  # of `timed`


class Reading(NamedTuple):
    """A recording as the network read it.

    Parameters
    ----------
    recording, notes : what was read, and what was assumed or mended.
    window : of the depth image that the clips are cut out of; None for skeletons alone.
    samples, batches : what the network read.
    logits : its answer, one row a sample.
    seconds : spent in each stage.
    """

    recording: Recording
    notes: tuple[str, ...]
    window: Window | None
    samples: SkeletonDataset
    batches: list[Batch]
    logits: Tensor
    seconds: dict[str, float]


def is_estimated(recording: Recording) -> bool:
    """Whether its joints were estimated from its images."""
    return recording.skeleton is not None and bool(recording.skeleton.estimated_from)


@contextmanager
def timed(seconds: dict[str, float], stage: str) -> Iterator[None]:
    """Note how long the block took."""
    start = clock()
    yield
    seconds[stage] = clock() - start


def skeleton_alone(recording: Recording, meta: StoreMeta) -> PreparedSequence:
    """What a network that sees no flow reads; `DataError` without a skeleton."""
    skeleton = recording.skeleton
    if skeleton is None:
        raise DataError(f"{recording.path}: neither flow nor skeleton to read")
    return PreparedSequence(
        name=recording.name,
        flow=np.zeros((0, *meta.flow.size[::-1], 3), np.uint8),
        joints_px=np.zeros((0, *skeleton.joints_m.shape[1:3], 2), np.float32),
        joints_m=skeleton.joints_m,
        range_m=meta.flow.range_m or 1.0,
        layout=meta.layout,
    )
