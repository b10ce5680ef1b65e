"""The training benchmark: its textbook network is C3D, its figures are whole."""

import sys
from importlib import import_module
from types import ModuleType

import pytest
import torch

from skelflow.models.flow.c3d import CONVOLUTIONS


@pytest.fixture
def benchmark(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setenv("THP_MEM_ALLOC_ENABLE", "1")
    sys.modules.pop("benchmarks.train_step", None)
    train_step = import_module("benchmarks.train_step")
    monkeypatch.setattr(train_step, "SIDES", (32, 64))
    return train_step


def test_textbook_c3d_is_the_bare_network(benchmark: ModuleType) -> None:
    methods = benchmark.make_methods(1 / 64)
    textbook, bare = methods["textbook c3d"].eval(), methods["c3d"].eval()
    layers = [*(bare.flow.get_submodule(name) for name in CONVOLUTIONS)]
    layers += [bare.flow.fc6, bare.flow.fc7, bare.head]
    own = [layer for layer in textbook.layers if hasattr(layer, "weight")]
    for there, here in zip(own, layers, strict=True):
        there.load_state_dict(here.state_dict())
    batch = benchmark.make_batch(1)
    with torch.no_grad():
        torch.testing.assert_close(textbook(batch), bare(batch))


def test_benchmark_run_compares_every_method(benchmark: ModuleType) -> None:
    result = benchmark.run(1 / 64, 1, 2)
    for what in ("training", "inference"):
        methods = result[what]["methods"]
        assert set(methods) == {"textbook c3d", "c3d", "c3d_at1", "c3d_at2"}
        assert methods["c3d"]["over_bare"] == 1
        assert all(row["seconds"] > 0 and row["share_of_bound"] > 0 for row in methods.values())


def test_benchmark_counts_the_papers_operations(benchmark: ModuleType) -> None:
    forward, whole = (benchmark.count_operations(1.0, train=train) for train in (False, True))
    assert forward / 2e9 == pytest.approx(38.5, abs=0.1)
    assert whole == pytest.approx(3 * forward, rel=0.02)
