"""Networks that read joints answer of recordings without any, and say that they were estimated."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from skelflow.datasets.prepare import PrepareConfig
from skelflow.datasets.prepare import task as task_module
from skelflow.datasets.prepare.sampling import _stored_layout
from skelflow.datasets.prepare.task import prepare_one
from skelflow.datasets.store.store import Store
from skelflow.errors import DataError
from skelflow.inference.checkpoint import Checkpoint
from skelflow.inference.recognizer import Recognizer
from skelflow.inference.stream import StreamSource, frames_of
from skelflow.models.registry import create_model
from tests.pose.person import recording
from tests.tiny_store import make_tiny_store


@pytest.fixture
def checkpoint(tmp_path: Path) -> Checkpoint:
    """A skeleton network as if it had been trained on Kinect v2's joints."""
    store = make_tiny_store(tmp_path / "s.zarr", layout="kinect_v2", subjects=(1,))
    network = create_model("gcn", classes=2, width=0.1, frames=20, joints=25).eval()
    return Checkpoint(tmp_path, network, store.meta, (1, 2), "cross-subject", (), 8, "cut")


def test_predict_estimates_joints_and_says_so(checkpoint: Checkpoint) -> None:
    result = Recognizer(checkpoint).recognize(recording(3))
    assert result.notes == (
        "joints were estimated from the infrared images: a person is found in 3 of 3 frames",
    )
    assert f"note: {result.notes[0]}" in result.to_text()
    assert "joints" in result.seconds
    assert len(result.scores) == 1


def test_a_stream_keeps_joints_that_were_estimated_over_the_whole_recording(
    checkpoint: Checkpoint,
) -> None:
    recognizer = Recognizer(checkpoint, pose="estimate")
    known = recognizer.with_joints(recording(5, absent=(2,)))
    *_, last = recognizer.stream(frames_of(known), StreamSource.of(known), window_s=60.0)
    assert last.predictions == recognizer.recognize(known).predictions
    again = StreamSource.of(recording(5, absent=(2,)))
    *_, other = recognizer.stream(frames_of(recording(5, absent=(2,))), again, window_s=60.0)
    assert other.predictions != last.predictions  # frame by frame, gaps are filled otherwise


def test_predict_estimates_nothing_when_told_so(checkpoint: Checkpoint) -> None:
    with pytest.raises(DataError, match="no skeleton, but gcn reads one"):
        Recognizer(checkpoint, pose="recorded").recognize(recording(2))


def test_predict_says_why_nothing_can_be_estimated(checkpoint: Checkpoint) -> None:
    nobody = recording(2, absent=(0, 1))
    with pytest.raises(DataError, match=r"no skeleton, but gcn reads one; .* no person is found"):
        Recognizer(checkpoint).recognize(nobody)
    lost = Recognizer(checkpoint).with_joints(recording(2))
    assert lost.skeleton is not None
    empty = replace(lost.skeleton, joints_m=np.full_like(lost.skeleton.joints_m, np.nan))
    assert (
        Recognizer(checkpoint)
        .recognize(replace(recording(2), skeleton=replace(empty, estimated_from="")))
        .notes
    )


def test_prepare_keeps_estimated_joints_and_notes_where_they_are_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = make_tiny_store(tmp_path / "s.zarr", layout="kinect_v2", subjects=())
    monkeypatch.setattr(task_module, "open_recording", lambda _: recording(3))
    config = PrepareConfig(skeletons_only=True, pose="auto")
    status = prepare_one(tmp_path / "person", "person", store.path, config)
    assert (status.state, status.estimated) == ("done", True)
    kept = Store.open(store.path)
    assert kept.attributes("person")["estimated_from"] == "infrared"
    assert np.isfinite(kept.joints_m("person")).all()


def test_stores_hold_recorded_joints_where_they_are_kept() -> None:
    assert _stored_layout(None, "recorded") is None
    assert _stored_layout("mine", "auto") == "mine"
    assert _stored_layout("mine", "estimate") == "kinect_v2"
    assert _stored_layout("kinect_v1", "estimate") == "kinect_v1"
    assert _stored_layout(None, "auto") == "kinect_v2"
