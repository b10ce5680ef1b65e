"""Commands that are killed, lose their folder, or find the disk full."""

import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psutil
import pytest

from tests import tiny_flow
from tests.tiny_folder import write_recordings
from tests.tiny_store import make_tiny_store

pytestmark = pytest.mark.slow  # four commands, each from several processes

COMMAND = "import sys; from skelflow.cli import main; sys.argv[0] = 'skelflow'; main()"
PATIENCE_S = 600
RECIPE = """
batch_size = 2
epochs = 40
save_minutes = 1e-6
[model]
name = "res_tcn"
width = 0.1
frames = 30
[data]
held_out_subjects = [7]
"""


@dataclass(frozen=True)
class Command:
    """Words before the folder that is written, and which of its files must be the same."""

    words: tuple[object, ...]
    same: str

    def start(self, out: Path, before: Callable[[], None] | None = None) -> "subprocess.Popen[str]":
        words = [sys.executable, "-c", COMMAND, *self.words, out]
        return subprocess.Popen(
            [str(word) for word in words],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
            preexec_fn=before,
        )

    def finish(self, out: Path) -> dict[str, bytes]:
        run = self.start(out)
        said = run.communicate(timeout=PATIENCE_S)[1]
        assert run.returncode == 0, said
        files = sorted(out.rglob(self.same))
        return {str(file.relative_to(out)): file.read_bytes() for file in files}

    def start_until_there_is_something(self, out: Path) -> "subprocess.Popen[str]":
        run = self.start(out)
        wait(lambda: run.poll() is not None or any(out.rglob(self.same)))
        assert run.poll() is None
        return run


def wait(true: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < end
        time.sleep(0.005)


def flow(folder: Path) -> Command:
    source = tiny_flow.write_recording(folder / "wave", frames=60)
    return Command(("flow", source, "--out"), "flow_*.npz")


def prepare(folder: Path) -> Command:
    source = write_recordings(folder / "source", 8)
    size = ("--crop", "40x32", "--size", "20x16", "--workers", "2")
    return Command(("prepare", source, *size, "--out"), "zarr.json")


def synth(folder: Path) -> Command:
    del folder
    few = ("--actions", "23,24", "--people", "1", "--setups", "1", "--cameras", "2")
    small = ("--longest", "4", "--no-color", "--workers", "2", "--out")
    return Command(("synth", *few, *small), "Depth-*.png")


def train(folder: Path) -> Command:
    store = make_tiny_store(folder / "s.zarr")
    (folder / "r.toml").write_text(RECIPE)
    return Command(("train", folder / "r.toml", store.path, "--run"), "best.safetensors")


@pytest.fixture(params=[flow, prepare, synth, train])
def command(request: pytest.FixtureRequest, tmp_path: Path) -> Command:
    made: Command = request.param(tmp_path)
    return made


def refused_in_one_line(run: "subprocess.Popen[str]") -> None:
    said = run.communicate(timeout=PATIENCE_S)[1]
    assert run.returncode == 2, said
    assert "Traceback" not in said
    assert said.splitlines()[-1].startswith("skelflow: ")


def test_command_ends_with_the_same_bytes_after_kill_9(command: Command, tmp_path: Path) -> None:
    whole, out = command.finish(tmp_path / "whole"), tmp_path / "out"
    run = command.start_until_there_is_something(out)
    others = psutil.Process(run.pid).children(recursive=True)
    run.kill()
    run.communicate()
    wait(lambda: not any(psutil.pid_exists(other.pid) for other in others))
    assert command.finish(out) == whole


def test_command_says_in_one_line_that_its_folder_vanished(
    command: Command, tmp_path: Path
) -> None:
    run = command.start_until_there_is_something(tmp_path / "out")
    shutil.move(tmp_path / "out", tmp_path / "elsewhere")
    refused_in_one_line(run)


def test_command_says_in_one_line_that_the_disk_is_full(command: Command, tmp_path: Path) -> None:
    limit = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (1500, 1500))
    refused_in_one_line(command.start(tmp_path / "out", limit))
