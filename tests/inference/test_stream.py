"""Frames as they come get the answers that whole recordings get."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from skelflow.datasets.loading.clips import STILL
from skelflow.datasets.prepare.config import PrepareConfig
from skelflow.datasets.prepare.preprocess import prepare_sequence
from skelflow.datasets.store.store import Store
from skelflow.errors import ConfigError, DataError
from skelflow.inference.checkpoint import Checkpoint
from skelflow.inference.recognizer import Recognizer
from skelflow.inference.spans import find_spans
from skelflow.inference.stream import SlidingWindow, StreamSource, frames_of, replay
from skelflow.models.registry import create_model
from skelflow.recordings import open_recording
from skelflow.types import Frames, Recording
from tests.tiny_store import make_tiny_store
from tests.tiny_utd import FRAMES, write_recording

SKELETON = {"classes": 2, "frames": 30, "joints": 20}
OPTIONS = {
    "fused": {**SKELETON, "width": 0.02, "crop": 16, "clip_length": 8},
    "res_tcn": {**SKELETON, "width": 0.1},
    "c3d": {"classes": 2, "width": 0.02, "crop": 16, "clip_length": 8},
}


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    return open_recording(write_recording(tmp_path_factory.mktemp("r"), action=1, subject=1))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return make_tiny_store(tmp_path_factory.mktemp("s") / "s.zarr")


def recognizer(store: Store, name: str) -> Recognizer:
    flow = store.meta.flow.replace(crop=(320, 240), size=(32, 24), range_m=0.05)
    meta = replace(store.meta, flow=flow)
    network = create_model(name, **OPTIONS[name]).eval()
    return Recognizer(Checkpoint(Path("x"), network, meta, (1, 2), "p", (), 1, "cut"))


@pytest.mark.parametrize("name", ["fused", "res_tcn"])
def test_stream_answers_as_recognize_when_nothing_is_dropped(
    name: str, recording: Recording, store: Store
) -> None:
    network = recognizer(store, name)
    *_, last = network.stream(
        frames_of(recording), StreamSource.of(recording), window_s=60.0, every_s=0.1
    )
    assert last.predictions == network.recognize(recording).predictions
    assert (last.frames, last.dropped, last.latency_s) == (FRAMES, 0, None)


def test_a_network_that_reads_no_joints_needs_none(recording: Recording, store: Store) -> None:
    network, alone = recognizer(store, "c3d"), replace(recording, skeleton=None)
    *_, last = network.stream(frames_of(alone), StreamSource.of(alone), window_s=60.0, every_s=0.1)
    assert last.predictions == network.recognize(alone).predictions
    assert last.predictions


def test_window_shows_no_motion_where_depth_drops_out(recording: Recording, store: Store) -> None:
    network = recognizer(store, "fused")

    def depth(t: int) -> np.ndarray:
        return np.zeros_like(recording.depth[t]) if t in (3, 4) else recording.depth[t]

    black = replace(recording, depth=Frames(len(recording), depth))
    window = SlidingWindow(StreamSource.of(black), network.checkpoint, 99)
    for frame in frames_of(black):
        window.add(frame)
    found = window.sequence()
    config = PrepareConfig(flow=network.checkpoint.meta.flow)
    whole = prepare_sequence(black, config, range_m=0.05, layout="kinect_v1")
    np.testing.assert_array_equal(found.flow, whole.flow)
    np.testing.assert_array_equal(found.joints_px, whole.joints_px)
    stride = network.checkpoint.meta.flow.stride
    assert (found.flow[3 // stride] == STILL).all()


def test_window_holds_the_last_frames_as_a_recording_of_them_would(
    recording: Recording, store: Store
) -> None:
    network = recognizer(store, "fused")
    stride = network.checkpoint.meta.flow.stride
    window = SlidingWindow(StreamSource.of(recording), network.checkpoint, 4)
    for frame in frames_of(recording):
        window.add(frame)
        assert len(window.sequence().joints_m) <= 4
    found, begin = window.sequence(), round(window.span_s[0] * recording.frame_rate_hz)
    assert begin % stride == 0
    assert begin > 0
    np.testing.assert_array_equal(found.joints_m, recording.skeleton.joints_m[begin:])
    whole = SlidingWindow(StreamSource.of(recording), network.checkpoint, 99)
    for frame in frames_of(recording):
        whole.add(frame)
    np.testing.assert_array_equal(found.flow, whole.sequence().flow[begin // stride :])


def test_window_hands_on_each_flow_in_order_whatever_the_threads(
    recording: Recording, store: Store
) -> None:
    checkpoint = recognizer(store, "fused").checkpoint
    shown: dict[int, list[np.ndarray]] = {1: [], 3: []}
    threads = torch.get_num_threads()
    try:
        for count, flows in shown.items():
            torch.set_num_threads(count)
            source = StreamSource.of(recording)
            window = SlidingWindow(source, checkpoint, 99, on_flow=flows.append)
            for frame in frames_of(recording):
                window.add(frame)
            np.testing.assert_array_equal(window.sequence().flow, flows)
    finally:
        torch.set_num_threads(threads)
    np.testing.assert_array_equal(shown[1], shown[3])


def test_answers_name_nothing_while_nobody_is_seen(recording: Recording, store: Store) -> None:
    source = StreamSource.of(recording)
    assert recording.skeleton is not None
    nobody = replace(recording.skeleton, joints_m=np.full_like(recording.skeleton.joints_m, np.nan))
    assert StreamSource.of(replace(recording, skeleton=nobody)).layout is None
    empty = (
        frame._replace(joints_m=np.full_like(frame.joints_m, np.nan))
        for frame in frames_of(recording)
    )
    answers = list(recognizer(store, "fused").stream(empty, source, every_s=0.1))
    assert answers
    assert {each.predictions for each in answers} == {()}
    assert "nobody is seen" in answers[0].to_text()
    assert find_spans(answers) == ()


def test_window_counts_dropped_frames_and_keeps_time(recording: Recording, store: Store) -> None:
    window = SlidingWindow(StreamSource.of(recording), recognizer(store, "fused").checkpoint, 99)
    for frame in frames_of(recording):
        if frame.t not in (1, 2):
            window.add(frame)
    assert (window.frames, window.dropped) == (FRAMES - 2, 2)
    sequence = window.sequence()
    assert len(sequence.joints_m) == FRAMES
    np.testing.assert_array_equal(sequence.joints_m[2], sequence.joints_m[0])
    assert (sequence.flow[0] == 128).all()  # its second frame never came


def test_replay_drops_all_but_the_newest_when_nobody_asked_in_time(recording: Recording) -> None:
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    frames = replay(recording, most_behind=2, clock=lambda: now[0], sleep=sleep)
    assert next(frames).t == 0
    assert next(frames).t == 1
    assert now[0] == pytest.approx(1 / recording.frame_rate_hz)
    now[0] = 5.5 / recording.frame_rate_hz
    late = next(frames)
    assert late.t == 5
    assert late.taken_s == pytest.approx(5 / recording.frame_rate_hz)
    assert [frame.t for frame in frames] == [6]


def test_stream_refuses_what_it_cannot_answer(recording: Recording, store: Store) -> None:
    network, source = recognizer(store, "fused"), StreamSource.of(recording)
    for wrong in ({"every_s": 0.0}, {"window_s": float("inf")}, {"every_s": float("nan")}):
        with pytest.raises(ConfigError, match="positive and finite"):
            next(network.stream(frames_of(recording), source, **wrong))
    recorded = replace(network, pose="recorded")
    with pytest.raises(DataError, match="no skeleton, but fused reads one"):
        next(recorded.stream(frames_of(recording), replace(source, layout=None)))
    frames = list(frames_of(recording))
    with pytest.raises(DataError, match="came after a later one"):
        list(network.stream([frames[3], frames[1]], source))
    loose = replace(
        network.checkpoint.meta, flow=network.checkpoint.meta.flow.replace(range_m=None)
    )
    with pytest.raises(DataError, match="fixed range"):
        SlidingWindow(source, replace(network.checkpoint, meta=loose), 9)


def test_a_stream_without_depth_answers_from_joints_alone(
    recording: Recording, store: Store
) -> None:
    alone = replace(recording, depth=Frames.absent(FRAMES, "no depth"))
    network = recognizer(store, "res_tcn")
    *_, last = network.stream(frames_of(alone), StreamSource.of(alone))
    assert last.predictions == network.recognize(recording).predictions
    with pytest.raises(DataError, match="no depth images, and flow needs them"):
        recognizer(store, "fused").stream(frames_of(alone), StreamSource.of(alone))
    estimating = Recognizer(network.checkpoint, pose="estimate")
    with pytest.raises(DataError, match="joints are estimated from them"):
        estimating.stream(frames_of(alone), StreamSource.of(alone))


def test_first_answer_of_a_stream_has_the_notes_of_recognize(
    recording: Recording, store: Store
) -> None:
    checkpoint = replace(recognizer(store, "fused").checkpoint, intensities=("color",))
    assert recording.skeleton is not None
    skeleton = replace(recording.skeleton, estimated_from="depth")
    noted = replace(recording, skeleton=skeleton, repairs=("a frame was black",))
    network, source = Recognizer(checkpoint), StreamSource.of(noted)
    first, *others = network.stream(frames_of(noted), source, every_s=0.1)
    assert first.notes == network.recognize(noted).notes
    assert [note.split()[0] for note in first.notes] == ["joints", "a", "its"]
    assert first.to_text().splitlines()[:3] == [f"note: {note}" for note in first.notes]
    assert others and not any(each.notes for each in others)
