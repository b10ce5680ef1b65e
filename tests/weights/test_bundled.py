"""Weights that come with the package are found by name, from any folder."""

from pathlib import Path

import pytest

from skelflow import Recognizer
from skelflow.errors import WeightsError
from skelflow.weights import bundled_names, find_weights


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
    with pytest.raises(WeightsError, match="expected a path or one of: synthetic-8"):
        Recognizer.load("synthetic-9")


def test_missing_file_is_named_by_its_path() -> None:
    with pytest.raises(WeightsError, match=r"runs/fused\.safetensors"):
        Recognizer.load("runs/fused.safetensors")


def test_bundled_names_are_those_of_the_files() -> None:
    assert all(find_weights(name).is_file() for name in bundled_names())
