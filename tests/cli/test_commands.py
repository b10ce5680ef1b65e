"""The command line as a user meets it: the whole way, and every wrong turn."""

import csv
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from skelflow import cli
from tests.tiny_utd import write_data_set, write_recording

RECIPE = """
batch_size = 4
epochs = 2
[model]
name = "fused"
width = 0.02
skeleton_width = 0.1
frames = 10
clip_length = 8
crop = 32
[data]
held_out_subjects = [3]
overlap = 4
"""


def run(*words: str | Path) -> int:
    """Exit code of the command, in this process."""
    old, sys.argv = sys.argv, ["skelflow", *map(str, words)]
    try:
        cli.main()
    except SystemExit as stop:
        return int(stop.code or 0)
    finally:
        sys.argv = old
    return 0


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """Recordings, store and run of the tiny data set."""
    folder = tmp_path_factory.mktemp("tiny")
    data = write_data_set(folder / "data")
    store, result = folder / "store", folder / "run"
    (folder / "recipe.toml").write_text(RECIPE)
    assert run("prepare", data, "--out", store, "--size", "80x60", "--workers", "1") == 0
    assert run("train", folder / "recipe.toml", store, "--run", result) == 0
    return data, store, result


def test_cli_goes_from_recordings_to_tables_and_an_answer(
    trained: tuple[Path, Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    data, store, result = trained
    assert run("evaluate", result, store, "--protocol", "cross-subject") == 0
    assert "top-1" in capsys.readouterr().out
    tables = result / "evaluation"
    assert (tables / "confusion.png").read_bytes().startswith(b"\x89PNG")
    rows = list(csv.reader((tables / "confusion.csv").read_text().splitlines()))
    assert sum(int(cell) for row in rows[1:] for cell in row[1:]) == 4
    assert run("predict", result, data / "depth" / "a2_s4_t1_depth.mat", "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["recording"] == "a2_s4_t1"
    assert sum(guess["probability"] for guess in answer["guesses"]) == pytest.approx(1, abs=1e-5)
    assert {guess["name"] for guess in answer["guesses"]} == {
        "right arm swipe to the left",
        "right arm swipe to the right",
    }
    assert len(answer["scores"][0]) == 20
    assert all(0 <= score <= 1 for score in answer["scores"][0].values())
    assert set(answer["seconds"]) == {"read", "flow", "network"}


def test_cli_train_changes_nothing_when_a_finished_run_is_started_again(
    trained: tuple[Path, Path, Path],
) -> None:
    _, store, result = trained
    before = (result / "best.safetensors").read_bytes()
    assert run("train", result.parent / "recipe.toml", store, "--run", result) == 0
    assert (result / "best.safetensors").read_bytes() == before


def test_cli_prepare_lists_what_it_cannot_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for subject in (1, 2):
        write_recording(tmp_path / "data", action=1, subject=subject)
    broken = tmp_path / "data" / "depth" / "a1_s2_t1_depth.mat"
    broken.write_bytes(broken.read_bytes()[:200])
    assert run("prepare", tmp_path / "data", "--out", tmp_path / "store", "--workers", "1") == 0
    out = capsys.readouterr().out
    assert "1 prepared" in out
    assert "1 failed" in out
    assert "a1_s2_t1" in out


def _mat(folder: Path, depth: np.ndarray, joints: np.ndarray) -> Path:
    path = write_recording(folder, action=1, subject=2)
    savemat(path, {"d_depth": depth})
    savemat(folder / "skeleton" / "a1_s2_t1_skeleton.mat", {"d_skel": joints})
    return path


def _missing(folder: Path) -> Path:
    return folder / "a1_s1_t1_depth.mat"


def _truncated(folder: Path) -> Path:
    path = write_recording(folder, action=1, subject=2)
    path.write_bytes(path.read_bytes()[:300])
    return path


def _other_joints(folder: Path) -> Path:
    return _mat(folder, np.full((240, 320, 3), 2000, np.uint16), np.zeros((25, 3, 3)))


def _empty(folder: Path) -> Path:
    return _mat(folder, np.zeros((240, 320, 0), np.uint16), np.zeros((20, 3, 0)))


def _one_frame(folder: Path) -> Path:
    return _mat(folder, np.full((240, 320, 1), 2000, np.uint16), np.ones((20, 3, 1)))


def _all_zero(folder: Path) -> Path:
    return _mat(folder, np.zeros((240, 320, 3), np.uint16), np.ones((20, 3, 3)))


def _wrong_units(folder: Path) -> Path:
    return _mat(folder, np.full((240, 320, 3), 2, np.uint16), np.ones((20, 3, 3)))


def _text_for_png(folder: Path) -> Path:
    (folder / "depth").mkdir(parents=True)
    for t in range(2):
        (folder / "depth" / f"{t}.png").write_text("no picture")
    (folder / "recording.toml").write_text(
        "[recording]\nname = 'x'\nframe_rate_hz = 30\ndepth_scale = 0.001\n"
        "[camera]\nfov_x_deg = 60\n"
    )
    return folder


WRONG = [_missing, _truncated, _other_joints, _empty, _one_frame, _all_zero, _wrong_units]


@pytest.mark.parametrize("make", [*WRONG, _text_for_png], ids=lambda make: make.__name__[1:])
def test_cli_predict_answers_wrong_input_with_one_line_and_code_2(
    make: Callable[..., Path],
    trained: tuple[Path, Path, Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = make(tmp_path / "data")
    before = sorted(tmp_path.rglob("*"))
    assert run("predict", trained[2], path) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("skelflow: ")
    assert said.err.count("\n") == 1
    assert path.name.removesuffix("_depth.mat") in said.err
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("make", [*WRONG, _text_for_png], ids=lambda make: make.__name__[1:])
def test_cli_prepare_leaves_no_store_when_nothing_can_be_read(
    make: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = make(tmp_path / "data")
    assert run("prepare", path, "--out", tmp_path / "store", "--workers", "1") == 2
    assert capsys.readouterr().err.count("skelflow: ") == 1
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize(
    "words",
    [
        ("prepare", "nowhere", "--out", "store"),
        ("prepare", "nowhere", "--out", "store", "--crop", "large"),
        ("train", "nowhere.toml", "store", "--run", "run"),
        ("evaluate", "nowhere", "store"),
        ("predict", "nowhere", "recording"),
        ("info", "nowhere"),
        ("prepare", "--no-such-option"),
        ("no-such-command",),
    ],
    ids=lambda words: "-".join(words[:2]),
)
def test_cli_refuses_what_is_not_there_with_one_line_and_code_2(
    words: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(*words) == 2
    assert re.fullmatch(r"skelflow: [^\n]+\n", capsys.readouterr().err)
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("command", [name for name in cli.app if not name.startswith("-")])
def test_cli_help_has_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(command, "--help") == 0
    assert re.search(rf"Example:\s+skelflow {command}", capsys.readouterr().out)


def test_cli_help_imports_nothing_heavy() -> None:
    check = (
        "import sys; sys.argv = ['skelflow', '--help']\n"
        "from skelflow.cli import app\n"
        "app(exit_on_error=False, result_action='return_value')\n"
        "print(sorted({'torch', 'numba', 'zarr', 'matplotlib'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_command_ends_quietly_when_nobody_reads_on() -> None:
    """As in `skelflow recipes | head -1`."""
    command = [sys.executable, "-m", "skelflow", "recipes"]
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True)
    finally:
        os.close(writer)
    assert (done.returncode, done.stderr) == (141, "")
