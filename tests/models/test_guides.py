"""Skeleton networks and networks of one's own: a file and a line of registration each."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
import torch
from torch import Tensor, nn

from skelflow.datasets.loading.batch import Batch
from skelflow.errors import ConfigError
from skelflow.models import registry
from skelflow.models.base import Network
from skelflow.models.config import NetworkConfig, SkeletonConfig
from skelflow.models.guides import registry as guide_registry
from skelflow.models.guides.guide import Guide
from skelflow.models.registry import configure, create_model, register_guide, register_model
from skelflow.models.weights import load_model, load_part, save_model
from skelflow.settings import Count
from skelflow.training.loop import train
from skelflow.training.recipe import resolve
from tests.models.test_fusion import FLOW, changed, copy_state, make_batch, train_one_step
from tests.tiny_store import make_tiny_store


class PoseConfig(SkeletonConfig):
    """A guide's own settings."""

    frames: Count = 20
    dropout: float = 0.1
    hidden: Count = 6
    order: Literal["near", "far"] = "near"


class PoseGuide(Guide):
    """The mean pose, and a score that falls with the distance from the camera."""

    def __init__(self, config: PoseConfig) -> None:
        super().__init__()
        self.config, self.outputs = config, config.hidden
        self.layer = nn.Linear(3 * config.joints * config.bodies, config.hidden)

    def features_and_score(self, batch: Batch) -> tuple[Tensor, Tensor]:
        pose = batch.joints_m.nan_to_num().mean(dim=1)
        near = torch.sigmoid(-pose[..., 2])
        return self.layer(pose.flatten(1)), near if self.config.order == "near" else 1 - near


class MeanPosition(Network):
    """Where the joints are on average, and nothing else."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__(config)
        self.head = nn.Linear(3, config.classes)

    def features(self, batch: Batch) -> Tensor:
        return batch.joints_m.nan_to_num().mean(dim=(1, 2, 3))


@pytest.fixture(autouse=True)
def _registered(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(guide_registry._GUIDES, "_entries", guide_registry.guides())
    monkeypatch.setattr(registry, "_MODELS", dict(registry._MODELS))
    register_guide("pose", PoseGuide, PoseConfig)
    register_model("mean_position", MeanPosition, PoseConfig)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


SMALL = {**FLOW, "classes": 3, "joints": 5, "frames": 20, "guide": "pose", "hidden": 4}


@pytest.mark.parametrize("name", ["c3d_at2", "fused"])
def test_every_fused_network_takes_any_guide(name: str, tmp_path: Path) -> None:
    model, batch = create_model(name, **SMALL).eval(), make_batch()
    far = create_model(name, **SMALL, order="far").eval()
    far.load_state_dict(model.state_dict())
    assert not torch.allclose(model(batch), far(batch))
    save_model(model, tmp_path / "m.safetensors")
    again = load_model(tmp_path / "m.safetensors")
    assert again.config == model.config
    torch.testing.assert_close(again(batch), model(batch), rtol=0, atol=0)


def test_a_guide_trains_by_itself_and_then_starts_a_fused_network(tmp_path: Path) -> None:
    alone = create_model("pose", joints=5, classes=3, hidden=4)
    before = copy_state(alone.skeleton)
    train_one_step(alone, make_batch())
    assert "layer.weight" in changed(alone.skeleton, before)
    save_model(alone, tmp_path / "pose.safetensors")
    fused = create_model("fused", **SMALL)
    load_part(fused, "skeleton", tmp_path / "pose.safetensors")
    assert changed(fused.skeleton, copy_state(alone.skeleton)) == set()
    assert fused.head.in_features == fused.flow.outputs + 4


def test_an_option_that_both_parts_know_holds_for_both() -> None:
    fused = configure("fused", {"guide": "pose"})
    assert fused.flow.dropout == fused.skeleton.dropout == 0.5  # type: ignore[attr-defined]
    assert configure("pose", {}).dropout == 0.1  # type: ignore[attr-defined]
    assert type(fused).from_options(fused.to_options()) == fused


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"guide": "pos"}, "unknown guide 'pos'; did you mean 'pose'?"),
        ({"guide": 3}, "guide: found 3, expected the name of a guide"),
        ({"guide": "pose", "hiden": 3}, "hiden: no such setting; did you mean 'hidden'?"),
        ({"guide": "pose", "score_layer": 1}, "score_layer: no such setting"),
        ({"hidden": 3}, "hidden: no such setting"),
        ({"skeleton_width": 0.0}, "skeleton_width: found 0.0, expected positive"),
    ],
)
def test_options_are_those_of_the_guide_that_is_asked_for(
    options: dict[str, object], message: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        configure("fused", options)
    assert str(caught.value).startswith(message)


def test_names_are_taken_once() -> None:
    with pytest.raises(ConfigError, match="guide 'pose' is registered already"):
        register_guide("pose", PoseGuide, PoseConfig)
    for name in ("c3d", "mean_position"):
        with pytest.raises(ConfigError, match=f"guide '{name}': a network has that name"):
            register_guide(name, PoseGuide, PoseConfig)
    for name in ("c3d", "pose"):
        with pytest.raises(ConfigError, match=f"model '{name}' is registered already"):
            register_model(name, MeanPosition, PoseConfig)


@pytest.mark.parametrize("name", ["mean_position", "pose"])
def test_train_takes_a_network_of_ones_own(name: str, tmp_path: Path) -> None:
    store = make_tiny_store(tmp_path / "s.zarr", subjects=(1, 3))
    values = {"model": {"name": name, "frames": 30}, "epochs": 1, "batch_size": 4, "l1": 1e-4}
    result = train(resolve(values), store.path, tmp_path / "run")
    assert load_model(result.weights).config.sequence == (30, 1, 20)
