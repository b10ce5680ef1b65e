"""One number of a store has one name: across runs, across folders of a run, across data sets."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

import skelflow.datasets.prepare.run as preparing
from skelflow.datasets.prepare import PrepareReport
from skelflow.datasets.store.store import Store
from skelflow.errors import DataError
from tests import tiny_utd
from tests.tiny_folder import CONFIG, contents, write_recording

Prepare = Callable[..., PrepareReport]


@pytest.fixture
def prepare(scheduler: str) -> Prepare:
    return partial(preparing.prepare, config=CONFIG.replace(range_m=0.1), scheduler=scheduler)


def write_named(folder: Path, names: str, *recordings: str) -> Path:
    for recording in recordings:
        write_recording(folder / recording)
    if names:
        (folder / "actions.txt").write_text(names)
    return folder


def test_prepare_refuses_folders_that_call_an_action_otherwise_than_the_store(
    prepare: Prepare, tmp_path: Path
) -> None:
    one = write_named(tmp_path / "a", "1: wave\n2: clap\n", "r0")
    prepare(one, tmp_path / "s")
    before = contents(tmp_path / "s")
    other = write_named(tmp_path / "b", "1: clap\n2: wave\n", "q0")
    with pytest.raises(
        DataError, match=r"q0: action 1 is 'clap', and 'wave' in .*/s; use one actions\.txt for"
    ):
        prepare(other, tmp_path / "s")
    assert contents(tmp_path / "s") == before
    (other / "actions.txt").write_text("7: wave\n")
    with pytest.raises(DataError, match=r"q0: 'wave' is action 7, and 1 in .*/s; use one"):
        prepare(other, tmp_path / "s")
    (other / "actions.txt").write_text("1: waving\n")
    settings = tmp_path / "s" / "zarr.json"  # as the message says
    settings.write_text(settings.read_text().replace('"wave"', '"waving"'))
    assert prepare(other, tmp_path / "s").done == 1


def test_prepare_adds_the_names_of_actions_that_are_new(prepare: Prepare, tmp_path: Path) -> None:
    prepare(write_named(tmp_path / "a", "", "r0"), tmp_path / "s")
    assert Store.open(tmp_path / "s").meta.class_names == {}
    prepare(write_named(tmp_path / "b", "1: wave\n", "q0"), tmp_path / "s")
    (tmp_path / "b" / "actions.txt").write_text("1: wave\n5: clap\n")
    assert prepare(tmp_path / "b", tmp_path / "s").skipped_existing == 1
    store = Store.open(tmp_path / "s")
    assert store.meta.class_names == {1: "wave", 5: "clap"}
    assert store.names() == ["q0", "r0"]


def test_prepare_fails_recordings_that_call_an_action_otherwise_than_those_it_sampled(
    prepare: Prepare, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("skelflow.datasets.prepare.sampling._SAMPLE_RECORDINGS", 1)
    write_named(tmp_path / "in" / "a", "1: wave\n", "r0")
    write_named(tmp_path / "in" / "b", "1: clap\n", "r1")
    write_named(tmp_path / "in" / "c", "2: bow\n", "r2")
    report = prepare(tmp_path / "in", tmp_path / "s")
    assert (report.done, [name for name, _ in report.failed]) == (2, ["r1"])
    assert "b/r1: action 1 is 'clap', and 'wave' in " in report.failed[0][1]
    assert Store.open(tmp_path / "s").meta.class_names == {1: "wave", 2: "bow"}


def test_prepare_fails_recordings_whose_numbers_are_another_data_sets(
    prepare: Prepare, tmp_path: Path
) -> None:
    write_named(tmp_path / "in" / "own", "1: juggle\n", "r0")
    tiny_utd.write_recording(tmp_path / "in" / "utd", action=1, subject=1)
    report = prepare(tmp_path / "in", tmp_path / "s")
    assert report.done == 1
    ((name, reason),) = report.failed
    assert name == "a1_s1_t1"
    assert "a recording of 'utd_mhad', and " in reason
    assert "holds 'folder', whose actions have other numbers" in reason
    assert Store.open(tmp_path / "s").meta.class_names == {1: "juggle"}


def test_prepare_takes_recordings_of_two_sources_that_one_actions_file_names(
    prepare: Prepare, tmp_path: Path
) -> None:
    source = write_named(tmp_path / "in", "1: wave\n", "own/r0")
    tiny_utd.write_recording(source / "utd", action=1, subject=1)
    report = prepare(source, tmp_path / "s")
    assert (report.done, report.failed) == (2, ())
    assert Store.open(tmp_path / "s").meta.class_names == {1: "wave"}


@pytest.mark.parametrize("names", ["", "1: juggle\n"])
def test_prepare_takes_the_source_of_most_recordings_and_fails_the_others(
    prepare: Prepare, tmp_path: Path, names: str
) -> None:
    write_named(tmp_path / "in" / "first", names, "r0")
    for subject in (1, 3):
        tiny_utd.write_recording(tmp_path / "in" / "utd", action=1, subject=subject)
    report = prepare(tmp_path / "in", tmp_path / "s")
    assert (report.done, [name for name, _ in report.failed]) == (2, ["r0"])
    meta = Store.open(tmp_path / "s").meta
    assert meta.source == "utd_mhad"
    assert "juggle" not in meta.class_names.values()
