"""A sequence of a store stands for one recording: folders of equal names do not pass for it."""

import json
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

import skelflow.datasets.prepare.run as preparing
import skelflow.datasets.prepare.stored as stored
from skelflow.datasets.prepare import PrepareReport
from skelflow.datasets.prepare.manifest import HISTORY
from skelflow.datasets.store.store import Store
from tests.tiny_folder import CONFIG, write_recording

Prepare = Callable[..., PrepareReport]


@pytest.fixture
def prepare(scheduler: str) -> Prepare:
    return partial(preparing.prepare, config=CONFIG.replace(range_m=0.1), scheduler=scheduler)


def forget_places(store: Path) -> None:
    """As earlier versions wrote the history."""
    lines = [json.loads(line) for line in (store / HISTORY).read_text().splitlines()]
    assert all(line.pop("path") for line in lines)
    (store / HISTORY).write_text("".join(json.dumps(line) + "\n" for line in lines))


@pytest.mark.parametrize("of_an_earlier_version", [False, True])
def test_prepare_takes_one_folder_for_a_sequence_from_further_down(
    prepare: Prepare, tmp_path: Path, of_an_earlier_version: bool
) -> None:
    data, store = tmp_path / "data", tmp_path / "s"
    for subject in (1, 2):
        write_recording(data / f"subject{subject}" / "wave", subject=subject)
    assert prepare(data / "subject2", store).done == 1
    if of_an_earlier_version:
        forget_places(store)
    report = prepare(data, store)
    assert (report.done, report.skipped_existing) == (0, 1)
    said = "the store already holds 'wave', prepared from wave; rename one of the two"
    assert report.failed == (("wave", said),)
    if not of_an_earlier_version:
        (data / "subject1" / "wave").rename(data / "subject1" / "wave1")
        report = prepare(data, store)
        assert (report.done, report.skipped_existing, report.failed) == (1, 1, ())
        assert {one.subject for one in Store.open(store).labels().values()} == {1, 2}


def test_prepare_tells_folders_of_equal_names_apart_by_their_files(
    prepare: Prepare, tmp_path: Path
) -> None:
    store = tmp_path / "s"
    write_recording(tmp_path / "day1" / "wave", step_mm=6)
    write_recording(tmp_path / "day2" / "wave", step_mm=9)
    shutil.copytree(tmp_path / "day1", tmp_path / "copy")
    assert prepare(tmp_path / "day1", store).done == 1
    report = prepare(tmp_path / "day2", store)
    said = f"prepared from {tmp_path / 'day1' / 'wave'}; rename one of the two"
    assert (report.done, report.skipped_existing) == (0, 0)
    assert [reason.endswith(said) for _, reason in report.failed] == [True]
    assert prepare(tmp_path / "copy", store).skipped_existing == 1
    (tmp_path / "day1").rename(tmp_path / "moved")
    assert prepare(tmp_path / "moved", store).skipped_existing == 1


def test_prepare_compares_some_recordings_of_a_copy_and_all_where_one_differs(
    prepare: Prepare, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[Path] = []

    def note(one: Path, other: Path) -> bool:
        compared.append(other)
        return are_same(one, other)

    are_same = stored.are_same
    monkeypatch.setattr(stored, "are_same", note)
    monkeypatch.setattr(stored, "_COMPARED_RECORDINGS", 2)
    names = [f"r{i}" for i in range(5)]
    for name in names:
        write_recording(tmp_path / "data" / name)
    prepare(tmp_path / "data", tmp_path / "s")
    shutil.copytree(tmp_path / "data", tmp_path / "copy")
    for name in names:
        (tmp_path / "copy" / name / ".DS_Store").write_text("")
    assert prepare(tmp_path / "copy", tmp_path / "s").skipped_existing == 5
    assert len(compared) == 2
    shutil.rmtree(compared[0])
    write_recording(compared[0], step_mm=9)  # the one that is compared first
    compared.clear()
    report = prepare(tmp_path / "copy", tmp_path / "s")
    assert (report.skipped_existing, len(report.failed)) == (4, 1)
    assert {path.name for path in compared} == set(names)


def test_prepare_takes_the_folder_that_was_prepared_before_one_of_its_origin(
    prepare: Prepare, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    write_recording(data / "subject1" / "wave", subject=1)
    write_recording(data / "wave", subject=2)
    prepare(data / "subject1", tmp_path / "s")
    report = prepare(data, tmp_path / "s")
    assert (report.done, report.skipped_existing) == (0, 1)
    said = f"prepared from {data / 'subject1' / 'wave'}; rename one of the two"
    assert [reason.endswith(said) for _, reason in report.failed] == [True]  # data/wave fails
    (data / "wave").rename(data / "bow")
    assert prepare(data, tmp_path / "s").done == 1
    assert {one.subject for one in Store.open(tmp_path / "s").labels().values()} == {1, 2}


def test_prepare_skips_what_is_there_without_opening_it(
    prepare: Prepare, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_recording(tmp_path / "data" / "subject1" / "wave")
    prepare(tmp_path / "data" / "subject1", tmp_path / "s")
    tried: list[object] = []

    def note(_: object, tasks: list[object]) -> Iterator[object]:
        tried.extend(tasks)
        return iter(())

    monkeypatch.setattr(preparing, "_run", note)
    monkeypatch.setattr("skelflow.datasets.prepare.stored.are_same", None)
    assert prepare(tmp_path / "data", tmp_path / "s").skipped_existing == 1
    assert tried == []
