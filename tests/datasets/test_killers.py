"""Recordings that end badly fail alone; damage to a store is noticed."""

import json
from pathlib import Path

import numpy as np
import pytest

from skelflow.datasets.inspect.description import describe
from skelflow.datasets.prepare import prepare
from skelflow.datasets.prepare.manifest import read_manifest
from skelflow.datasets.store import Store
from skelflow.errors import DataError
from tests.recordings.test_any_bytes import declared
from tests.tiny_folder import CONFIG, write_recording, write_recordings

WHOLE = 35
LONG = "手" * 76  # 228 bytes: a folder can have this name, a store's files beside it cannot


def spoil(folder: Path, old: str, new: str) -> None:
    file = folder / "recording.toml"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def write_killers(source: Path) -> None:
    for name in ("k1", "k2", "k3", "k4", "k5", LONG):
        write_recording(source / name)
    (source / "k1" / "depth" / "0.png").write_bytes(declared(60_000, 60_000))
    (source / "k2" / "depth" / "1.png").write_bytes(declared(60_000, 60_000))
    spoil(source / "k3", "[labels]", "[skeleton]\nlayout = [1]\n[labels]")
    spoil(source / "k4", "[recording]", '[recording]\nname = "manifest.jsonl"')
    spoil(source / "k5", "fx = 60", "fx = 1" + "0" * 400)


def test_prepare_lists_the_recordings_that_fail_and_goes_on(tmp_path: Path) -> None:
    source = write_recordings(tmp_path / "in", WHOLE)
    write_killers(source)
    report = prepare(source, tmp_path / "store", CONFIG.replace(workers=1))
    assert report.done == WHOLE
    reasons = dict(report.failed)
    assert len(reasons) == 6
    assert "60000x60000 pixels: 3600 megapixels, at most 64" in reasons["k1"]
    assert "60000x60000 pixels" in reasons["k2"]
    assert "layout is [1]" in reasons["k3"]
    assert "cannot name a sequence" in reasons["manifest.jsonl"]
    assert "at most 200 bytes" in reasons[LONG]
    assert "rename the recording" in reasons[LONG]
    assert "fx is 1000" in reasons["k5"]
    store = Store.open(tmp_path / "store")
    assert store.names() == sorted(f"r{i}" for i in range(WHOLE))
    text = describe([source]).text
    assert f"{WHOLE + 3} open" in text  # three fail at a later frame, or by their name
    assert "3 fail" in text
    check_sums(store)


def check_sums(store: Store) -> None:
    told = {line["name"]: line for line in read_manifest(store.path)}
    assert told["r1"]["sha256"] == store.attributes("r1")["sha256"]
    assert len(told["r1"]["sha256"]) == 64
    edit(store.path / "r1", action=5)
    with pytest.raises(DataError, match=r"'r1' is damaged .*checksum"):
        Store.open(store.path).read("r1")
    edit(store.path / "r1", action="wave")
    with pytest.raises(DataError, match=r"'r1' is damaged .*labels.action: found 'wave'"):
        Store.open(store.path).attributes("r1")
    edit(store.path / "r2", has_sum=False)  # as earlier versions wrote it
    assert np.isfinite(Store.open(store.path).read("r2").flow).all()


def edit(sequence: Path, *, action: object = 1, has_sum: bool = True) -> None:
    file = sequence / "zarr.json"
    content = json.loads(file.read_text())
    content["attributes"]["labels"]["action"] = action
    if not has_sum:
        del content["attributes"]["sha256"]
    file.write_text(json.dumps(content))
