"""Cross-validation: each subject once, no look at test recordings, a log that is whole."""

import json
from pathlib import Path

import pytest

from skelflow.errors import DataError
from skelflow.experiments import cross_validation
from skelflow.experiments.cross_validation import LOG, cross_validate
from skelflow.training.state import RunFolder
from tests.tiny_store import make_tiny_store

RECIPE = """
batch_size = 4
epochs = 2
l1 = 0.0
paper_protocol = true
[model]
name = "res_tcn"
width = 0.125
frames = 30
"""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_store(tmp_path_factory.mktemp("cv") / "store", subjects=(1, 3, 2, 4)).path


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("recipe") / "tiny.toml"
    path.write_text(RECIPE)
    return str(path)


def test_each_subject_is_left_out_and_logged_once(store: Path, recipe: str, tmp_path: Path) -> None:
    trials = cross_validate(recipe, store, tmp_path, device="cpu")
    assert [trial.subject for trial in trials] == [1, 3]
    assert all(0 <= trial.last <= trial.best <= 1 for trial in trials)
    before = (tmp_path / LOG).read_bytes()
    cross_validate(recipe, store, tmp_path, device="cpu")
    assert (tmp_path / LOG).read_bytes() == before
    assert len(before.splitlines()) == 2


def test_test_recordings_are_not_read_under_the_papers_protocol(
    store: Path, recipe: str, tmp_path: Path
) -> None:
    cross_validate(recipe, store, tmp_path, subjects=[1], device="cpu")
    for line in RunFolder(tmp_path / "without_1").metrics():
        assert "held_out_loss" in line
        assert "test_loss" not in line


def test_a_trial_is_added_to_a_log_whose_last_line_has_no_end(
    store: Path, recipe: str, tmp_path: Path
) -> None:
    (tmp_path / LOG).write_text('{"recipe": "another"}')
    cross_validate(recipe, store, tmp_path, subjects=[1], device="cpu")
    lines = [json.loads(line) for line in (tmp_path / LOG).read_text().splitlines()]
    assert [line["recipe"] for line in lines] == ["another", recipe]


@pytest.mark.parametrize("line", ['{"recipe": "tin', "[]", "", '{"last": NaN}'])
def test_a_damaged_log_is_found_before_training(
    store: Path, recipe: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    trained: list[object] = []
    monkeypatch.setattr(cross_validation, "train_network", lambda *a, **_: trained.append(a))
    (tmp_path / LOG).write_text(f'{{"recipe": "another"}}\n{line}\n')
    with pytest.raises(DataError, match=r"trials\.jsonl, line 2: .*; delete that line$"):
        cross_validate(recipe, store, tmp_path, device="cpu")
    assert trained == []
