"""Streams that were trained apart, then fused."""

from pathlib import Path

import numpy as np
import pytest
import torch

from skelflow.errors import ConfigError, WeightsError
from skelflow.evaluation.evaluate import evaluate
from skelflow.models.weights import load_model
from skelflow.training.config import InitSection
from skelflow.training.loop import train
from skelflow.training.recipe import resolve
from skelflow.training.setup import make_network, make_split
from skelflow.weights import bundled_file
from tests.tiny_store import make_tiny_store

FLOW = {"width": 0.03, "crop": 16, "clip_length": 8, "initialization": "he"}
GUIDE = {"frames": 25, "dropout": 0.0}
STEP = {"batch_size": 8, "epochs": 1, "l1": 0.0, "data": {"overlap": 4}}


def test_fused_from_trained_streams_starts_as_their_mean_log_probability(tmp_path: Path) -> None:
    store = tmp_path / "store"
    make_tiny_store(store, subjects=(1, 3, 2))
    flow = {**STEP, "model": {"name": "c3d", **FLOW, "dropout": 0.0}}
    guide = {**STEP, "model": {"name": "gcn", "width": 0.25, **GUIDE}}
    for name, recipe in (("flow", flow), ("skeleton", guide)):
        train(resolve(recipe), store, tmp_path / name)
    fused = {
        **STEP,
        "model": {
            "name": "fused",
            "guide": "gcn",
            "skeleton_width": 0.25,
            **FLOW,
            **GUIDE,
            "attention": "none",
            "branch_loss": 0.5,
            "skeleton_update": "frozen",
        },
        "optim": {"lr": 1e-12},
        "init": {
            **{name: str(tmp_path / name) for name in ("flow", "skeleton")},
            "heads": True,
        },
    }
    train(resolve(fused), store, tmp_path / "fused")
    apart, guided, together = (
        evaluate(tmp_path / name, store).probabilities for name in ("flow", "skeleton", "fused")
    )
    product = apart * guided
    expected = product / product.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(together, expected, atol=1e-5)
    assert not np.allclose(together, apart, atol=1e-3)


def test_heads_are_not_taken_from_streams_of_other_actions(tmp_path: Path) -> None:
    make_tiny_store(tmp_path / "store", subjects=(1, 3))
    make_tiny_store(tmp_path / "other", subjects=(1, 3), actions=(1, 3))
    flow = {**STEP, "model": {"name": "c3d", **FLOW}}
    guide = {**STEP, "model": {"name": "gcn", "width": 0.25, **GUIDE}}
    train(resolve(flow), tmp_path / "other", tmp_path / "flow")
    train(resolve(guide), tmp_path / "store", tmp_path / "skeleton")
    starts = {name: str(tmp_path / name) for name in ("flow", "skeleton")}
    model = {"name": "fused", "guide": "gcn", "skeleton_width": 0.25, **FLOW, **GUIDE}
    fused = {**STEP, "model": model, "init": {**starts, "heads": True}}
    with pytest.raises(WeightsError, match=r"tells the actions \[1, 3\] apart, expected \[1, 2\]"):
        train(resolve(fused), tmp_path / "store", tmp_path / "fused")


def test_heads_need_both_streams() -> None:
    with pytest.raises(ConfigError, match=r"init\.heads: found True"):
        resolve({"model": {"name": "fused"}, "init": {"flow": "a", "heads": True}})


def test_training_starts_from_bundled_weights_by_name(tmp_path: Path) -> None:
    store = make_tiny_store(tmp_path / "s.zarr")
    options = {"name": "gcn", "entry_stride": 1}
    ways = {"longer": "resample", "shorter": "resample"}
    values = {"model": options, "data": ways, "init": {"skeleton": "utd-mhad-skeleton"}}
    config = resolve(values)
    started = make_network(config, store, make_split(config, store))
    bundled = load_model(bundled_file("utd-mhad-skeleton"))
    expected, found = (each.skeleton.state_dict() for each in (bundled, started))
    assert all(torch.equal(found[name], value) for name, value in expected.items())
    missing = config.replace(init=InitSection(skeleton="utd-mhad-skelton"))
    with pytest.raises(
        WeightsError, match=r"no such file; .* bundled weights: .*utd-mhad-skeleton"
    ):
        make_network(missing, store, make_split(missing, store))
