"""Every recipe that is shipped trains."""

from pathlib import Path

import pytest
import torch

from skelflow.models.registry import create_model
from skelflow.models.weights import save_model
from skelflow.training.loop import StepReport, train
from skelflow.training.recipe import load_recipe
from tests.conftest import REPOSITORY
from tests.tiny_store import make_tiny_store

RECIPES = REPOSITORY / "recipes"
SKELETON_WIDTH, WIDTH = 0.125, 0.03
NAMES = sorted(str(path.relative_to(RECIPES)) for path in RECIPES.rglob("*.toml"))


def overrides(path: Path, folder: Path, joints: int) -> list[str]:
    """Changes that make a recipe small, and the weights that it starts from."""
    config = load_recipe(path)
    model = config.model
    small = ["batch_size=4", "epochs=1", "optim.schedule.warmup_epochs=0", "data.workers=0"]
    if model.name.startswith("res_"):
        return [*small, f"model.width={SKELETON_WIDTH}"]
    small += [f"model.width={WIDTH}", "model.crop=16"]
    if model.name in ("c3d_at2", "fused"):
        small.append(f"model.skeleton_width={SKELETON_WIDTH}")
    start = {"width": WIDTH, "crop": 16, "skeleton_width": SKELETON_WIDTH}
    given = {"classes": 3, "joints": joints, "bodies": 1}
    file = folder / "start.safetensors"
    save_model(create_model("fused", **(model.options | start | given)), file)
    parts = (part for part in ("skeleton", "flow") if getattr(config.init, part) is not None)
    return small + [f"init.{part}={file}" for part in parts]


@pytest.mark.parametrize("name", NAMES)
def test_recipe_trains_two_steps(name: str, tmp_path: Path) -> None:
    torch.set_num_threads(1)
    ntu = name.startswith("ntu")
    layout, joints = ("kinect_v2", 25) if ntu else ("kinect_v1", 20)
    subjects = (1, 2, 4, 5, 35, 38, 3) if ntu else (1, 3, 5, 7, 2)
    source = "ntu" if ntu else "utd_mhad"
    store = make_tiny_store(tmp_path / "s.zarr", source=source, layout=layout, subjects=subjects)
    config = load_recipe(RECIPES / name, overrides(RECIPES / name, tmp_path, joints))
    steps: list[StepReport] = []
    result = train(config, store.path, tmp_path / "run", progress=steps.append)
    assert len(steps) == 2
    assert result.weights.is_file()


@pytest.mark.parametrize("folder", ["utd_mhad", "utd_mhad/cpu", "ntu"])
def test_recipes_cover_every_network(folder: str) -> None:
    trained = {load_recipe(path).model.name for path in (RECIPES / folder).glob("*.toml")}
    assert trained == {"res_tcn", "res_tcn_bjcn", "c3d", "c3d_at1", "c3d_at2", "fused"}


def test_recipes_compare_attention_fairly_on_the_cpu() -> None:
    plain, *steered = (
        load_recipe(RECIPES / "utd_mhad" / "cpu" / f"{name}.toml").to_json()
        for name in ("c3d_more", "c3d_at1", "c3d_at2")
    )
    for config in steered:
        for key in ("optim", "epochs", "batch_size", "clip_norm", "seed", "precision"):
            assert config[key] == plain[key]
        assert config["model"]["width"] == plain["model"]["width"]
        assert config["init"]["flow"] == plain["init"]["flow"]
