"""The store: what goes in comes out, whole or not at all."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import zarr
from numcodecs import Zstd

from skelflow.datasets.settings import FlowSettings
from skelflow.datasets.store.store import PreparedSequence, Store, StoreMeta
from skelflow.datasets.store.zarr_reader import frame_size
from skelflow.errors import ConfigError, DataError
from skelflow.flow.presets import find_preset
from skelflow.types import Labels
from tests.waiting import PATIENCE_S

META = StoreMeta(
    source="utd_mhad",
    layout="kinect_v1",
    flow=FlowSettings(crop=(32, 24), size=(16, 12), intensity="auto", range_m=0.07),
    range_from="given",
    class_names={1: "wave", 12: "bowl"},
    version="0.1.0",
)


def sequence(name: str, *, flows: int = 20, bodies: int = 1, seed: int = 0) -> PreparedSequence:
    random = np.random.default_rng(seed)
    joints_m = random.normal(size=(3 * flows, bodies, 20, 3)).astype(np.float32)
    joints_m[0, :, 3] = np.nan
    return PreparedSequence(
        name=name,
        flow=random.integers(1, 256, (flows, 12, 16, 3)).astype(np.uint8),
        joints_px=random.uniform(0, 16, (flows, bodies, 20, 2)).astype(np.float32),
        joints_m=joints_m,
        range_m=0.07,
        layout="kinect_v1",
        labels=Labels(action=12, subject=4, replication=2),
        intensity="none",
        origin=f"depth/{name}.mat",
    )


def test_store_reads_back_what_was_written(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "s.zarr", META)
    written = sequence("b", bodies=2)
    store.write(written)
    read = Store.open(store.path).read("b")
    for name in ("flow", "joints_px", "joints_m"):
        np.testing.assert_array_equal(getattr(read, name), getattr(written, name))
        assert getattr(read, name).dtype == getattr(written, name).dtype
    assert replace(read, flow=written.flow, joints_px=written.joints_px, joints_m=written.joints_m)
    assert (read.labels, read.range_m, read.intensity, read.origin, read.layout) == (
        (written.labels, 0.07, "none", "depth/b.mat", "kinect_v1")
    )


def test_store_reads_part_of_a_flow(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "s.zarr", META)
    written = sequence("a", flows=40)
    store.write(written)
    for start, stop in ((0, 16), (9, 25), (31, 40), (30, 99), (40, 41), (5, None)):
        np.testing.assert_array_equal(store.flow("a", start, stop), written.flow[start:stop])


def test_store_keeps_its_configuration(tmp_path: Path) -> None:
    Store.create(tmp_path / "s.zarr", META)
    assert Store.open(tmp_path / "s.zarr").meta == META


def test_store_keeps_a_sequence_without_skeleton(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "s.zarr", replace(META, layout=None))
    store.write(sequence("a", bodies=0))
    assert store.read("a").joints_m.shape == (60, 0, 20, 3)
    assert store.bodies() == 0


def test_store_lists_names_labels_and_lengths(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "s.zarr", META)
    store.write(sequence("b", flows=2))
    store.write(sequence("a", bodies=2))
    assert store.names() == ["a", "b"]
    assert store.lengths() == {"a": 60, "b": 6}
    assert store.labels()["b"] == Labels(action=12, subject=4, replication=2)
    assert store.bodies() == 2
    assert store.has("a")
    assert not store.has("c")


def test_store_leaves_nothing_when_writing_stops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store.create(tmp_path / "s.zarr", META)

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Store, "_publish", stop)
    with pytest.raises(KeyboardInterrupt):
        store.write(sequence("a"))
    assert [entry.name for entry in store.path.iterdir()] == ["zarr.json"]


def test_store_removes_stale_partials_when_it_goes_on(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "s.zarr", META)
    store.write(sequence("a"))
    stale = store.path / ".partial-b-4711"
    stale.mkdir()
    (stale / "zarr.json").write_text("{}")
    assert store.names() == ["a"]
    assert Store.create(store.path, META, exist_ok=True).names() == ["a"]
    assert not stale.exists()


def test_store_uses_an_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "s.zarr").mkdir()
    assert Store.create(tmp_path / "s.zarr", META).names() == []


def test_store_names_the_path_when_it_is_no_store(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "absent"):
        with pytest.raises(DataError, match=f"{path.name}: not a store"):
            Store.open(path)
    (tmp_path / "file").write_text("text")
    with pytest.raises(DataError, match="file: not a store"):
        Store.create(tmp_path / "file", META, exist_ok=True)


@pytest.mark.parametrize("setting", ["region", "window", "intensity"])
def test_store_is_refused_when_its_flow_was_made_in_an_unknown_way(
    tmp_path: Path, setting: str
) -> None:
    Store.create(tmp_path, META)
    root = json.loads((tmp_path / "zarr.json").read_text())
    root["attributes"]["skelflow"][setting] = "whole"
    (tmp_path / "zarr.json").write_text(json.dumps(root))
    with pytest.raises(DataError, match=f"damaged .{setting}: found 'whole', expected one of"):
        Store.open(tmp_path)


@pytest.mark.parametrize("content", ["", "[]", "{", '{"attributes": 3}', '{"attributes": {}}'])
def test_store_is_refused_when_its_root_is_damaged(tmp_path: Path, content: str) -> None:
    (tmp_path / "zarr.json").write_text(content)
    with pytest.raises(DataError, match="not a store"):
        Store.open(tmp_path)


def test_store_is_refused_when_its_format_is_newer(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "s.zarr", META)
    root = store.path / "zarr.json"
    content = json.loads(root.read_text())
    content["attributes"]["skelflow"]["format"] = 99
    root.write_text(json.dumps(content))
    with pytest.raises(DataError, match="format 99, this skelflow reads 1"):
        Store.open(store.path)


def test_store_names_both_values_when_the_configuration_differs(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "s.zarr", META)
    flow = META.flow.replace(stride=1, size=(8, 6))
    other = replace(META, flow=flow, version="9", class_names={})
    with pytest.raises(ConfigError) as caught:
        Store.create(store.path, other, exist_ok=True)
    message = str(caught.value)
    assert "stride: 3 in the store, 1 asked for" in message
    assert "size: (16, 12) in the store, (8, 6) asked for" in message
    assert "version" not in message
    assert "class_names" not in message


def test_store_says_how_it_was_made_as_version_0_1_did(tmp_path: Path) -> None:
    meta = replace(META, flow=META.flow.replace(method_version=1))
    store = Store.create(tmp_path / "s.zarr", meta)
    made = json.loads((store.path / "zarr.json").read_text())["attributes"]["skelflow"]
    assert list(made.items()) == [
        ("format", 1),
        ("source", "utd_mhad"),
        ("layout", "kinect_v1"),
        ("crop", [32, 24]),
        ("size", [16, 12]),
        ("stride", 3),
        ("preset", "paper"),
        ("intensity", "auto"),
        ("range_m", 0.07),
        ("per_sequence_range", False),
        ("range_from", "given"),
        ("region", "image"),
        ("has_flow", True),
        ("class_names", {"1": "wave", "12": "bowl"}),
        ("version", "0.1.0"),
    ]
    assert StoreMeta.from_json(made) == meta
    assert StoreMeta.from_json({**made, "preset": "of another time"}).flow.preset != "paper"


@pytest.mark.parametrize(("version", "preset"), [("0.1.0", "best-0.1"), ("0.2.0", "best")])
def test_store_knows_the_method_that_its_version_called_best(version: str, preset: str) -> None:
    made = replace(META, flow=META.flow.replace(preset="best"), version=version).to_json()
    meta = StoreMeta.from_json(made)
    assert meta.flow.preset == preset
    assert StoreMeta.from_json(meta.to_json()) == meta
    asked = replace(meta, flow=META.flow.replace(preset="best"))
    assert bool(meta.differences(asked)) == (version == "0.1.0")
    assert find_preset(preset).match == (version == "0.2.0")


def test_store_is_not_made_twice_unless_allowed(tmp_path: Path) -> None:
    Store.create(tmp_path / "s.zarr", META)
    with pytest.raises(DataError, match="already there"):
        Store.create(tmp_path / "s.zarr", META)


@pytest.mark.parametrize("name", ["", ".hidden", "a/b", "a\\b", "a:b"])
def test_store_refuses_a_name_that_is_no_folder_name(tmp_path: Path, name: str) -> None:
    store = Store.create(tmp_path / "s.zarr", META)
    with pytest.raises(DataError, match="plain folder name"):
        store.write(sequence(name))


def test_store_refuses_a_second_sequence_of_a_name(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "s.zarr", META)
    first = sequence("a")
    store.write(first)
    with pytest.raises(DataError, match="already holds a sequence 'a'"):
        store.write(sequence("a", seed=1))
    np.testing.assert_array_equal(store.read("a").flow, first.flow)


def test_store_refuses_a_second_sequence_when_another_process_was_faster(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "s.zarr", META)
    store.write(sequence("a"))
    aside = store.path / ".partial-a-0"
    aside.mkdir()
    with pytest.raises(DataError, match="already holds a sequence 'a'"):
        store._publish(aside, "a")


@pytest.mark.parametrize("method", ["read", "flow", "joints_px", "joints_m", "attributes"])
def test_store_names_the_sequence_that_is_missing(tmp_path: Path, method: str) -> None:
    store = Store.create(tmp_path / "s.zarr", META)
    with pytest.raises(DataError, match="holds no sequence 'x'"):
        getattr(store, method)("x")


def _cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-20])


def _flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(bytes(content))


@pytest.mark.parametrize("array", ["flow", "joints_px", "joints_m"])
@pytest.mark.parametrize("damage", [_cut, _flip, Path.unlink, lambda file: file.write_bytes(b"")])
def test_store_says_which_sequence_is_damaged_and_what_to_do(
    tmp_path: Path, array: str, damage: Callable[[Path], None]
) -> None:
    store = Store.create(tmp_path / "s.zarr", META)
    store.write(sequence("a"))
    (first, *_) = sorted(file for file in (store.path / "a" / array / "c").rglob("*"))[-1:]
    damage(first)
    with pytest.raises(DataError) as caught:
        getattr(store, array)("a")
    assert f"sequence 'a' is damaged ({array}: " in str(caught.value)
    assert f"remove the folder {store.path / 'a'} and run" in str(caught.value)
    with pytest.raises(DataError, match="damaged"):
        store.read("a")


@pytest.mark.parametrize("file", ["zarr.json", "flow/zarr.json"])
@pytest.mark.parametrize("content", ["", "{}", "[]", '{"shape": [1], "codecs": []}'])
def test_store_says_which_description_is_damaged(tmp_path: Path, file: str, content: str) -> None:
    store = Store.create(tmp_path / "s.zarr", META)
    store.write(sequence("a"))
    (store.path / "a" / file).write_text(content)
    with pytest.raises(DataError, match=r"sequence 'a' is damaged .*; remove the folder"):
        Store.open(store.path).read("a")


def test_store_is_plain_zarr(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "s.zarr", META)
    written = replace(sequence("a", flows=40), joints_m=np.zeros((120, 1, 20, 3), np.float32))
    store.write(written)
    group = zarr.open_group(store.path, mode="r")
    for name in ("flow", "joints_px", "joints_m"):
        np.testing.assert_array_equal(group[f"a/{name}"][:], getattr(written, name))
        np.testing.assert_array_equal(getattr(store.read("a"), name), getattr(written, name))
    assert group["a/flow"].chunks[0] == 16
    assert group["a"].attrs["labels"]["action"] == 12


def test_store_refuses_arrays_of_another_size_than_the_sequence(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "s.zarr", META)
    store.write(sequence("a", flows=20))
    file = store.path / "a" / "flow" / "zarr.json"
    file.write_text(re.sub(r'("shape": \[\s*)20', r"\g<1>19", file.read_text(), count=1))
    with pytest.raises(DataError, match=r"'a' is damaged \(flow has the size \(19, 12, 16, 3\)"):
        store.flow("a", 0, 16)


@pytest.mark.parametrize("value", [np.inf, 1e38, -1000])
def test_store_refuses_joints_that_no_sensor_reports(tmp_path: Path, value: float) -> None:
    store, absurd = Store.create(tmp_path / "s.zarr", META), sequence("a")
    absurd.joints_m[3, 0, 2, 1] = value
    store.write(absurd)
    with pytest.raises(DataError, match=r"'a' is damaged \(joints_m: a joint's y is .*; remove"):
        store.joints_m("a")


@pytest.mark.parametrize("window", [(0, 16), (3, 9)])
def test_store_refuses_a_valid_chunk_that_is_shorter_than_its_shape(
    tmp_path: Path, window: tuple[int, int]
) -> None:
    store = Store.create(tmp_path / "s.zarr", META)
    store.write(sequence("a"))
    file = store.path / "a" / "flow" / "c" / "0" / "0" / "0" / "0"
    file.write_bytes(Zstd(level=5, checksum=True).encode(np.zeros(7 * 12 * 16 * 3, np.uint8)))
    message = rf"damaged \(flow: {re.escape(str(file))}: decodes to 4032 bytes, expected 9216"
    with pytest.raises(DataError, match=message):
        store.flow("a", *window)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"data_type": "float64"}, "data_type is 'float64', expected 'float32'"),
        (
            {"codecs": [{"name": "bytes", "configuration": {"endian": "big"}}, {"name": "zstd"}]},
            "endian is 'big', expected 'little'",
        ),
        ({"codecs": [{"name": "bytes"}]}, r"codecs is \('bytes',\), expected \('bytes', 'zstd'\)"),
        ({"zarr_format": 4}, "zarr_format is 4, expected 3"),
        ({"shape": [60, 1, 20, 4]}, r"chunks of 60, \[1, 20, 3\] do not cut"),
    ],
)
def test_store_refuses_an_array_that_zarr_would_read_otherwise(
    tmp_path: Path, change: dict[str, object], message: str
) -> None:
    store = Store.create(tmp_path / "s.zarr", META)
    store.write(sequence("a"))
    file = store.path / "a" / "joints_m" / "zarr.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **change}))
    with pytest.raises(DataError, match=rf"{re.escape(str(file))}: {message}"):
        Store.open(store.path).joints_m("a")


@pytest.mark.parametrize("count", [1, 255, 256, 257, 65_791, 65_792, 1_000_000])
@pytest.mark.parametrize("level", [1, 19])
def test_frame_size_is_what_the_frame_decodes_to(count: int, level: int) -> None:
    content = Zstd(level=level).encode((np.arange(count) % 251).astype(np.uint8))
    assert frame_size(content) == len(Zstd().decode(content)) == count


def test_store_of_another_window_or_companding_is_refused(tmp_path: Path) -> None:
    flow = META.flow.replace(window="person", size=(16, 16), companding=0.5)
    meta = replace(META, flow=flow)
    Store.create(tmp_path / "s", meta)
    assert Store.open(tmp_path / "s").meta == meta
    for change in ({"window": "center"}, {"companding": 1.0}):
        with pytest.raises(ConfigError, match=f"{next(iter(change))}: .* in the store, .* asked"):
            Store.create(tmp_path / "s", replace(meta, flow=flow.replace(**change)), exist_ok=True)
    other = flow.replace(crop=(30, 20))
    assert not flow.differences(other)  # a crop that nothing uses
    assert set(flow.differences(META.flow)) == {"window", "size", "companding"}


def test_a_process_that_wrote_a_store_ends_quietly_on_a_busy_machine() -> None:
    busy = (
        "import time\n"
        "import skelflow.datasets.store.store\n"
        "from zarr.core import sync\n"
        "sync._get_loop().call_soon_threadsafe(time.sleep, 1.0)\n"  # as if others had the cores
    )
    done = subprocess.run(
        [sys.executable, "-c", busy], capture_output=True, text=True, timeout=PATIENCE_S
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
