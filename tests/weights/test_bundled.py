"""Weights that come with the package are found by name, from any folder."""

from pathlib import Path

import pytest
import torch

from skelflow import Recognizer
from skelflow.cli import app
from skelflow.errors import WeightsError
from skelflow.weights import bundled_names, find_weights
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


def test_weights_go_to_a_hub_folder_and_come_back(tmp_path: Path) -> None:
    recognizer = Recognizer.load("synthetic-8")
    recognizer.save_pretrained(tmp_path)
    back = Recognizer.from_pretrained(str(tmp_path))
    assert back.checkpoint.class_names == recognizer.checkpoint.class_names
    ours, theirs = (r.checkpoint.network.state_dict() for r in (recognizer, back))
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(WeightsError, match=r"holds no model\.safetensors"):
        Recognizer.from_pretrained(str(tmp_path))


def test_nothing_that_matches_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    app(["models", "zz*"], result_action="return_value")
    assert "no network matches 'zz*'" in capsys.readouterr().out


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
