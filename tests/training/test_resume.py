"""A run goes on where it was: after kill -9, a damaged state, a full disk."""

import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from filelock import FileLock
from safetensors.torch import load_file

from skelflow.datasets.store import Store
from skelflow.errors import ConfigError, DataError, StorageError, WeightsError
from skelflow.io.atomic import PARTIAL
from skelflow.training.loop import Interrupted, train
from skelflow.training.recipe import load_recipe, resolve
from tests.tiny_store import make_tiny_store
from tests.training.test_loop import StopAt, lines
from tests.waiting import PATIENCE_S

RECIPE = """
batch_size = 2
epochs = 8
save_minutes = 1e-6 # at every step
clip_norm = 5.0
[model]
name = "fused"
width = 0.03
crop = 16
skeleton_width = 0.1
frames = 30
initialization = "he"
[data]
held_out_subjects = [7]
[data.augmentation]
flip = 0.5
noise_m = 0.01
[optim]
name = "adamw"
lr = 1e-3
[optim.schedule]
name = "plateau"
patience = 1
"""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    torch.set_num_threads(1)
    return make_tiny_store(tmp_path_factory.mktemp("tiny") / "s.zarr")


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("recipe") / "r.toml"
    path.write_text(RECIPE)
    return path


@pytest.fixture(scope="module")
def whole(store: Store, recipe: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that was never stopped."""
    run = tmp_path_factory.mktemp("whole") / "run"
    train(load_recipe(recipe), store.path, run)
    return run


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 6 megabytes."""
    disk = tmp_path / "disk"
    disk.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(disk)]
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False)
    except OSError as error:
        pytest.skip(f"no small disk can be mounted here ({error})")
    if done.returncode:
        pytest.skip(f"no small disk can be mounted here ({done.stderr.strip()})")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def assert_same_run(one: Path, two: Path) -> None:
    first, second = (load_file(run / "best.safetensors") for run in (one, two))
    assert all(torch.equal(first[name], second[name]) for name in first | second)
    states = [torch.load(run / "last.pt") for run in (one, two)]
    for values in states:
        values["state"].pop("seconds")
    torch.testing.assert_close(states[0], states[1], rtol=0, atol=0)
    assert lines(one) == lines(two)


def start(store: Store, recipe: Path, run: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "skelflow", "train", recipe, store.path, "--run", run]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(list(map(str, command)), env=environment)


def kill_after(saves: int, process: subprocess.Popen[bytes], run: Path) -> None:
    """End a process at once when it has saved its state so many times."""
    seen: set[int] = set()
    file, end = run / "last.pt", time.monotonic() + PATIENCE_S
    while process.poll() is None and len(seen) < saves and time.monotonic() < end:
        with suppress(FileNotFoundError):  # not yet, or between its names
            seen.add(file.stat().st_mtime_ns)
        time.sleep(0.0005)
    ended = process.poll()
    process.kill()
    process.wait()
    assert ended is None


def test_train_ends_with_the_same_weights_when_killed_at_several_moments(
    store: Store, recipe: Path, whole: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    for saves in (2, 5, 8):  # of 32
        kill_after(saves, start(store, recipe, run), run)
        assert not (run / "metrics.jsonl").exists() or len(lines(run)) < 8
    (run / f"{PARTIAL}1-last.pt").write_bytes(b"half")  # of a process that was killed while writing
    assert start(store, recipe, run).wait() == 0
    assert_same_run(whole, run)
    assert not (run / f"{PARTIAL}1-last.pt").exists()


def test_train_goes_on_where_it_was_killed_before_its_first_file(
    store: Store, recipe: Path, whole: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    run.mkdir()
    (run / f"{PARTIAL}1-config.json").write_bytes(b"{")
    train(load_recipe(recipe), store.path, run)
    assert_same_run(whole, run)
    assert not list(run.glob(f"{PARTIAL}*"))


@pytest.mark.parametrize("damage", ["truncated", "empty", "lost"])
def test_train_goes_on_from_the_state_before_a_damaged_one(
    damage: str,
    store: Store,
    recipe: Path,
    whole: Path,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    run = tmp_path / "run"
    with pytest.raises(Interrupted):
        train(load_recipe(recipe), store.path, run, progress=StopAt(5))
    last = run / "last.pt"
    content = last.read_bytes()
    if damage == "lost":  # between two renames
        last.unlink()
    else:
        last.write_bytes(content[: len(content) // 2] if damage == "truncated" else b"")
    with caplog.at_level(logging.WARNING):
        train(load_recipe(recipe), store.path, run)
    messages = [record.getMessage() for record in caplog.records]
    if damage != "lost":
        (message,) = messages
        assert "last.pt" in message
        assert "going on from previous.pt, epoch 2, step 3" in message
    assert_same_run(whole, run)


def test_train_says_when_no_state_can_be_read(store: Store, recipe: Path, tmp_path: Path) -> None:
    with pytest.raises(Interrupted):
        train(load_recipe(recipe), store.path, tmp_path / "run", progress=StopAt(3))
    for name in ("last.pt", "previous.pt"):
        (tmp_path / "run" / name).write_bytes(b"no state")
    with pytest.raises(WeightsError, match=r"last\.pt: no state.*previous\.pt: no state.*remove"):
        train(load_recipe(recipe), store.path, tmp_path / "run")


def test_train_keeps_its_state_when_the_disk_is_full(
    store: Store, recipe: Path, whole: Path, small_disk: Path
) -> None:
    run, filler = small_disk / "run", small_disk / "filler"
    with pytest.raises(Interrupted):
        train(load_recipe(recipe), store.path, run, progress=StopAt(5))
    state = (run / "last.pt").read_bytes()
    free = os.statvfs(small_disk).f_bavail * os.statvfs(small_disk).f_frsize
    filler.write_bytes(bytes(free - len(state) // 2))
    with pytest.raises(StorageError, match=r"No space left.*same command") as caught:
        train(load_recipe(recipe), store.path, run)
    assert str(run) in str(caught.value)
    assert (run / "last.pt").read_bytes() == state
    assert not [file.name for file in run.iterdir() if file.name.startswith(PARTIAL)]
    filler.unlink()
    train(load_recipe(recipe), store.path, run)
    assert_same_run(whole, run)


def test_train_says_when_its_folder_cannot_be_written(
    store: Store, recipe: Path, small_disk: Path, tmp_path: Path
) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(StorageError, match=r"Read-only file system.*choose another place"):
        train(load_recipe(recipe), store.path, small_disk / "run")
    (tmp_path / "file").write_text("a file")
    with pytest.raises(StorageError, match="cannot be written"):
        train(load_recipe(recipe), store.path, tmp_path / "file" / "run")


def test_train_refuses_a_folder_another_process_trains_in(
    store: Store, recipe: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    run.mkdir()
    with FileLock(run / ".lock"), pytest.raises(DataError, match="another run is writing"):
        train(load_recipe(recipe), store.path, run)
    assert not (run / "last.pt").exists()


def test_a_finished_run_takes_more_epochs(store: Store, recipe: Path, tmp_path: Path) -> None:
    change = ["epochs=2", "save_minutes=5"]
    train(load_recipe(recipe, change), store.path, tmp_path / "run")
    train(load_recipe(recipe, ["epochs=4", "save_minutes=5"]), store.path, tmp_path / "run")
    train(load_recipe(recipe, ["epochs=4", "save_minutes=5"]), store.path, tmp_path / "whole")
    one, other = (load_file(tmp_path / name / "best.safetensors") for name in ("run", "whole"))
    assert all(torch.equal(one[name], other[name]) for name in other)
    assert len(lines(tmp_path / "run")) == 4
    with pytest.raises(ConfigError, match=r"epochs: 4 there, 3 asked for"):
        train(load_recipe(recipe, ["epochs=3", "save_minutes=5"]), store.path, tmp_path / "run")
    with pytest.raises(ConfigError, match="cosine or one_cycle, which plan for their end"):
        cosine = ["epochs=6", "save_minutes=5", "optim.schedule.name=cosine"]
        train(load_recipe(recipe, cosine), store.path, tmp_path / "run")


@pytest.mark.parametrize("epochs", [1, 2])
def test_a_run_does_not_go_on_with_other_recordings(tmp_path: Path, epochs: int) -> None:
    few = make_tiny_store(tmp_path / "few.zarr", subjects=(1, 7, 2))
    again = make_tiny_store(tmp_path / "again.zarr", subjects=(1, 7, 2))
    more = make_tiny_store(tmp_path / "more.zarr", subjects=(1, 3, 7, 2))
    other = make_tiny_store(tmp_path / "other.zarr", subjects=(1, 7, 2), frames=28)
    small = {"model": {"name": "res_tcn", "width": 0.125, "frames": 30}, "batch_size": 4, "l1": 0.0}
    values = small | {"data": {"held_out_subjects": [7]}}
    folder = tmp_path / "run"
    train(resolve(values | {"epochs": 1}), few.path, folder)
    before = (folder / "config.json").read_text()
    longer = resolve(values | {"epochs": epochs})
    for store, message in ((more, "fit: 2 there, 4 asked for; sha256"), (other, r"\(sha256: ")):
        with pytest.raises(ConfigError, match=f"trained on other recordings .*{message}"):
            train(longer, store.path, folder)
        assert (folder / "config.json").read_text() == before
    train(longer, again.path, folder)
    kept = json.loads(before)
    del kept["recordings"]  # as earlier versions wrote it
    (folder / "config.json").write_text(json.dumps(kept))
    train(longer, more.path, folder)


def test_a_run_goes_on_with_a_store_that_was_made_again_or_got_more_names(tmp_path: Path) -> None:
    few = make_tiny_store(tmp_path / "few.zarr", subjects=(1, 2))
    model = {"name": "res_tcn", "width": 0.125, "frames": 30}
    values = {"model": model, "batch_size": 4, "l1": 0.0}
    train(resolve(values | {"epochs": 1}), few.path, tmp_path / "run")
    named = few.with_class_names({**few.meta.class_names, 99: "nod"})
    again = Store.create(tmp_path / "again.zarr", named.meta)
    for name in few.names():  # as of the folder above
        again.write(replace(few.read(name), origin=f"Depth/{name}"))
    assert train(resolve(values | {"epochs": 2}), again.path, tmp_path / "run").epoch == 2
    assert len(lines(tmp_path / "run")) == 2


def test_a_run_ends_when_held_out_subjects_gain_nothing(
    store: Store, recipe: Path, tmp_path: Path
) -> None:
    change = ["epochs=30", "early_stop=2", "optim.lr=1e-9", "save_minutes=5"]
    result = train(load_recipe(recipe, change), store.path, tmp_path)
    done = len(lines(tmp_path))
    assert done == result.epoch + 2 < 30
    with pytest.raises(ConfigError, match="0 without held-out subjects"):
        load_recipe(recipe, ["early_stop=2", "data.held_out_subjects=[]"])
