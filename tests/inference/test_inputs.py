"""A network gets what it says that it reads, or the answer is no answer."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from skelflow.datasets.store.store import Store
from skelflow.errors import ConfigError, DataError, WeightsError
from skelflow.inference import Explanation
from skelflow.inference.checkpoint import Checkpoint
from skelflow.inference.recognizer import Recognizer
from skelflow.inference.stream import StreamSource, frames_of
from skelflow.models.config import Input
from skelflow.models.registry import create_model
from skelflow.recordings import open_recording
from skelflow.training.loop import train
from skelflow.training.recipe import resolve
from skelflow.types import Frames
from tests.tiny_store import make_tiny_store
from tests.tiny_utd import write_recording

SMALL = {"classes": 2, "width": 0.02, "crop": 16, "frames": 30, "joints": 20}
READERS_OF_JOINTS = ("c3d_at1", "c3d_at2", "fused", "gcn", "res_tcn", "res_tcn_bjcn")


def checkpoint(name: str, store: Store) -> Checkpoint:
    """A network as if it had been trained on the store."""
    network = create_model(name, **SMALL).eval()
    path = store.path.parent / f"{name}.safetensors"
    return Checkpoint(path, network, store.meta, (1, 2), "cross-subject", (), 8, "cut")


@pytest.mark.parametrize(
    ("name", "inputs"),
    [
        ("c3d", {Input.FLOW}),
        ("c3d_at1", {Input.FLOW, Input.JOINTS_PX}),
        ("c3d_at2", set(Input)),
        ("fused", set(Input)),
        ("res_tcn", {Input.JOINTS_M}),
    ],
)
def test_networks_say_what_they_read(name: str, inputs: set[Input]) -> None:
    assert create_model(name, **SMALL).inputs == inputs


def test_fused_without_attention_reads_no_joints_in_the_flow() -> None:
    fused = create_model("fused", **SMALL, attention="none")
    assert fused.inputs == {Input.FLOW, Input.JOINTS_M}


@pytest.mark.parametrize("name", READERS_OF_JOINTS)
def test_predict_refuses_a_recording_without_a_skeleton(name: str, tmp_path: Path) -> None:
    store = make_tiny_store(tmp_path / "s.zarr")
    recording = replace(
        open_recording(write_recording(tmp_path, action=1, subject=1)), skeleton=None
    )
    with pytest.raises(DataError, match=f"no skeleton, but {name} reads one; .* such as c3d"):
        Recognizer(checkpoint(name, store)).recognize(recording)


def test_a_body_without_a_whole_joint_gets_no_scores(tmp_path: Path) -> None:
    recognizer = Recognizer(checkpoint("res_tcn_bjcn", make_tiny_store(tmp_path / "s.zarr")))
    recording = open_recording(write_recording(tmp_path, action=1, subject=1))
    assert recording.skeleton is not None
    alone = recording.skeleton
    half_m, half_px = np.full_like(alone.joints_m, np.nan), np.full_like(alone.joints_px, np.nan)
    half_m[..., 0] = 1.0
    both = replace(
        alone,
        joints_m=np.concatenate((alone.joints_m, half_m), axis=1),
        joints_px=np.concatenate((alone.joints_px, half_px), axis=1),
        tracking=np.concatenate((alone.tracking, alone.tracking), axis=1),
    )
    result = recognizer.recognize(replace(recording, skeleton=both))
    assert result.scores == recognizer.recognize(recording).scores
    assert len(result.scores) == 1


@pytest.mark.parametrize("name", READERS_OF_JOINTS)
def test_predict_refuses_a_single_frame(name: str, tmp_path: Path) -> None:
    recognizer = Recognizer(checkpoint(name, make_tiny_store(tmp_path / "s.zarr")))
    whole = open_recording(write_recording(tmp_path, action=1, subject=1))
    assert whole.skeleton is not None
    arrays = ("joints_m", "joints_px", "tracking")
    first = replace(whole.skeleton, **{part: getattr(whole.skeleton, part)[:1] for part in arrays})
    single = replace(whole, depth=Frames(1, whole.depth.decode), skeleton=first)
    with pytest.raises(DataError, match=r"1 frame; (flow|an action) needs at least 2"):
        recognizer.recognize(single)


@pytest.mark.parametrize("name", READERS_OF_JOINTS)
def test_evaluate_refuses_a_store_without_skeletons(name: str, tmp_path: Path) -> None:
    trained = checkpoint(name, make_tiny_store(tmp_path / "s.zarr"))
    bare = make_tiny_store(tmp_path / "bare.zarr", layout=None)
    with pytest.raises(DataError, match=f"bare.*holds no skeletons, but {name} reads them"):
        trained.samples(bare, bare.names())


def test_evaluate_refuses_a_store_without_any_joint(tmp_path: Path) -> None:
    store = make_tiny_store(tmp_path / "s.zarr")
    trained, lost = checkpoint("res_tcn", store), Store.create(tmp_path / "lost.zarr", store.meta)
    for name in store.names():
        found = store.read(name)
        lost.write(replace(found, joints_m=np.full_like(found.joints_m, np.nan)))
    with pytest.raises(DataError, match=r"lost.*no joint is known in any of \d+ sequences"):
        trained.samples(lost, lost.names())


def test_predict_refuses_to_answer_by_what_is_no_number(tmp_path: Path) -> None:
    trained = checkpoint("res_tcn", make_tiny_store(tmp_path / "s.zarr"))
    with torch.no_grad():
        for weight in trained.network.parameters():
            weight.fill_(1e38)
    recording = open_recording(write_recording(tmp_path, action=1, subject=1))
    with pytest.raises(WeightsError, match="res_tcn: its answer is not a number"):
        Recognizer(trained).recognize(recording)


@pytest.mark.parametrize("name", READERS_OF_JOINTS)
def test_train_refuses_a_store_without_skeletons(name: str, tmp_path: Path) -> None:
    bare = make_tiny_store(tmp_path / "bare.zarr", layout=None)
    with pytest.raises(ConfigError, match=f"model.name: {name} reads skeletons, .*bare.* has none"):
        train(resolve({"model": {"name": name}}), bare.path, tmp_path / "run")


def test_a_network_that_sees_flow_alone_takes_a_store_without_skeletons(tmp_path: Path) -> None:
    bare = make_tiny_store(tmp_path / "bare.zarr", layout=None, subjects=(1, 2))
    assert len(checkpoint("c3d", bare).samples(bare, bare.names())) == 4


@pytest.mark.parametrize(
    ("learned", "notes"),
    [
        (("infrared",), ("its flow saw depth alone, that of the training recordings infrared",)),
        (("infrared", "none"), ()),
        ((), ()),  # an older checkpoint, which does not say
    ],
)
def test_predict_says_when_flow_saw_less_than_in_training(
    learned: tuple[str, ...], notes: tuple[str, ...], tmp_path: Path
) -> None:
    store = make_tiny_store(tmp_path / "s.zarr", layout=None)
    recognizer = Recognizer(replace(checkpoint("c3d", store), intensities=learned))
    result = recognizer.recognize(write_recording(tmp_path, action=1, subject=1))
    of_joints = "only 60% of its joints lie on the depth"  # the test's own are a line
    assert result.notes == (of_joints, *notes)
    assert all(f"note: {note}" in result.to_text() for note in notes)


@pytest.mark.parametrize(
    ("learned", "looked_at", "notes"),
    [
        (("none",), "none", 0),  # as the bundled networks of UTD-MHAD
        (("none", "color"), "color", 0),
        (("infrared",), "color", 1),  # there is none, so what there is, and a note
        ((), "color", 0),  # an older checkpoint, which does not say
    ],
)
def test_flow_sees_what_that_of_the_training_saw(
    learned: tuple[str, ...], looked_at: str, notes: int, tmp_path: Path
) -> None:
    store = make_tiny_store(tmp_path / "s.zarr", layout=None)
    recording = open_recording(write_recording(tmp_path, action=1, subject=1))
    size = (recording.camera.height, recording.camera.width, 3)
    images = np.random.default_rng(0).integers(0, 255, (len(recording), *size), np.uint8)
    colored = replace(recording, color=Frames(len(recording), images.__getitem__))
    trained = replace(checkpoint("c3d", store), intensities=learned)

    def explain(intensity: str) -> Explanation:
        flow = store.meta.flow.replace(intensity=intensity)
        return Recognizer(replace(trained, meta=replace(store.meta, flow=flow))).explain(colored)

    explained, expected = explain("auto"), explain(looked_at)
    np.testing.assert_array_equal(explained.flow, expected.flow)
    assert sum("its flow saw" in note for note in explained.result.notes) == notes


def test_a_network_that_reads_no_joints_takes_a_recording_with_others(tmp_path: Path) -> None:
    recognizer = Recognizer(checkpoint("c3d", make_tiny_store(tmp_path / "s.zarr")))
    recording = open_recording(write_recording(tmp_path, action=1, subject=1))
    assert recording.skeleton is not None
    parts = ("joints_m", "joints_px", "tracking")
    more = {
        part: getattr(recording.skeleton, part)[:, :, [*range(20), *range(5)]] for part in parts
    }
    other = replace(recording, skeleton=replace(recording.skeleton, layout="kinect_v2", **more))
    expected = recognizer.recognize(recording).predictions
    assert recognizer.recognize(other).predictions == expected
    *_, last = recognizer.stream(frames_of(other), StreamSource.of(other), window_s=60.0)
    assert last.predictions == expected
