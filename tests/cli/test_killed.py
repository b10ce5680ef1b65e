"""Commands that are killed, lose their folder, may not write, or find the disk full."""

import contextlib
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psutil
import pytest

from tests import tiny_flow
from tests.tiny_folder import write_recordings
from tests.tiny_store import make_tiny_store
from tests.waiting import PATIENCE_S, wait_for

pytestmark = pytest.mark.slow  # four commands, each from many processes

COMMAND = "import sys; from skelflow.cli import main; sys.argv[0] = 'skelflow'; main()"
RECIPE = """
batch_size = 2
epochs = 12
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
    whole: dict[str, bytes]

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
        """Let it run to its end; what it wrote."""
        run = self.start(out)
        said = run.communicate(timeout=PATIENCE_S)[1]
        assert run.returncode == 0, said
        files = sorted(out.rglob(self.same))
        return {str(file.relative_to(out)): content(file) for file in files}

    def start_until(self, out: Path, changes: int) -> "subprocess.Popen[str]":
        """Let it run until files in its folder were seen to change so often."""
        run, seen = self.start(out), [times(out)]

        def changed_so_often() -> bool:
            if (now := times(out)) != seen[-1]:
                seen.append(now)
            return run.poll() is not None or len(seen) > changes

        wait_for(changed_so_often)
        assert run.poll() is None, "it ended before it could be stopped"
        return run


def content(file: Path) -> bytes:
    """Of a file; safetensors writes the entries of a header in any order, so they are sorted."""
    whole = file.read_bytes()
    if file.suffix != ".safetensors":
        return whole
    end = 8 + int.from_bytes(whole[:8], "little")
    return json.dumps(json.loads(whole[8:end]), sort_keys=True).encode() + whole[end:]


def times(folder: Path) -> dict[Path, int]:
    found = {}
    for place, folders, files in os.walk(folder):  # skips what vanishes meanwhile
        for name in (*folders, *files):
            with contextlib.suppress(FileNotFoundError):
                found[Path(place, name)] = Path(place, name).stat().st_mtime_ns
    return found


def flow(folder: Path) -> tuple[tuple[object, ...], str]:
    source = tiny_flow.write_recording(folder / "wave", frames=30)
    return ("flow", source, "--out"), "flow_*.npz"


def prepare(folder: Path) -> tuple[tuple[object, ...], str]:
    source = write_recordings(folder / "source", 8)
    size = ("--crop", "40x32", "--size", "20x16", "--workers", "2")
    return ("prepare", source, *size, "--out"), "zarr.json"  # says the checksum of its arrays


def synth(folder: Path) -> tuple[tuple[object, ...], str]:
    del folder
    few = ("--actions", "23,24", "--people", "1", "--setups", "1", "--cameras", "2")
    return ("synth", *few, "--longest", "4", "--no-color", "--workers", "2", "--out"), "*.png"


def train(folder: Path) -> tuple[tuple[object, ...], str]:
    store = make_tiny_store(folder / "s.zarr")
    (folder / "r.toml").write_text(RECIPE)
    return ("train", folder / "r.toml", store.path, "--run"), "best.safetensors"


@pytest.fixture(scope="module", params=[flow, prepare, synth, train])
def command(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Command:
    """A command with what it writes when nothing disturbs it."""
    folder = tmp_path_factory.mktemp("whole")
    words, same = request.param(folder)
    whole = Command(words, same, {}).finish(folder / "out")
    assert whole
    return Command(words, same, whole)


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """A file system of its own, with options; skips where none may be mounted."""
    place = tmp_path / "mounted"
    place.mkdir()

    def mounted(options: str) -> Path:
        words = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)]
        if shutil.which("mount") is None or subprocess.run(words, capture_output=True).returncode:
            pytest.skip("no file system may be mounted here; it needs root on Linux")
        return place

    yield mounted
    if place.is_mount():
        subprocess.run(["umount", str(place)], check=True)


def said_in_one_line(run: "subprocess.Popen[str]", returncode: int) -> None:
    said = run.communicate(timeout=PATIENCE_S)[1]
    assert run.returncode == returncode, said
    assert "Traceback" not in said
    assert said.splitlines()[-1].startswith("skelflow: ")


@pytest.mark.parametrize("changes", [1, 4])
@pytest.mark.parametrize("stop", [signal.SIGKILL, signal.SIGTERM])
def test_command_ends_with_the_same_bytes_after_a_signal(
    command: Command, stop: signal.Signals, changes: int, tmp_path: Path
) -> None:
    run = command.start_until(tmp_path / "out", changes)
    others = psutil.Process(run.pid).children(recursive=True)
    run.send_signal(stop)
    said = run.communicate(timeout=PATIENCE_S)[1]
    assert "Traceback" not in said
    assert run.returncode in (130, -stop)
    assert psutil.wait_procs(others, timeout=PATIENCE_S)[1] == []
    assert command.finish(tmp_path / "out") == command.whole


def test_command_says_in_one_line_that_its_folder_vanished(
    command: Command, tmp_path: Path
) -> None:
    run = command.start_until(tmp_path / "out", 2)
    shutil.move(tmp_path / "out", tmp_path / "elsewhere")
    said_in_one_line(run, 2)


def test_command_says_in_one_line_that_files_may_not_grow(command: Command, tmp_path: Path) -> None:
    limit = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (1500, 1500))
    said_in_one_line(command.start(tmp_path / "out", limit), 2)


def test_command_goes_on_once_a_full_disk_has_room(
    command: Command, mount: Callable[[str], Path]
) -> None:
    out = mount("size=16k") / "out"
    said_in_one_line(command.start(out), 2)
    subprocess.run(["mount", "-o", "remount,size=64m", str(out.parent)], check=True)
    assert command.finish(out) == command.whole


def test_command_says_in_one_line_that_it_may_not_write(
    command: Command, mount: Callable[[str], Path]
) -> None:
    said_in_one_line(command.start(mount("ro") / "out"), 2)
