"""Stores whose flow was made before lenses were heeded: they say so, and are not mixed."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from skelflow.datasets.flow_files.folder import FlowFolderConfig, write_flows
from skelflow.datasets.prepare import task
from skelflow.datasets.settings import FlowSettings
from skelflow.datasets.store.store import Store, StoreMeta
from skelflow.errors import ConfigError
from skelflow.flow.method import METHOD_VERSION
from skelflow.types import Recording
from tests import tiny_folder

META = StoreMeta("folder", None, tiny_folder.CONFIG.flow.replace(range_m=0.02))
OLD = replace(META, flow=META.flow.replace(method_version=1))


def through_lens() -> Recording:
    made = tiny_folder.recording(2)
    return replace(made, camera=replace(made.camera, k1=0.5))


def prepared(
    recording: Recording, out: Path, meta: StoreMeta, monkeypatch: pytest.MonkeyPatch
) -> np.ndarray:
    """The flow that `prepare` adds to a store of that description."""
    monkeypatch.setattr(task, "open_recording", lambda _: recording)
    Store.create(out, meta)
    assert task.prepare_one(Path("r"), "r", out, tiny_folder.CONFIG).state == "done"
    return Store.open(out).read("r").flow


def test_prepare_goes_on_by_the_method_of_the_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flows = [
        prepared(recording, tmp_path / f"{number}", meta, monkeypatch)
        for number, (recording, meta) in enumerate(
            [(through_lens(), OLD), (through_lens(), META), (tiny_folder.recording(2), OLD)]
        )
    ]
    assert (flows[0] != flows[1]).any()
    np.testing.assert_array_equal(flows[0], flows[2])  # as if there were no lens
    said = json.loads((tmp_path / "0" / "zarr.json").read_text())["attributes"]["skelflow"]
    assert "method_version" not in said  # as in stores made before there was a second one
    assert Store.open(tmp_path / "0").meta.flow.method_version == 1


@pytest.mark.parametrize(("has_lens", "differ"), [(None, False), (False, False), (True, True)])
def test_flow_of_two_methods_differs_where_a_camera_has_a_lens(
    has_lens: bool | None, differ: bool
) -> None:
    new = replace(META, has_lens=has_lens)
    assert ("method_version" in OLD.flow_differences(new)) == differ
    assert StoreMeta.from_json(new.to_json()) == new


def test_store_of_another_method_is_refused(tmp_path: Path) -> None:
    Store.create(tmp_path / "s", OLD)
    with pytest.raises(ConfigError, match="method_version: 1 in the store, 2 asked for"):
        Store.create(tmp_path / "s", META, exist_ok=True)


def test_settings_refuse_a_method_of_the_future() -> None:
    with pytest.raises(ConfigError, match="method_version"):
        FlowSettings(method_version=METHOD_VERSION + 1)


def test_flow_folder_of_a_lens_says_its_method(tmp_path: Path) -> None:
    folder = write_flows(through_lens(), tmp_path / "out", FlowFolderConfig())
    assert folder.settings["method_version"] == METHOD_VERSION
