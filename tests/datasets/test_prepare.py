"""Preparing a data set: resumable, the same with any number of workers, nothing lost silently."""

import json
import re
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest

import skelflow.datasets.prepare.run as preparing
from skelflow.datasets.loading.clips import ClipDataset, SkeletonDataset
from skelflow.datasets.prepare import PrepareConfig, PrepareReport
from skelflow.datasets.prepare.manifest import MANIFEST, read_manifest
from skelflow.datasets.store.store import Store, StoreMeta
from skelflow.errors import ConfigError, DataError
from skelflow.recordings import open_recording
from skelflow.types import Labels
from tests.tiny_folder import CONFIG, HEIGHT, WIDTH, contents, write_recording, write_recordings

Prepare = Callable[..., PrepareReport]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write_recordings(tmp_path / "source")


@pytest.fixture
def prepare(scheduler: str) -> Prepare:
    """On a running worker, which saves the start of one."""
    return partial(preparing.prepare, scheduler=scheduler)


def test_prepare_makes_a_store_of_all_recordings(
    prepare: Prepare, source: Path, tmp_path: Path
) -> None:
    seen: list[tuple[int, int, str]] = []
    report = prepare(source, tmp_path / "s", CONFIG, progress=lambda *step: seen.append(step))
    assert (report.done, report.skipped_existing, report.failed) == (3, 0, ())
    assert seen == [(1, 3, "r0"), (2, 3, "r1"), (3, 3, "r2")]
    store = Store.open(tmp_path / "s")
    assert store.names() == ["r0", "r1", "r2"]
    assert store.labels()["r1"] == Labels(action=1, subject=2)
    assert (store.meta.source, store.meta.layout) == ("folder", None)
    assert store.meta.flow.range_m is not None
    assert 0.004 <= store.meta.flow.range_m <= 0.05
    assert store.attributes("r2")["origin"] == "r2"


def test_prepare_is_the_same_with_two_workers(
    prepare: Prepare, source: Path, tmp_path: Path
) -> None:
    prepare(source, tmp_path / "one", CONFIG)
    report = preparing.prepare(source, tmp_path / "two", CONFIG.replace(workers=2))
    assert report.done == 3
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_prepare_goes_on_after_an_interruption(
    prepare: Prepare, source: Path, tmp_path: Path
) -> None:
    prepare(source, tmp_path / "whole", CONFIG)

    def interrupt(done: int, _total: int, _name: str) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare(source, tmp_path / "s", CONFIG, progress=interrupt)
    assert Store.open(tmp_path / "s").names() == ["r0", "r1"]
    (tmp_path / "s" / ".partial-r2-1").mkdir()
    report = prepare(source, tmp_path / "s", CONFIG)
    assert (report.done, report.skipped_existing) == (1, 2)
    assert contents(tmp_path / "s") == contents(tmp_path / "whole")


def test_prepare_stops_its_workers_when_interrupted(source: Path, tmp_path: Path) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    config = CONFIG.replace(workers=2, range_m=0.02)
    with pytest.raises(KeyboardInterrupt):
        preparing.prepare(source, tmp_path / "s", config, progress=interrupt)
    assert not list((tmp_path / "s").glob(".partial-*"))
    for name in Store.open(tmp_path / "s").names():
        assert Store.open(tmp_path / "s").read(name).flow.shape == (2, 16, 20, 3)


def test_prepare_lists_what_failed_and_goes_on(
    prepare: Prepare, source: Path, tmp_path: Path
) -> None:
    write_recording(source / "alone", frames=1)
    write_recording(source / "empty")
    for file in (source / "empty" / "depth").iterdir():
        cv2.imwrite(str(file), np.zeros((HEIGHT, WIDTH), np.uint16))
    write_recording(source / "torn")
    (source / "torn" / "depth" / "3.png").write_bytes(b"no image")
    report = prepare(source, tmp_path / "s", CONFIG)
    assert (report.done, [name for name, _ in report.failed]) == (3, ["alone", "empty", "torn"])
    reasons = [reason for _, reason in report.failed]
    assert "1 frame;" in reasons[0]
    assert "depth is 0" in reasons[1]
    assert "3.png" in reasons[2]
    assert Store.open(tmp_path / "s").names() == ["r0", "r1", "r2"]


def test_prepare_fails_the_second_recording_of_a_name(
    prepare: Prepare, source: Path, tmp_path: Path
) -> None:
    write_recording(source / "z" / "r1")
    report = prepare(source, tmp_path / "s", CONFIG)
    assert report.done == 3
    (failed,) = report.failed
    assert failed == ("r1", "the store already holds 'r1', prepared from r1; rename one of the two")
    assert prepare(source, tmp_path / "s", CONFIG).failed == (failed,)


def test_prepare_knows_its_recordings_from_a_folder_further_up(
    prepare: Prepare, source: Path, tmp_path: Path
) -> None:
    prepare(source / "r1", tmp_path / "s", CONFIG)
    report = prepare(source, tmp_path / "s", CONFIG)
    assert (report.done, report.skipped_existing) == (2, 1)


def test_prepare_measures_the_range_on_training_recordings_only(
    prepare: Prepare, source: Path, tmp_path: Path
) -> None:
    prepare(source, tmp_path / "slow", CONFIG)
    write_recording(source / "fast", subject=2, step_mm=40)
    prepare(source, tmp_path / "with_fast_test", CONFIG)
    metas = [Store.open(tmp_path / name).meta for name in ("slow", "with_fast_test")]
    assert metas[0].flow.range_m == metas[1].flow.range_m
    assert metas[1].range_from == "measured on 2 training recordings"


def test_prepare_can_give_each_sequence_its_own_range(
    prepare: Prepare, source: Path, tmp_path: Path
) -> None:
    write_recording(source / "fast", step_mm=20)
    prepare(source, tmp_path / "s", CONFIG.replace(per_sequence_range=True))
    store = Store.open(tmp_path / "s")
    assert store.meta.flow.range_m is None
    assert store.read("fast").range_m > 1.5 * store.read("r0").range_m
    assert max(store.read("r0").flow.max(), 255 - store.read("r0").flow.min()) >= 254


def test_prepare_keeps_the_range_of_a_store_it_goes_on_with(
    prepare: Prepare, source: Path, tmp_path: Path
) -> None:
    prepare(source, tmp_path / "s", CONFIG.replace(range_m=0.123))
    write_recording(source / "later")
    assert prepare(source, tmp_path / "s", CONFIG).done == 1
    assert Store.open(tmp_path / "s").read("later").range_m == 0.123


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"stride": 1}, "stride: 3 in the store, 1 asked for"),
        ({"range_m": 0.5}, "range_m: .* 0.5 asked for"),
        ({"per_sequence_range": True}, "per_sequence_range: False in the store, True asked for"),
        ({"preset": "corrected"}, "preset: 'paper' in the store, 'corrected' asked for"),
    ],
)
def test_prepare_refuses_a_store_of_another_configuration(
    prepare: Prepare, source: Path, tmp_path: Path, change: dict[str, object], message: str
) -> None:
    prepare(source / "r0", tmp_path / "s", CONFIG)
    before = contents(tmp_path / "s")
    with pytest.raises(ConfigError, match=message):
        prepare(source, tmp_path / "s", CONFIG.replace(**change))  # type: ignore[arg-type]
    assert contents(tmp_path / "s") == before


def test_prepare_leaves_nothing_when_there_is_nothing_to_prepare(
    prepare: Prepare, tmp_path: Path
) -> None:
    (tmp_path / "source").mkdir()
    with pytest.raises(DataError, match="no recording below"):
        prepare(tmp_path / "source", tmp_path / "s", CONFIG)
    write_recording(tmp_path / "source" / "still", step_mm=0)
    with pytest.raises(
        DataError, match=r"nothing moves, or can be read, in 1 recording that .* give range_m"
    ):
        prepare(tmp_path / "source", tmp_path / "s", CONFIG)
    (tmp_path / "source" / "still" / "recording.toml").write_text("broken")
    with pytest.raises(DataError, match=r"none of 1 recording in .* opens: .*toml"):
        prepare(tmp_path / "source", tmp_path / "s", CONFIG)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["source"]


def test_prepare_leaves_nothing_when_no_scheduler_answers(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("skelflow.io.cluster._CONNECT_S", 1)
    config = CONFIG.replace(range_m=0.1)  # else workers measure it before
    with pytest.raises(ConfigError, match="no dask scheduler answers there"):
        preparing.prepare(source, tmp_path / "store", config, scheduler="tcp://127.0.0.1:1")
    assert not (tmp_path / "store").exists()


def test_prepare_refuses_a_crop_that_no_image_has(
    prepare: Prepare, source: Path, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match="crop 320x240 is larger than the depth image 64x48"):
        prepare(source, tmp_path / "s")
    assert not (tmp_path / "s").exists()


def test_prepare_refuses_to_write_into_another_folder(
    prepare: Prepare, source: Path, tmp_path: Path
) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "letter").write_text("dear")
    with pytest.raises(DataError, match="home: not a store"):
        prepare(source, tmp_path / "home", CONFIG)
    assert [entry.name for entry in (tmp_path / "home").iterdir()] == ["letter"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"stride": 0}, "stride: found 0, expected at least 1"),
        ({"workers": 0}, "workers: found 0, expected at least 1"),
        ({"crop": (0, 10)}, "crop.*: found 0, expected at least 1"),
        ({"size": (10, -1)}, "size.*: found -1, expected at least 1"),
        ({"range_m": 0.0}, "range_m: found 0.0, expected at least 1e-06"),
        ({"range_m": 0.1, "per_sequence_range": True}, "exclude each other"),
        ({"preset": "papr"}, "did you mean 'paper'"),
    ],
)
def test_prepare_config_names_the_wrong_setting(change: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        PrepareConfig(**change)  # type: ignore[arg-type]


def test_prepare_makes_a_store_of_skeletons_alone_without_depth(
    prepare: Prepare, data_dir: Path, tmp_path: Path
) -> None:
    config = PrepareConfig(skeletons_only=True)
    source = data_dir / "ntu" / "skeletons"
    assert prepare(source, tmp_path / "s", config).failed == ()
    store = Store.open(tmp_path / "s")
    assert (store.meta.has_flow, store.meta.layout) == (False, "kinect_v2")
    assert len(store.names()) == 5
    for name in store.names():
        read = store.read(name)
        assert (len(read.flow), len(read.joints_px)) == (0, 0)
        skeleton = open_recording(source / f"{name}.skeleton").skeleton
        assert skeleton is not None
        np.testing.assert_array_equal(read.joints_m, skeleton.joints_m)
    data = SkeletonDataset(store, store.names(), range(1, 61), frames=100)
    assert data[0].joints_m.shape == (100, 2, 25, 3)
    with pytest.raises(ConfigError, match="holds skeletons alone, and clips need flow"):
        ClipDataset(store, store.names(), range(1, 61))
    # recordings without depth need not be asked for as skeletons alone
    again = prepare(source, tmp_path / "s", PrepareConfig())
    assert (again.done, again.skipped_existing, again.failed) == (0, 5, ())


def test_prepare_of_skeletons_alone_fails_where_there_is_none(
    prepare: Prepare, source: Path, tmp_path: Path
) -> None:
    report = prepare(source, tmp_path / "s", CONFIG.replace(skeletons_only=True))
    assert [name for name, _ in report.failed] == ["r0", "r1", "r2"]
    assert all("no skeleton, and skeletons are all" in reason for _, reason in report.failed)


def test_prepare_writes_a_manifest_that_says_what_is_there(
    prepare: Prepare, source: Path, tmp_path: Path
) -> None:
    write_recording(source / "alone", frames=1)
    prepare(source, tmp_path / "s", CONFIG)
    head = json.loads((tmp_path / "s" / MANIFEST).read_text().splitlines()[0])
    assert StoreMeta.from_json(head["configuration"]) == Store.open(tmp_path / "s").meta
    lines = read_manifest(tmp_path / "s")
    assert [line["name"] for line in lines] == ["alone", "r0", "r1", "r2"]
    assert [line["state"] for line in lines] == ["failed", "done", "done", "done"]
    assert "1 frame;" in lines[0]["reason"]
    prepare(source / "r0", tmp_path / "s", CONFIG)  # a part of the source: the failure stays
    assert read_manifest(tmp_path / "s") == lines
    shutil.rmtree(source / "alone")
    write_recording(source / "alone")
    assert prepare(source, tmp_path / "s", CONFIG).done == 1
    assert [line["state"] for line in read_manifest(tmp_path / "s")] == ["done"] * 4


def test_prepare_limits_itself_to_recordings_spread_over_all(
    prepare: Prepare, source: Path, tmp_path: Path
) -> None:
    assert prepare(source, tmp_path / "s", CONFIG, limit=2).done == 2
    report = prepare(source, tmp_path / "s", CONFIG)
    assert (report.done, report.skipped_existing) == (1, 2)


def test_prepare_makes_a_damaged_sequence_anew(
    prepare: Prepare, source: Path, tmp_path: Path
) -> None:
    prepare(source, tmp_path / "s", CONFIG)
    before = contents(tmp_path / "s")
    (tmp_path / "s" / "r1" / "flow" / "c" / "0" / "0" / "0" / "0").write_bytes(b"torn")
    with pytest.raises(DataError) as caught:
        Store.open(tmp_path / "s").flow("r1")
    (folder,) = re.findall(r"remove the folder (\S+) and", str(caught.value))
    shutil.rmtree(folder)
    assert prepare(source, tmp_path / "s", CONFIG).done == 1
    assert contents(tmp_path / "s") == before


def test_prepare_reads_utd_mhad(prepare: Prepare, data_dir: Path, tmp_path: Path) -> None:
    file = data_dir / "utd_mhad" / "depth" / "a1_s1_t1_depth.mat"
    config = PrepareConfig(stride=30, range_m=0.07)
    assert prepare(file, tmp_path / "s", config).done == 1
    store = Store.open(tmp_path / "s")
    read = store.read("a1_s1_t1")
    assert read.flow.shape == (2, 120, 160, 3)
    assert read.labels == Labels(action=1, subject=1, replication=1)
    assert (store.meta.source, store.meta.layout) == ("utd_mhad", "kinect_v1")
    assert json.loads((tmp_path / "s" / "zarr.json").read_text())["zarr_format"] == 3
    x, y = np.rint(read.joints_px[0, 0]).astype(int).T
    moving = (read.flow[0] != 128).any(-1)
    near = [
        moving[max(0, b - 8) : b + 8, max(0, a - 8) : a + 8].any()
        for a, b in zip(x, y, strict=True)
    ]
    assert np.mean(near) > 0.9
