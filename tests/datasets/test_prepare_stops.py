"""What stops a run: killed processes, a full disk, a second run; nothing lost, nothing mixed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from skelflow.datasets.prepare import prepare
from skelflow.datasets.prepare.manifest import HISTORY
from skelflow.datasets.store import Store
from skelflow.errors import DataError, StorageError
from skelflow.io.atomic import PARTIAL, only_writer
from tests.tiny_folder import CONFIG, contents, write_recordings

COMMAND = "import sys; from skelflow.cli import main; sys.argv[0] = 'skelflow'; main()"
SETTINGS = ("--crop", "40x32", "--size", "20x16", "--workers", "2")  # CONFIG's
PATIENCE_S = 120


def start(source: Path, out: Path) -> "subprocess.Popen[str]":
    words = [sys.executable, "-c", COMMAND, "prepare", source, "--out", out, *SETTINGS]
    return subprocess.Popen(
        [str(word) for word in words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def wait_for(true: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def done(out: Path) -> int:
    """Recordings that the main process has heard of."""
    history = out / HISTORY
    return len(history.read_text().splitlines()) if history.exists() else 0


def a_worker(run: "subprocess.Popen[str]") -> psutil.Process:
    """One of the processes that a run has started to work."""

    def found() -> list[psutil.Process]:
        children = psutil.Process(run.pid).children(recursive=True)
        return [child for child in children if "spawn_main" in " ".join(child.cmdline())]

    wait_for(lambda: bool(found()))
    return found()[0]


def test_prepare_ends_with_the_same_bytes_after_kill_9(tmp_path: Path, scheduler: str) -> None:
    source, out = write_recordings(tmp_path / "source", 10), tmp_path / "s"
    prepare(source, tmp_path / "whole", CONFIG, scheduler=scheduler)
    run = start(source, out)
    wait_for(lambda: done(out) >= 1)
    a_worker(run).kill()
    for more in (3, 6):
        wait_for(lambda more=more: done(out) >= more)  # type: ignore[misc]
        run.kill()
        run.communicate()
        run = start(source, out)
    assert "0 failed" in run.communicate()[0]
    assert run.returncode == 0
    assert contents(out) == contents(tmp_path / "whole")


def test_prepare_stops_at_ctrl_c_and_sigterm_and_goes_on(tmp_path: Path) -> None:
    source, out = write_recordings(tmp_path / "source", 8), tmp_path / "s"
    for stop, after in ((signal.SIGINT, 1), (signal.SIGTERM, 4)):
        run = start(source, out)
        wait_for(lambda after=after: done(out) >= after)  # type: ignore[misc]
        run.send_signal(stop)
        assert "skelflow: stopped; the same command goes on where it was" in run.communicate()[1]
        assert run.returncode == 130
        assert not list(out.glob(f"{PARTIAL}*"))
    assert "0 failed" in start(source, out).communicate()[0]
    assert len(Store.open(out).names()) == 8


def test_prepare_refuses_a_store_that_another_run_writes_into(
    tmp_path: Path, scheduler: str
) -> None:
    source = write_recordings(tmp_path / "source", 2)
    prepare(source / "r0", tmp_path / "s", CONFIG, scheduler=scheduler)
    before = contents(tmp_path / "s")
    with (
        only_writer(tmp_path / "s"),
        pytest.raises(DataError, match=rf"s: another run is writing here \(process {os.getpid()} "),
    ):
        prepare(source, tmp_path / "s", CONFIG, scheduler=scheduler)
    assert contents(tmp_path / "s") == before
    assert prepare(source, tmp_path / "s", CONFIG, scheduler=scheduler).done == 1


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 200 kB."""
    place = tmp_path / "disk"
    place.mkdir()
    mount(place, "-t", "tmpfs", "-o", "size=200k", "tmpfs")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def mount(place: Path, *options: str) -> None:
    made = subprocess.run(["mount", *options, place], check=False, capture_output=True, text=True)
    if made.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {made.stderr.strip()}")


def test_prepare_says_that_the_disk_is_full_and_goes_on_with_more_room(
    small_disk: Path, tmp_path: Path, scheduler: str
) -> None:
    source, out = write_recordings(tmp_path / "source", 12), small_disk / "s"
    with pytest.raises(StorageError, match=rf"{out}.*: cannot be written \(No space left"):
        prepare(source, out, CONFIG, scheduler=scheduler)
    store = Store.open(out)
    assert 0 < len(store.names()) < 12
    assert all(store.read(name).flow.shape == (2, 16, 20, 3) for name in store.names())
    assert not list(out.glob(f"{PARTIAL}*"))
    mount(small_disk, "-o", "remount,size=2m")
    assert prepare(source, out, CONFIG, scheduler=scheduler).failed == ()
    prepare(source, tmp_path / "whole", CONFIG, scheduler=scheduler)
    assert contents(out) == contents(tmp_path / "whole")


def test_prepare_names_the_folder_it_may_not_write_into(
    small_disk: Path, tmp_path: Path, scheduler: str
) -> None:
    source = write_recordings(tmp_path / "source", 2)
    prepare(source / "r0", small_disk / "s", CONFIG, scheduler=scheduler)
    mount(small_disk, "-o", "remount,ro")
    for out in (small_disk / "s", small_disk / "new"):
        with pytest.raises(StorageError, match=rf"{out}: cannot be written \(Read-only"):
            prepare(source, out, CONFIG, scheduler=scheduler)
    assert Store.open(small_disk / "s").names() == ["r0"]
