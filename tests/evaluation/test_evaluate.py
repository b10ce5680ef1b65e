"""From a run folder to figures, tables and the classifiers beside them."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from skelflow.datasets.store import Store
from skelflow.errors import ConfigError, DataError, WeightsError
from skelflow.evaluation.classifiers import classify_features, classify_joints
from skelflow.evaluation.evaluate import evaluate, predict
from skelflow.inference.checkpoint import Checkpoint
from skelflow.models.registry import create_model
from skelflow.models.weights import RESERVED, load_model, read_header, save_model
from skelflow.training.loop import train
from skelflow.training.recipe import resolve
from tests.cli.test_commands import run
from tests.tiny_store import make_tiny_store

FRAMES = 85  # three clips


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    torch.set_num_threads(1)
    path = tmp_path_factory.mktemp("tiny") / "s.zarr"
    return make_tiny_store(path, frames=FRAMES, subjects=(1, 3, 5, 7, 2, 4))


@pytest.fixture(scope="module")
def skeleton_run(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("runs") / "skeleton"
    model = {"name": "res_tcn", "width": 0.125, "frames": 30}
    optim = {"name": "adamw", "lr": 3e-3}
    values = {"model": model, "optim": optim, "epochs": 25, "batch_size": 4, "l1": 0.0}
    train(resolve({**values, "data": {"held_out_subjects": [7]}}), store.path, run)
    return run


@pytest.fixture(scope="module")
def flow_run(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("runs") / "flow"
    model = {"name": "c3d", "width": 0.03, "crop": 16, "initialization": "he"}
    train(resolve({"model": model, "epochs": 1, "batch_size": 8}), store.path, run)
    return run


def test_evaluate_measures_the_test_side(skeleton_run: Path, store: Store) -> None:
    result = evaluate(skeleton_run, store.path)
    assert (result.sequences, result.samples, result.split) == (4, 4, "test")
    assert (result.top1, result.top5, result.mean_recall) == (1.0, 1.0, 1.0)
    assert [row.name for row in result.classes] == ["wave", "bowl"]
    assert result.confusion.tolist() == [[2, 0], [0, 2]]
    assert all("P002" in name or "P004" in name for name in result.names)


def test_evaluate_leaves_out_actions_that_were_not_trained(
    skeleton_run: Path, store: Store, tmp_path: Path
) -> None:
    other = Store.create(tmp_path / "s.zarr", store.meta)
    for name in store.names():
        sequence = store.read(name)
        is_other = "P002" in name and sequence.labels.action == 1
        other.write(
            replace(sequence, labels=replace(sequence.labels, action=9)) if is_other else sequence
        )
    result = evaluate(skeleton_run, other.path)
    assert result.sequences == 3
    assert result.untrained == {"action 9": 1}
    assert result.summary()["untrained"] == {"action 9": 1}


def test_another_protocol_tests_no_recording_that_trained(
    skeleton_run: Path, store: Store, tmp_path: Path
) -> None:
    result = evaluate(skeleton_run, store.path, protocol="subjects:3")
    assert {name[8:12] for name in result.names} == {"P002", "P004"}
    assert result.trained_on == 6  # of subjects 1 and 5, and of 7, who chose the checkpoint
    assert result.summary()["trained_on"] == 6
    assert evaluate(skeleton_run, store.path).trained_on == 0
    assert evaluate(skeleton_run, store.path, split="train").sequences == 6
    with pytest.raises(DataError, match=r"trained, under 'cross-subject', on all 8 sequences"):
        evaluate(skeleton_run, store.path, protocol="subjects:2,4")
    found = classify_features(skeleton_run, store.path, protocol="subjects:3")
    assert (found.trained, found.tested, found.trained_on) == (2, 4, 6)
    other = Store.create(tmp_path / "s.zarr", replace(store.meta, source="folder"))
    for name in store.names():
        other.write(store.read(name))
    assert evaluate(skeleton_run, other.path, protocol="subjects:3").trained_on == 6
    others = make_tiny_store(tmp_path / "o.zarr", frames=84, subjects=(1, 3, 5, 7, 2, 4))
    assert evaluate(skeleton_run, others.path, protocol="subjects:3").sequences == 10


def test_a_network_of_an_earlier_version_knows_labels_alone(
    skeleton_run: Path, store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    header = read_header(skeleton_run / "best.safetensors")
    kept = {key: told for key, told in header.items() if key not in (*RESERVED, "recordings")}
    old = tmp_path / "old.safetensors"
    save_model(load_model(skeleton_run / "best.safetensors"), old, kept)
    result = evaluate(old, store.path, protocol="subjects:3")
    assert (result.trained_on, result.trained_by_labels) == (6, True)
    words = str(store.path), "--protocol", "subjects:3", "--device", "cpu"
    assert run("evaluate", old, *words) == run("evaluate", skeleton_run, *words) == 0
    said = "".join(capsys.readouterr().out.split())
    for why in (
        "they train, by their labels, under the protocol of the network's own training",
        "the network was trained on them",
    ):
        assert "".join(f"left out, for {why}: 6 test sequences".split()) in said
    save_model(load_model(old), old, kept | {"recordings": '{"fit": "AAAA", "held_out": ""}'})
    with pytest.raises(WeightsError, match=r"does not say what .* \(recordings: damaged"):
        Checkpoint.load(old)


def test_evaluate_reads_the_other_sides(skeleton_run: Path, store: Store) -> None:
    found = {side: evaluate(skeleton_run, store.path, split=side) for side in ("train", "held_out")}
    assert {name[8:12] for name in found["held_out"].names} == {"P007"}
    assert {name[8:12] for name in found["train"].names} == {"P001", "P003", "P005"}


def test_evaluate_takes_the_mean_over_a_sequences_clips(flow_run: Path, store: Store) -> None:
    result = evaluate(flow_run, store.path)
    assert (result.sequences, result.samples) == (4, 12)
    checkpoint = Checkpoint.load(flow_run)
    samples = checkpoint.samples(store, list(result.names))
    own = [i for i, clip in enumerate(samples.clips) if clip.sequence == 2]  # type: ignore[attr-defined]
    clips = torch.stack([samples[i].flow for i in own])
    batch = samples[own[0]]._replace(flow=clips)
    with torch.no_grad():
        expected = checkpoint.network(batch).softmax(dim=1).mean(dim=0)
    np.testing.assert_allclose(result.probabilities[2], expected, atol=1e-6)


def test_predict_does_not_depend_on_the_batch_size(flow_run: Path, store: Store) -> None:
    checkpoint = Checkpoint.load(flow_run)
    samples = checkpoint.samples(store, store.names()[:3])
    done: list[tuple[int, int]] = []
    one = predict(checkpoint.network, samples, batch_size=2, progress=lambda *x: done.append(x))
    np.testing.assert_allclose(one, predict(checkpoint.network, samples, batch_size=9), atol=1e-6)
    np.testing.assert_allclose(one.sum(axis=1), 1)
    assert done[-1] == (9, 9)


def test_evaluate_writes_its_tables(skeleton_run: Path, store: Store, tmp_path: Path) -> None:
    out = tmp_path / "a" / "b"
    result = evaluate(skeleton_run, store.path, out=out)
    assert json.loads((out / "evaluation.json").read_text()) == result.summary()
    with (out / "per_class.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["name"] for row in rows] == ["wave", "bowl"]
    with (out / "confusion.csv").open() as file:
        counts = list(csv.reader(file))
    assert counts == [["true \\ predicted", "wave", "bowl"], ["wave", "2", "0"], ["bowl", "0", "2"]]
    assert sorted(path.name for path in out.iterdir()) == [
        "confusion.csv",
        "evaluation.json",
        "per_class.csv",
        "predictions.csv",
    ]


def test_evaluate_refuses_an_unknown_protocol_or_side(skeleton_run: Path, store: Store) -> None:
    with pytest.raises(ConfigError, match="cross-subject"):
        evaluate(skeleton_run, store.path, protocol="cross-planet")


def test_evaluate_computes_on_the_device_it_is_told(skeleton_run: Path, store: Store) -> None:
    found = evaluate(skeleton_run, store.path, device="cpu")
    expected = evaluate(skeleton_run, store.path).probabilities
    np.testing.assert_allclose(found.probabilities, expected, atol=1e-5)
    with pytest.raises(ConfigError, match=r"device: found 'cpv', expected one of auto, cpu"):
        evaluate(skeleton_run, store.path, device="cpv")


def test_evaluate_refuses_data_prepared_differently(
    flow_run: Path, store: Store, tmp_path: Path
) -> None:
    flow = store.meta.flow.replace(range_m=0.2)
    other = Store.create(tmp_path / "s.zarr", replace(store.meta, flow=flow))
    other.write(store.read("S001C001P002R001A001"))
    with pytest.raises(DataError, match=r"range_m 0\.2 instead of 0\.1"):
        evaluate(flow_run, other.path)


def test_evaluate_refuses_a_store_without_test_recordings(
    skeleton_run: Path, tmp_path: Path
) -> None:
    other = make_tiny_store(tmp_path / "s.zarr", subjects=(1, 3))
    with pytest.raises(DataError, match="no sequence is on the test side"):
        evaluate(skeleton_run, other.path)


def test_checkpoint_refuses_weights_of_no_run(store: Store, tmp_path: Path) -> None:
    save_model(create_model("res_tcn", width=0.02), tmp_path / "bare.safetensors")
    with pytest.raises(WeightsError, match="does not say what it was trained on"):
        evaluate(tmp_path / "bare.safetensors", store.path)
    with pytest.raises(WeightsError, match="does not exist"):
        evaluate(tmp_path, store.path)


@pytest.mark.parametrize("classifier", ["svm", "naive_bayes"])
def test_classifiers_separate_two_actions(
    classifier: str, skeleton_run: Path, store: Store
) -> None:
    result = classify_features(skeleton_run, store.path, classifier=classifier)
    assert (result.top1, result.trained, result.tested) == (1.0, 8, 4)
    held_out = classify_features(skeleton_run, store.path, classifier=classifier, side="held_out")
    assert (held_out.trained, held_out.tested) == (6, 2)
    assert {name[8:12] for name in held_out.predicted} == {"P007"}


def test_options_of_the_networks_own_answers_are_refused_with_a_classifier(
    skeleton_run: Path, store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ("evaluate", skeleton_run, store.path, "--classifier", "svm")
    assert run(*command, "--out", tmp_path / "out") == 2
    assert "leave them out with --classifier svm" in capsys.readouterr().err
    assert run(*command, "--split", "held_out") == 0
    assert "(2 held_out sequences, cross-subject)" in capsys.readouterr().out


def test_evaluate_says_what_flow_saw_that_of_the_training_never_did(
    flow_run: Path, store: Store, tmp_path: Path
) -> None:
    assert evaluate(flow_run, store.path).unlike_training == {}
    lit = Store.create(tmp_path / "s.zarr", store.meta)
    for name in store.names():
        sequence = store.read(name)
        lit.write(replace(sequence, intensity="color") if "P002" in name else sequence)
    result = evaluate(flow_run, lit.path)
    assert result.unlike_training == {"color": 2}
    assert result.summary()["unlike_training"] == {"color": 2}


def test_classify_joints_ignores_where_the_body_stands(store: Store, tmp_path: Path) -> None:
    moved = Store.create(tmp_path / "s.zarr", store.meta)
    for name in store.names():
        sequence = store.read(name)
        random = np.random.default_rng(len(name) + ord(name[11]))
        offset = random.normal(0, 5, 3).astype(np.float32)
        moved.write(replace(sequence, joints_m=sequence.joints_m + offset))
    results = [classify_joints(s.path, classifier="svm") for s in (store, moved)]
    assert results[0] == results[1]


def test_classifiers_refuse_an_unknown_one(store: Store) -> None:
    with pytest.raises(ConfigError, match="expected one of: svm, naive_bayes"):
        classify_joints(store.path, classifier="oracle")


def test_classify_joints_refuses_a_store_without_skeletons(tmp_path: Path) -> None:
    bare = make_tiny_store(tmp_path / "s.zarr", layout=None)
    with pytest.raises(DataError, match="no skeletons"):
        classify_joints(bare.path)


def test_classify_joints_refuses_a_recording_without_an_action(
    store: Store, tmp_path: Path
) -> None:
    unlabeled = Store.create(tmp_path / "s.zarr", store.meta)
    for name in store.names():
        sequence = store.read(name)
        labels = replace(sequence.labels, action=None if name == store.names()[-1] else 1)
        unlabeled.write(replace(sequence, labels=labels))
    with pytest.raises(DataError, match=f"{store.names()[-1]} has no action number"):
        classify_joints(unlabeled.path)


def test_classify_joints_refuses_a_store_that_none_tests_in(tmp_path: Path) -> None:
    training = make_tiny_store(tmp_path / "s.zarr", subjects=(1, 3))
    with pytest.raises(DataError, match="no sequence tests under 'cross-subject'"):
        classify_joints(training.path)


def test_evaluate_takes_no_action_of_another_name_for_a_class(
    skeleton_run: Path, store: Store, tmp_path: Path
) -> None:
    names = {1: "pick up", 2: store.meta.class_names[2]}
    other = Store.create(tmp_path / "s.zarr", replace(store.meta, class_names=names))
    for name in store.names():
        other.write(store.read(name))
    result = evaluate(skeleton_run, other.path)
    assert result.untrained == {"pick up": 2}
    assert result.sequences == 2
    strange = Store.create(tmp_path / "t.zarr", replace(store.meta, class_names={1: "a", 2: "b"}))
    for name in store.names():
        strange.write(store.read(name))
    with pytest.raises(DataError, match="none of the 4 sequences is of an action"):
        evaluate(skeleton_run, strange.path)
