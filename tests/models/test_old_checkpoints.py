"""Files written by earlier versions: they load, and answer as they did."""

import json
from pathlib import Path

import torch

from skelflow.datasets.loading.batch import Batch
from skelflow.models.registry import create_model
from skelflow.models.weights import load_model, read_header, save_model
from tests.conftest import REPOSITORY

DEMO = (
    REPOSITORY / "src/skelflow/weights/synthetic-8.safetensors"
)  # written before guides were exchangeable
LOGITS = [
    [-6.44564, -0.54724, -7.26635, 0.41116, -5.99275, 3.06489, 7.26461, -5.30385],
    [-4.88152, -0.63291, 0.4216, -1.2711, -5.71184, 3.062, 3.92577, -6.10575],
]


def wave(*shape: int, speed: float) -> torch.Tensor:
    """Values in [-1, 1] that no random generator decides."""
    count = torch.Size(shape).numel()
    return (torch.arange(count, dtype=torch.float64) * speed).sin().float().reshape(shape)


def two_clips() -> Batch:
    joints_m = wave(2, 60, 2, 25, 3, speed=0.37) + torch.tensor([0.0, 0.0, 3.0])
    joints_m[:, :, 1], joints_m[1, 40:] = torch.nan, torch.nan
    joints_px = 56 + 60 * wave(2, 16, 2, 25, 2, speed=0.71)
    joints_px[:, :, 1], joints_px[0, 3, 0, 4] = torch.nan, torch.nan
    flow = wave(2, 3, 16, 112, 112, speed=0.0123)
    return Batch(flow, joints_px, joints_m, torch.zeros(2).long(), torch.arange(2))


def test_weights_of_an_earlier_version_answer_as_they_did() -> None:
    with torch.inference_mode():
        logits = load_model(DEMO)(two_clips())
    torch.testing.assert_close(logits, torch.tensor(LOGITS), rtol=1e-4, atol=1e-4)


def test_names_of_settings_and_tensors_are_those_of_an_earlier_version(tmp_path: Path) -> None:
    model = load_model(DEMO)
    save_model(model, tmp_path / "again.safetensors")
    before, after = read_header(DEMO), read_header(tmp_path / "again.safetensors")
    assert json.loads(before["config"]).items() <= json.loads(after["config"]).items()
    assert {name.split(".")[0] for name in model.state_dict()} == {"flow", "skeleton", "head"}


def test_options_of_an_earlier_version_are_taken() -> None:
    config = json.loads(read_header(DEMO)["config"])
    assert create_model("fused", **config).config == load_model(DEMO).config
