"""A batch in parts is the batch; half precision trains where it can."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from skelflow.datasets.store import Store
from skelflow.errors import ConfigError
from skelflow.training.loop import train
from skelflow.training.recipe import resolve
from tests.tiny_store import make_tiny_store
from tests.training.test_loop import lines

FLOW = {
    "model": {
        "name": "c3d_at1",
        "width": 0.03,
        "crop": 16,
        "initialization": "he",
        "dropout": 0.0,
    },
    "batch_size": 5,
    "epochs": 4,
    "optim": {"lr": 0.01},
}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    torch.set_num_threads(1)
    return make_tiny_store(tmp_path_factory.mktemp("tiny") / "s.zarr", frames=60)


@pytest.fixture(scope="module")
def whole(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("whole") / "run"
    train(resolve(FLOW), store.path, run)
    return run


@pytest.mark.parametrize("parts", [2, 5])
def test_train_in_parts_equals_whole_batches(
    parts: int, store: Store, whole: Path, tmp_path: Path
) -> None:
    result = train(resolve(FLOW | {"accumulate": parts}), store.path, tmp_path / "run")
    losses = [[line["loss"] for line in lines(run)] for run in (whole, tmp_path / "run")]
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-5)
    first, second = load_file(whole / "best.safetensors"), load_file(result.weights)
    for name, value in first.items():
        torch.testing.assert_close(second[name], value, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["c3d_at1", "fused"])
def test_train_in_bf16_ends_near_full_precision(name: str, store: Store, tmp_path: Path) -> None:
    model = {**FLOW["model"], "name": name}  # type: ignore[dict-item]
    for precision in ("no", "bf16"):
        values = {**FLOW, "model": model, "precision": precision, "optim": {"lr": 1e-3}}
        train(resolve(values), store.path, tmp_path / precision)
    full, half = (
        [float(str(line["loss"])) for line in lines(tmp_path / run)] for run in ("no", "bf16")
    )
    assert half != full
    np.testing.assert_allclose(half, full, rtol=0.2)
    weights = load_file(tmp_path / "bf16" / "best.safetensors")
    assert all(value.dtype != torch.bfloat16 for value in weights.values())


def test_train_refuses_fp16_without_a_gpu(store: Store, tmp_path: Path) -> None:
    if torch.accelerator.is_available():
        pytest.skip("this machine has a GPU")
    with pytest.raises(ConfigError, match=r"precision: found 'fp16'.*'bf16'"):
        train(resolve(FLOW | {"precision": "fp16"}), store.path, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_train_balances_classes_when_told_to(store: Store, tmp_path: Path) -> None:
    values = FLOW | {"data": {"balance": True}}
    runs = [train(resolve(values), store.path, tmp_path / name) for name in ("a", "b")]
    weights = [load_file(run.weights)["head.weight"] for run in runs]
    assert torch.equal(*weights)


def test_train_refuses_more_parts_than_samples() -> None:
    with pytest.raises(ConfigError, match="accumulate: found 6, expected at most batch_size = 5"):
        resolve(FLOW | {"accumulate": 6})
