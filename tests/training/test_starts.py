"""What a run may start from: parts that saw none of its test recordings and compute the same."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from skelflow.datasets.store import Store
from skelflow.errors import ConfigError, WeightsError
from skelflow.experiments import cross_validation
from skelflow.experiments.cross_validation import cross_validate
from skelflow.models.registry import configure
from skelflow.models.weights import RESERVED, load_model, read_header, save_model
from skelflow.recipes import list_recipes
from skelflow.skeleton import layouts
from skelflow.training.config import RunConfig
from skelflow.training.recipe import load_recipe, resolve
from skelflow.training.setup import checkpoint_header, make_network, make_split
from tests.tiny_store import make_tiny_store

GUIDE = {"name": "res_tcn_bjcn", "width": 0.125, "frames": 30}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return make_tiny_store(tmp_path_factory.mktemp("tiny") / "s.zarr")


def config_of(part: Path | str | None = None, *, data: Any = None, **model: Any) -> RunConfig:
    """A run of a skeleton network, which starts from a part."""
    values = {"model": {**GUIDE, **model}, "data": data or {}, "init": {}}
    return resolve(values | ({} if part is None else {"init": {"skeleton": str(part)}}))


def make_part(store: Store, path: Path, **changes: Any) -> Path:
    """What a run of the skeleton network leaves, though not a step is trained."""
    config = config_of(**changes)
    split = make_split(config, store)
    network = make_network(config, store, split)
    save_model(network, path, checkpoint_header(config, store, split, git=""))
    return path


def start(store: Store, config: RunConfig) -> None:
    make_network(config, store, make_split(config, store))


@pytest.mark.parametrize(
    ("of_part", "of_run", "message"),
    [
        (
            {"protocol": "subjects:2,3"},
            {},
            r"init\.skeleton: .*a\.safetensors was trained on 2 of the 2 test recordings of this "
            r"run, S001C001P002R001A001 among them.*--set data\.protocol=cross-subject, and",
        ),
        (
            {},
            {"held_out_subjects": [3, 7]},
            r"4 of the 4 held-out recordings .*data\.held_out_subjects=\[3,7\], and",
        ),
        ({"held_out_subjects": [3]}, {"held_out_subjects": [3, 7]}, "2 of the 4 held-out"),
    ],
)
def test_a_part_that_saw_recordings_to_test_on_is_refused(
    store: Store, tmp_path: Path, of_part: Any, of_run: Any, message: str
) -> None:
    part = make_part(store, tmp_path / "a.safetensors", data=of_part)
    with pytest.raises(ConfigError, match=message):
        start(store, config_of(part, data=of_run))


@pytest.mark.parametrize(
    ("of_part", "of_run"),
    [
        ({}, {"protocol": "cross-subject"}),
        ({"held_out_subjects": [3]}, {"held_out_subjects": [3]}),
        ({"held_out_subjects": [3]}, {}),
        ({"protocol": "subjects:1"}, {}),
    ],
)
def test_a_part_that_saw_none_of_them_is_taken(
    store: Store, tmp_path: Path, of_part: Any, of_run: Any
) -> None:
    part = make_part(store, tmp_path / "a.safetensors", data=of_part)
    start(store, config_of(part, data=of_run))


def test_recordings_are_the_same_in_another_store(store: Store, tmp_path: Path) -> None:
    part = make_part(store, tmp_path / "a.safetensors", data={"protocol": "subjects:2,3"})
    flow = store.meta.flow.replace(size=(12, 10))
    copy = Store.create(tmp_path / "s.zarr", replace(store.meta, source="folder", flow=flow))
    for name in store.names():
        one = store.read(name)
        joints_m = one.joints_m.astype(np.float16).astype(np.float32)  # as others publish them
        copy.write(replace(one, flow=one.flow[:, :10, :12], joints_m=joints_m))
    with pytest.raises(ConfigError, match="2 of the 2 test recordings"):
        start(copy, config_of(part))


def test_recordings_of_equal_names_and_labels_are_others(
    store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    part = make_part(store, tmp_path / "a.safetensors", data={"protocol": "subjects:2,3"})
    moved = Store.create(tmp_path / "s.zarr", store.meta)
    for name in store.names():
        one = store.read(name)
        moved.write(replace(one, joints_m=one.joints_m + np.float32((0.06, 0, 0))))
    start(moved, config_of(part))
    longer = make_tiny_store(tmp_path / "longer.zarr", frames=26)
    start(longer, config_of(part))
    assert caplog.records == []


def test_a_part_of_an_earlier_version_warns(
    store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    part = make_part(store, tmp_path / "a.safetensors", data={"protocol": "subjects:2,3"})
    config = config_of(part)
    header = {key: told for key, told in read_header(part).items() if key not in RESERVED}
    save_model(load_model(part), part, {key: header[key] for key in header if key != "recordings"})
    start(store, config)
    (message,) = [record.getMessage() for record in caplog.records]
    assert "by their labels 2 of the 2 test recordings of this run may have" in message
    assert "--set data.protocol=cross-subject" in message
    start(make_tiny_store(tmp_path / "s.zarr", source="folder"), config)
    assert len(caplog.records) == 1


def test_cross_validation_refuses_before_it_trains(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = make_part(store, tmp_path / "a.safetensors", data={"held_out_subjects": [1]})
    trained: list[object] = []
    monkeypatch.setattr(cross_validation, "train_network", lambda *a, **_: trained.append(a))
    recipe = tmp_path / "r.toml"
    recipe.write_text(
        f'[model]\nname = "res_tcn_bjcn"\nwidth = 0.125\nframes = 30\n[init]\nskeleton = "{part}"\n'
    )
    message = r"2 of the 2 held-out recordings .*--set data\.held_out_subjects=\[3\]"
    with pytest.raises(ConfigError, match=message):
        cross_validate(str(recipe), store.path, tmp_path / "out", subjects=[1, 3], device="cpu")
    assert trained == []


@pytest.mark.parametrize(
    ("name", "there", "here"),
    [
        ("center", "root", "none"),
        ("downsample", "stride", "mean"),
        ("fc_activation", "relu", "softmax"),
    ],
)
def test_a_part_of_other_settings_is_refused(
    store: Store, tmp_path: Path, name: str, there: str, here: str
) -> None:
    part = make_part(store, tmp_path / "a.safetensors", **{name: there})
    start(store, config_of(part, **{name: there}, dropout=0.3, score="shuffled", score_layer=1))
    message = rf"model\.{name}: '{there}' there, '{here}' here.*--set model\.{name}={there}, or"
    with pytest.raises(WeightsError, match=message):
        start(store, config_of(part, **{name: here}))


def test_bundled_joints_guide_only_as_they_were_trained(store: Store) -> None:
    model = {"name": "c3d_at2", "guide": "gcn", "frames": 64, "crop": 16}
    init = {"skeleton": "utd-mhad-skeleton"}
    with pytest.raises(WeightsError) as caught:
        start(store, resolve({"model": model | {"width": 0.03}, "init": init}))
    remedy = "--set model.entry_stride=1 --set data.longer=resample --set data.shorter=resample"
    assert f"train with {remedy}, or train the skeleton with the settings" in str(caught.value)


def test_a_part_of_another_layout_is_refused(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = replace(layouts.KINECT_V1, name="other")  # as many joints in another order, perhaps
    monkeypatch.setattr(layouts, "_registered", layouts.layouts() | {"other": other})
    own = make_tiny_store(tmp_path / "s.zarr", layout="other")
    part = make_part(own, tmp_path / "a.safetensors")
    with pytest.raises(WeightsError, match=r"layout: 'other' there, 'kinect_v1' here.*; train the"):
        start(store, config_of(part))


def test_shipped_recipes_start_from_parts_of_the_same_settings_and_recordings() -> None:
    checked = 0
    for name in list_recipes():
        own = load_recipe(name)
        for part in ("skeleton", "flow"):
            if (run := getattr(own.init, part)) is None:
                continue
            other = load_recipe(run.removeprefix("runs/"))
            there, here = (
                getattr(found, part, found).decisive()
                for found in (configure(c.model.name, c.model.options) for c in (other, own))
            )
            assert there == here, (name, part)
            held_out = own.data.held_out_subjects, other.data.held_out_subjects
            assert {*held_out[0]} <= {*held_out[1]}, (name, part)
            if part == "skeleton":
                ways = [(c.data.longer, c.data.shorter) for c in (other, own)]
                assert ways[0] == ways[1], name
            checked += 1
    assert checked > 20
