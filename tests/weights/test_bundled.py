"""Weights that come with the package are found by name, from any folder."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest
import torch

from skelflow import Recognizer
from skelflow.cli import app
from skelflow.datasets.loading.batch import Batch
from skelflow.errors import WeightsError
from skelflow.models.registry import create_model
from skelflow.models.weights import load_model, load_part, save_model
from skelflow.recordings import open_recording
from skelflow.weights import bundled_file, bundled_names, find_weights
from skelflow.weights.cards import read_card


def test_bundled_weights_load_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    checkpoint = Recognizer.load("synthetic-8").checkpoint
    assert len(checkpoint.class_names) == 8
    assert "kicking something" in checkpoint.class_names


def test_existing_path_comes_before_a_bundled_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "synthetic-8").mkdir()
    assert find_weights("synthetic-8") == Path("synthetic-8")


def test_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(WeightsError, match=r"expected a path or one of: .*synthetic-8"):
        Recognizer.load("synthetic-9")


def test_missing_file_is_named_by_its_path() -> None:
    with pytest.raises(WeightsError, match=r"runs/fused\.safetensors"):
        Recognizer.load("runs/fused.safetensors")


def test_bundled_names_are_those_of_the_files() -> None:
    assert all(find_weights(name).is_file() for name in bundled_names())


def test_every_bundled_file_has_a_card_that_the_command_shows(
    capsys: pytest.CaptureFixture[str],
) -> None:
    app(["models", "--weights"], result_action="return_value")
    shown = capsys.readouterr().out
    for name in bundled_names():
        card = read_card(name)
        assert card.commands
        assert f"{name}  ({card.megabytes} MB" in shown
        assert card.accuracy in shown
    assert sum(read_card(name).megabytes for name in bundled_names()) < 30
    with pytest.raises(WeightsError, match="synthetic-9"):
        read_card("synthetic-9")


def test_nothing_that_matches_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    app(["models", "zz*"], result_action="return_value")
    assert "no network matches 'zz*'" in capsys.readouterr().out


def test_fused_weights_answer_by_the_product_of_both_branches() -> None:
    fused, flow, skeleton = (
        Recognizer.load(name).checkpoint.network
        for name in ("utd-mhad", "utd-mhad-flow", "utd-mhad-skeleton")
    )
    random = torch.Generator().manual_seed(0)
    batch = Batch(
        flow=torch.rand(1, 3, 16, 112, 112, generator=random) * 2 - 1,
        joints_px=torch.rand(1, 16, 1, 20, 2, generator=random) * 112,
        joints_m=torch.rand(1, 64, 1, 20, 3, generator=random),
        label=torch.zeros(1, dtype=torch.int64),
        index=torch.zeros(1, dtype=torch.int64),
    )
    with torch.inference_mode():
        apart = flow(batch) + skeleton(batch)
        torch.testing.assert_close(fused(batch), apart, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"flow": {"weights": "synthetic-8", "sha256": "0"}}, "of other weights named synthetic-8"),
        ({"flow": {"weights": "../x", "sha256": "0"}}, "no weights of that name"),
        ({"flow": "synthetic-8"}, "does not say where its parts are"),
        ([], "does not say where its parts are"),
    ],
)
def test_parts_are_those_of_the_bundled_weights_that_were_meant(
    parts: object, message: str, tmp_path: Path
) -> None:
    network = create_model("res_tcn", classes=2, joints=20, width=0.1)
    save_model(network, tmp_path / "a.safetensors", {"parts": json.dumps(parts)})
    with pytest.raises(WeightsError, match=message):
        load_model(tmp_path / "a.safetensors")


@pytest.mark.parametrize("part", ["flow", "skeleton"])
def test_a_branch_starts_from_weights_that_take_it_from_others(
    part: Literal["flow", "skeleton"],
) -> None:
    path = bundled_file("utd-mhad")
    whole = load_model(path)
    started = create_model(whole.name, **whole.config.to_options())
    load_part(started, part, path)
    expected, found = (getattr(each, part).state_dict() for each in (whole, started))
    assert all(torch.equal(found[name], value) for name, value in expected.items())


def test_numbers_of_another_data_set_are_no_classes(data_dir: Path, tmp_path: Path) -> None:
    checkpoint = Recognizer.load("utd-mhad-skeleton").checkpoint
    wave = open_recording(data_dir / "utd_mhad" / "depth" / "a3_s1_t1_depth.mat")
    assert checkpoint.action_name(wave) == "right hand wave"
    drop = open_recording(min((data_dir / "nw_ucla").glob("a03_*.json")))  # 3 is another action
    assert checkpoint.action_name(drop) is None
    (tmp_path / "actions.txt").write_text("3: bowling (right hand)\n")
    named = replace(drop, path=tmp_path / "a03.json")
    assert checkpoint.action_name(named) == "bowling (right hand)"


def test_the_skeleton_weights_answer_as_published(tmp_path: Path, data_dir: Path) -> None:
    folder = tmp_path / "utd"
    for kind in ("depth", "skeleton"):
        (folder / kind).mkdir(parents=True)
        name = f"a27_s8_t3_{kind}.mat"
        (folder / kind / name).symlink_to(data_dir / "utd_mhad" / kind / name)
    result = Recognizer.load("utd-mhad-skeleton").recognize(
        folder / "depth" / "a27_s8_t3_depth.mat"
    )
    assert result.predictions[0].name.startswith("squat")
    assert result.predictions[0].probability > 0.9


def test_the_fused_weights_name_a_recording_of_depth_and_joints(
    tmp_path: Path, data_dir: Path
) -> None:
    folder = tmp_path / "utd"
    for kind in ("depth", "skeleton"):
        (folder / kind).mkdir(parents=True)
        name = f"a3_s2_t1_{kind}.mat"
        (folder / kind / name).symlink_to(data_dir / "utd_mhad" / kind / name)
    result = Recognizer.load("utd-mhad").recognize(folder / "depth" / "a3_s2_t1_depth.mat")
    assert result.predictions[0].name == "right hand wave"
