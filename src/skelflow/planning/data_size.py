"""How large a data set is, from a look into some of its recordings."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from skelflow.datasets.prepare.config import PrepareConfig
from skelflow.datasets.prepare.sampling import low_discrepancy_order, sample_recordings, trains
from skelflow.datasets.windows import clip_starts, pair_times
from skelflow.errors import SkelflowError
from skelflow.recordings import find_recordings, open_recording

_OPENED = 200


@dataclass(frozen=True)
class DataSize:
    """A data set's size; what is not counted is a mean over the recordings that were opened.

    Parameters
    ----------
    recordings : found.
    opened : of them, evenly spread.
    frames, pairs, clips : of a recording, on average; no pairs and clips where no flow is prepared.
    training_share : of the recordings, by the protocol.
    uncertainty : of the number of frames: one standard error of the mean, relative.
    """

    recordings: int
    opened: int
    frames: float
    pairs: float
    clips: float
    training_share: float
    uncertainty: float


def measure_size(
    source: Path, config: PrepareConfig, *, length: int = 16, overlap: int = 8
) -> DataSize:
    """Open up to 200 recordings, evenly spread; nothing is decoded.

    Parameters
    ----------
    source : folder of recordings.
    config : stride and protocol.
    length, overlap : of the clips, see `clip_starts`.

    Raises
    ------
    DataError
        There is no recording, or none opens.
    """
    paths = find_recordings(source)
    sampled = low_discrepancy_order(paths)[:_OPENED]
    sample = sample_recordings(sampled, source, config)
    frames, training = [], []
    for path in sampled:
        try:
            recording = open_recording(path)
        except SkelflowError:
            continue
        frames.append(len(recording))
        training.append(trains(recording, sample.source, config))
    stride = config.flow.stride
    has_flow = sample.has_depth and not config.skeletons_only
    starts = [clip_starts(n, stride=stride, length=length, overlap=overlap) for n in frames]
    return DataSize(
        recordings=len(paths),
        opened=len(frames),
        frames=float(np.mean(frames)),
        pairs=has_flow * float(np.mean([len(pair_times(n, stride)) for n in frames])),
        clips=has_flow * float(np.mean([len(start) for start in starts])),
        training_share=float(np.mean(training)),
        uncertainty=float(np.std(frames) / np.mean(frames) / math.sqrt(len(frames))),
    )
