"""A sample of a folder of recordings: which data set, which joints, how far things move."""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

import numpy as np
from jaxtyping import Float32

from skelflow.datasets.catalog import action_names, find_data_set, known_action_names
from skelflow.datasets.prepare.config import PrepareConfig
from skelflow.datasets.prepare.naming import has_other_numbers
from skelflow.datasets.prepare.preprocess import (
    flow_frames,
    measured_range,
    moving_components,
)
from skelflow.datasets.windows import pair_times
from skelflow.errors import ConfigError, DataError, SkelflowError
from skelflow.io.cluster import TaskResult, Workers
from skelflow.pose import PoseMode
from skelflow.pose.joints import LAYOUTS
from skelflow.recordings import open_recording
from skelflow.skeleton.layouts import KINECT_V2
from skelflow.types import Recording
from skelflow.wording import counted

_SAMPLE_RECORDINGS = 24
_SAMPLE_PAIRS = 4


@dataclass(frozen=True)
class Sample:
    """Some recordings of a data set, and what they say about all of them.

    Parameters
    ----------
    source : name of the data set, that of most of them.
    layout : joint layout of its skeletons; None = there are none.
    has_depth : whether any of them has depth images.
    paths : recordings that the range is measured on.
    description : of what these are, for messages.
    action_names : number -> name, as far as known.
    focal_px, frame_rate_hz : of the first of them; the focal length None without depth.
    has_lens : whether a camera of any of them bends rays.
    """

    source: str
    layout: str | None
    has_depth: bool
    paths: list[Path]
    description: str
    action_names: Mapping[int, str]
    focal_px: float | None
    frame_rate_hz: float
    has_lens: bool


def sample_recordings(paths: list[Path], source: Path, config: PrepareConfig) -> Sample:
    """Open recordings spread over all of them until enough of them train."""
    errors: list[str] = []
    opened = _opened(low_discrepancy_order(paths), errors)
    first = list(islice(opened, _SAMPLE_RECORDINGS))
    if not first:
        raise DataError(
            f"none of {counted(len(paths), 'recording')} in {source} opens: {errors[0]}"
        )
    ((held, _),) = Counter(recording.source for _, recording in first).most_common(1)
    names = action_names(next(path for path, one in first if one.source == held), held)
    readable: list[tuple[Path, Recording]] = []
    training: list[Path] = []
    for path, recording in chain(first, opened):
        if has_other_numbers(path, recording.source, held, names):
            continue  # the run over all recordings refuses it
        readable.append((path, recording))
        if trains(recording, held, config):
            training.append(path)
        if len(training) == _SAMPLE_RECORDINGS:
            break
    has_depth = any(recording.has_depth for _, recording in readable)
    if has_depth and not config.skeletons_only:
        _check_crop(readable[0][1], config)
    layouts = (r.skeleton.layout for _, r in readable if r.skeleton is not None)
    everything = [path for path, _ in readable[:_SAMPLE_RECORDINGS]]
    sample_of = "training recordings" if training else "recordings, for none of them trains"
    return Sample(
        source=held,
        layout=_stored_layout(next(layouts, None), config.pose),
        has_depth=has_depth,
        paths=training or everything,
        description=sample_of,
        action_names=known_action_names(everything),
        focal_px=readable[0][1].camera.fx if readable[0][1].has_depth else None,
        frame_rate_hz=readable[0][1].frame_rate_hz,
        has_lens=any(any(recording.camera.distortion) for _, recording in readable),
    )


def _opened(paths: list[Path], errors: list[str]) -> Iterator[tuple[Path, Recording]]:
    """Those that open; why the others do not is added to `errors`."""
    for path in paths:
        try:
            yield path, open_recording(path)
        except SkelflowError as error:
            errors.append(str(error))


def _stored_layout(recorded: str | None, pose: PoseMode) -> str | None:
    """Joint layout of the store: that of the recordings, unless it cannot be estimated."""
    if pose == "recorded" or (pose == "auto" and recorded is not None):
        return recorded
    return recorded if recorded in LAYOUTS else KINECT_V2.name


def trains(recording: Recording, source: str, config: PrepareConfig) -> bool:
    """Whether it trains by the data set's protocol; a set without one, or unknown labels, do."""
    protocol = find_data_set(source).protocol(config.protocol)
    labels, name = recording.labels, recording.name
    if not protocol.knows(labels, name):
        return True
    return protocol.takes(name, labels) and protocol.trains(labels, name)


def _check_crop(recording: Recording, config: PrepareConfig) -> None:
    camera, (width, height) = recording.camera, config.flow.crop
    if config.flow.exceeds(camera):
        raise ConfigError(
            f"prepare: crop {width}x{height} is larger than the depth image "
            f"{camera.width}x{camera.height} of {recording.path}; choose a smaller crop"
        )


def low_discrepancy_order(paths: list[Path]) -> list[Path]:
    """All paths, so ordered that the first n are spread over the list, whatever n.

    Notes
    -----
    Source: the additive recurrence with the golden ratio (Kronecker sequence); Niederreiter,
    Random Number Generation and Quasi-Monte Carlo Methods, 1992.
    """
    golden = (np.sqrt(5) - 1) / 2  # irrational: in step with no period of subjects or trials
    order = np.argsort((np.arange(len(paths)) * golden) % 1, kind="stable")
    return [paths[i] for i in order]


def measure_range(sample: Sample, config: PrepareConfig, workers: Workers) -> float:
    """The range of the sampled recordings, meters; `DataError` where nothing moves."""
    tasks = [(path.absolute(), config) for path in sample.paths]
    with closing(workers.run(_sample_components, tasks)) as results:
        components = [_components(result) for result in results]
    range_m = measured_range(np.concatenate(components))
    if range_m is None:
        raise DataError(
            f"nothing moves, or can be read, in {counted(len(tasks), 'recording')} that the "
            "range is measured on; give range_m"
        )
    return range_m


def _components(result: TaskResult) -> Float32[np.ndarray, " values"]:
    """What a worker measured; nothing where that failed, which the run over all will report."""
    if result.error is not None:
        return np.zeros(0, np.float32)
    found: Float32[np.ndarray, " values"] = result.value
    return found


def _sample_components(path: Path, config: PrepareConfig) -> Float32[np.ndarray, " values"]:
    """Components of a few evenly spaced pairs; none when the recording cannot be used."""
    try:
        recording = open_recording(path)
        times = pair_times(len(recording), config.flow.stride)
        picks = np.linspace(0, len(times), 2 * _SAMPLE_PAIRS + 1)[1::2].astype(int)
        chosen = [times[i] for i in sorted(set(picks.tolist())) if i < len(times)]
        flow_m = flow_frames(recording, config.flow, chosen)
        return moving_components(flow_m)
    except Exception:  # whatever one recording can raise; the run over all recordings reports it
        return np.zeros(0, np.float32)
