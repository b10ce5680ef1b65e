"""Which device computes, by which engine."""

import pytest
import torch
from accelerate.state import AcceleratorState

from skelflow.errors import ConfigError
from skelflow.inference.compute import find_device, make_accelerator
from skelflow.inference.engines import device_of, make_engine, register_engine, registry
from skelflow.inference.recognizer import Recognizer
from skelflow.models.base import Network
from tests.conftest import REPOSITORY
from tests.models.test_old_checkpoints import LOGITS, two_clips

DEMO = REPOSITORY / "src/skelflow/weights/synthetic-8.safetensors"


def test_auto_is_the_accelerator_that_is_there() -> None:
    there = torch.accelerator.is_available()
    assert (find_device().type != "cpu") == there


def test_a_named_device_computes() -> None:
    assert make_accelerator(device="cpu").device.type == "cpu"
    assert make_accelerator(device="auto").device.type == find_device().type


@pytest.mark.parametrize(
    ("asked", "engine", "found"),
    [
        ("auto", None, "auto"),
        ("auto", "torch", "auto"),
        ("auto", "onnxruntime", "cpu"),
        ("auto", "openvino", "cpu"),
        ("cuda", "openvino", "cuda"),  # asked for by name, it is refused
    ],
)
def test_auto_is_the_processor_for_engines_that_know_no_other(
    asked: str, engine: str | None, found: str
) -> None:
    assert device_of(asked, engine, Recognizer.load(DEMO).checkpoint.network) == found


@pytest.mark.parametrize("name", ["gpu", "cuda:99", "CPU", ""])
def test_a_device_that_is_not_there_is_refused_with_those_that_are(name: str) -> None:
    with pytest.raises(ConfigError, match=f"device: found '{name}', expected one of auto, cpu"):
        make_accelerator(device=name)


def test_half_a_launch_is_refused_and_does_not_stand_in_the_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    AcceleratorState._reset_state(reset_partial_state=True)
    with monkeypatch.context() as launch:
        for name in ("RANK", "LOCAL_RANK"):
            launch.setenv(name, "0")
        for name in ("WORLD_SIZE", "LOCAL_WORLD_SIZE"):
            launch.setenv(name, "2")
        launch.setenv("OMP_NUM_THREADS", "1")  # as launchers do; accelerate warns without it
        launch.delenv("MASTER_ADDR", raising=False)
        with pytest.raises(ConfigError, match=r"do not find each other: .*MASTER_ADDR"):
            make_accelerator(device="cpu")
    assert make_accelerator(device="cpu").num_processes == 1


def test_the_engine_of_torch_answers_logits_on_the_named_device() -> None:
    recognizer = Recognizer.load(DEMO, device="cpu", engine="torch")
    network = recognizer.checkpoint.network
    with torch.inference_mode():
        logits = make_engine("torch", network, torch.device("cpu"))(two_clips())
    torch.testing.assert_close(logits, torch.tensor(LOGITS), rtol=1e-4, atol=1e-4)


def test_load_refuses_what_is_not_there_and_names_what_is() -> None:
    with pytest.raises(ConfigError, match="device: found 'tpu', expected one of auto, cpu"):
        Recognizer.load(DEMO, device="tpu")
    with pytest.raises(ConfigError, match="engine: found 'torhc'; did you mean 'torch'"):
        Recognizer.load(DEMO, engine="torhc")


def test_an_engine_of_ones_own_runs_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_ENGINES", dict(registry._ENGINES))
    seen: list[tuple[str, str]] = []

    def make(network: Network, device: torch.device) -> Network:
        seen.append((network.name, device.type))
        return network

    register_engine("mine", make)
    Recognizer.load(DEMO, engine="mine")
    assert seen == [("fused", "cpu")]
    with pytest.raises(ConfigError, match="engine 'mine' is registered already"):
        register_engine("mine", make)
