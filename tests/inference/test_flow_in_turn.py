"""Flow that is solved while clips are read: the same clips, and no more of it in memory at once."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from skelflow.datasets.loading.clips import ClipDataset
from skelflow.datasets.prepare.config import PrepareConfig
from skelflow.datasets.prepare.preprocess import prepare_sequence
from skelflow.inference.checkpoint import Checkpoint
from skelflow.inference.flow_in_turn import SequenceInTurn
from skelflow.inference.reading import prepared_samples, sequence_samples
from skelflow.models.registry import create_model
from skelflow.recordings import open_recording
from skelflow.types import Frames, Recording
from tests.tiny_store import make_tiny_store
from tests.tiny_utd import write_recording

LENGTH, PAIRS = 8, 30


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """The tiny recording to and fro, 91 frames."""
    short = open_recording(write_recording(tmp_path_factory.mktemp("r"), action=1, subject=1))
    order = np.abs(np.arange(3 * PAIRS + 1) % (2 * len(short) - 2) - (len(short) - 1))
    times = order.tolist()
    skeleton = short.skeleton
    assert skeleton is not None
    return replace(
        short,
        depth=Frames(len(times), lambda t: short.depth[times[t]]),
        skeleton=replace(
            skeleton,
            joints_m=skeleton.joints_m[times],
            joints_px=skeleton.joints_px[times],
            tracking=skeleton.tracking[times],
        ),
    )


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    store = make_tiny_store(tmp_path_factory.mktemp("s") / "s.zarr")
    flow = store.meta.flow.replace(
        crop=(320, 240), size=(32, 24), range_m=0.05, preset="fast", region="clip"
    )
    network = create_model("c3d_at1", classes=2, width=0.02, crop=16, clip_length=LENGTH).eval()
    meta = replace(store.meta, flow=flow)
    return Checkpoint(Path("x"), network, meta, (1, 2), "p", (), LENGTH // 2, "cut")


@pytest.mark.parametrize(
    ("sampling", "solved", "held"), [("windows", PAIRS, LENGTH), ("whole", 24, 16)]
)
def test_clips_are_those_of_all_flow_and_hold_few_frames(
    recording: Recording, checkpoint: Checkpoint, sampling: str, solved: int, held: int
) -> None:
    checkpoint = replace(checkpoint, sampling=sampling)
    flow = checkpoint.meta.flow
    whole = prepare_sequence(
        recording, PrepareConfig(flow=flow), range_m=flow.range_m, layout="kinect_v1"
    )
    expected = sequence_samples(checkpoint, whole)
    told: list[tuple[int, int]] = []
    seconds: dict[str, float] = {}
    sequence, samples = prepared_samples(
        checkpoint, recording, seconds, lambda *done: told.append(done)
    )
    assert isinstance(samples, ClipDataset)
    assert isinstance(samples.store, SequenceInTurn)
    assert not told  # nothing is solved before a clip is read
    assert len(samples) == len(expected) >= 3
    most = 0
    for own, theirs in zip(samples, expected, strict=True):
        for one, other in zip(own, theirs, strict=True):
            torch.testing.assert_close(one, other, rtol=0, atol=0, equal_nan=True)
        most = max(most, samples.store.turn.held)
    assert 0 < most <= held
    assert samples.store.turn.held == 0
    assert told[-1] == (solved, solved)
    assert seconds["flow"] > 0
    np.testing.assert_array_equal(sequence.joints_px, whole.joints_px)
    assert sequence.window == whole.window


def test_a_range_of_its_own_is_measured_on_all_flow(
    recording: Recording, checkpoint: Checkpoint
) -> None:
    flow = checkpoint.meta.flow.replace(range_m=None)
    checkpoint = replace(checkpoint, meta=replace(checkpoint.meta, flow=flow))
    told: list[tuple[int, int]] = []
    sequence, samples = prepared_samples(checkpoint, recording, {}, lambda *done: told.append(done))
    assert told[-1] == (PAIRS, PAIRS)
    assert sequence.flow.std() > 0
    assert len(samples) >= 3
