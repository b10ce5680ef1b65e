"""A recording as a network read it, and how long each stage took."""

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import NamedTuple, TypeVar, cast

import numpy as np
import torch
from torch import Tensor

from skelflow.datasets.loading.batch import Batch
from skelflow.datasets.loading.clips import ClipDataset, SkeletonDataset
from skelflow.datasets.pairs import check_motion
from skelflow.datasets.prepare.config import PrepareConfig
from skelflow.datasets.prepare.preprocess import Progress, outline_sequence, prepare_sequence
from skelflow.datasets.store.schema import PreparedSequence, StoreMeta
from skelflow.datasets.store.source import OneSequence
from skelflow.errors import DataError
from skelflow.inference.checkpoint import Checkpoint
from skelflow.inference.flow_in_turn import FlowInTurn, SequenceInTurn
from skelflow.types import Recording, Window

_Value = TypeVar("_Value")

clock = time.perf_counter  # of `timed`


class Reading(NamedTuple):
    """A recording as the network read it.

    Parameters
    ----------
    recording, notes : what was read, and what was assumed or mended.
    window : of the depth image that the clips are cut out of; None for skeletons alone.
    samples : what the network read.
    batches : of the samples, all or the first alone: those of a long recording fill the memory.
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
    """Note how long the block took, added to what the stage took before."""
    start = clock()
    yield
    seconds[stage] = seconds.get(stage, 0.0) + clock() - start


def timed_each(values: Iterable[_Value], seconds: dict[str, float], stage: str) -> Iterator[_Value]:
    """The values; the time until each is there counts to the stage."""
    source, done = iter(values), object()
    while True:
        with timed(seconds, stage):
            value = next(source, done)
        if value is done:
            return
        yield cast(_Value, value)


def prepared_samples(
    checkpoint: Checkpoint, recording: Recording, seconds: dict[str, float], progress: Progress
) -> tuple[PreparedSequence, SkeletonDataset]:
    """A recording as samples of a network, to be read once and in order.

    Where the range of the colors is known, flow is solved while clips are read, of those frames
    alone that a clip holds; the sequence's own then shows no motion. A range that is measured on
    the recording needs all of its flow first.

    Parameters
    ----------
    checkpoint : of the network.
    recording : at its frame rate, with the joints that it reads.
    seconds : takes the time of the stages "flow" or "skeleton".
    progress : called after each frame pair whose flow is known.
    """
    if not checkpoint.network.config.reads_clips:
        with timed(seconds, "skeleton"):
            sequence = skeleton_alone(recording, checkpoint.meta)
        return sequence, sequence_samples(checkpoint, sequence)
    if checkpoint.meta.flow.range_m is None:
        with timed(seconds, "flow"):
            sequence = prepare_sequence(
                recording,
                PrepareConfig(flow=checkpoint.flow_of(recording)),
                layout=checkpoint.joints_read,
                focal_px=checkpoint.focal_px,
                threads=torch.get_num_threads(),
                progress=progress,
            )
        return sequence, sequence_samples(checkpoint, sequence)
    return _samples_in_turn(checkpoint, recording, checkpoint.meta.flow.range_m, seconds, progress)


def sequence_samples(checkpoint: Checkpoint, sequence: PreparedSequence) -> SkeletonDataset:
    """Samples of a sequence whose flow, if any is read, is known."""
    source = OneSequence(checkpoint.meta, sequence, checkpoint.classes[0])
    return checkpoint.samples(source, [sequence.name])


def _samples_in_turn(
    checkpoint: Checkpoint,
    recording: Recording,
    range_m: float,
    seconds: dict[str, float],
    progress: Progress,
) -> tuple[PreparedSequence, ClipDataset]:
    meta = checkpoint.meta
    with timed(seconds, "flow"):
        outline = outline_sequence(
            recording,
            PrepareConfig(flow=checkpoint.flow_of(recording)),
            range_m=range_m,
            layout=checkpoint.joints_read,
            focal_px=checkpoint.focal_px,
        )
    sequence = outline.sequence
    samples = cast(ClipDataset, sequence_samples(checkpoint, sequence))
    readers = Counter(
        int(number) for clip in samples.clips for number in clip.frames(samples.length)
    )
    numbers = sorted(readers)
    flow_m = outline.flow_m(numbers, threads=torch.get_num_threads(), progress=progress)
    colored = outline.colored(flow_m, range_m)
    frames = zip(numbers, timed_each(colored, seconds, "flow"), strict=True)
    source = SequenceInTurn(meta, sequence, checkpoint.classes[0], FlowInTurn(frames, readers))
    return sequence, replace(samples, store=source)


def skeleton_alone(recording: Recording, meta: StoreMeta) -> PreparedSequence:
    """What a network that sees no flow reads; `DataError` without a skeleton that can move."""
    skeleton = recording.skeleton
    if skeleton is None:
        raise DataError(f"{recording.path}: neither flow nor skeleton to read")
    check_motion(recording)
    return PreparedSequence(
        name=recording.name,
        flow=np.zeros((0, *meta.flow.size[::-1], 3), np.uint8),
        joints_px=np.zeros((0, *skeleton.joints_m.shape[1:3], 2), np.float32),
        joints_m=skeleton.joints_m,
        range_m=meta.flow.range_m or 1.0,
        layout=meta.layout,
    )
