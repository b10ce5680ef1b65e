"""A recording as a network read it, and how long each stage took."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from torch import Tensor

from skelflow.datasets.loading.batch import Batch
from skelflow.datasets.loading.clips import SkeletonDataset
from skelflow.types import Recording, Window


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
    start = time.perf_counter()
    yield
    seconds[stage] = time.perf_counter() - start
