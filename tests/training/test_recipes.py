"""Every recipe that is shipped trains."""

from pathlib import Path

import pytest
import torch

from skelflow.errors import ConfigError, WeightsError
from skelflow.models.registry import configure, create_model
from skelflow.models.weights import save_model
from skelflow.recipes import describe_recipe, list_recipes
from skelflow.skeleton.layouts import Layout, find_layout
from skelflow.training.loop import StepReport, train
from skelflow.training.recipe import load_recipe
from tests.cli.test_commands import run
from tests.tiny_store import make_tiny_store

SKELETON_WIDTH, WIDTH = 0.125, 0.03
NAMES = list_recipes()


def overrides(name: str, folder: Path, layout: Layout) -> list[str]:
    """Changes that make a recipe small, and the weights that it starts from."""
    config = load_recipe(name)
    model = config.model
    small = ["batch_size=4", "epochs=1", "optim.schedule.warmup_epochs=0", "data.workers=0"]
    if not configure(model.name, model.options).reads_clips:
        return [*small, f"model.width={SKELETON_WIDTH}"]
    small += [
        f"model.width={WIDTH}",
        "model.crop=16",
        "init.heads=false",
    ]  # one file for both parts
    start: dict[str, object] = {"width": WIDTH, "crop": 16}
    if model.options.get("guide") != "motion":  # which has no layers
        start["skeleton_width"] = SKELETON_WIDTH
        if model.name in ("c3d_at2", "fused"):
            small.append(f"model.skeleton_width={SKELETON_WIDTH}")
    given: dict[str, object] = {"classes": 3, "joints": len(layout), "bodies": 1}
    given |= {"root": layout.root, "bones": layout.bones}
    given |= {"trunk": "i3d"} if model.name.startswith("i3d") else {}
    file = folder / "start.safetensors"
    save_model(create_model("fused", **(model.options | start | given)), file)
    parts = (part for part in ("skeleton", "flow") if getattr(config.init, part) is not None)
    return small + [f"init.{part}={file}" for part in parts]


@pytest.mark.parametrize("name", NAMES)
def test_recipe_trains_two_steps(name: str, tmp_path: Path) -> None:
    torch.set_num_threads(1)
    ntu = name.startswith("ntu")
    layout = "kinect_v2" if ntu else "kinect_v1"
    subjects = (1, 2, 4, 5, 35, 38, 3) if ntu else (1, 3, 5, 7, 2)
    source = "ntu" if ntu else "utd_mhad"
    store = make_tiny_store(tmp_path / "s.zarr", source=source, layout=layout, subjects=subjects)
    config = load_recipe(name, overrides(name, tmp_path, find_layout(layout)))
    steps: list[StepReport] = []
    result = train(config, store.path, tmp_path / "run", progress=steps.append)
    assert len(steps) == 2
    assert result.weights.is_file()


@pytest.mark.parametrize("folder", ["utd_mhad", "utd_mhad/cpu", "ntu"])
def test_recipes_cover_every_network(folder: str) -> None:
    trained = {load_recipe(name).model.name for name in list_recipes(f"{folder}/*")}
    assert trained >= {"res_tcn", "res_tcn_bjcn", "c3d", "c3d_at1", "c3d_at2", "fused"}


@pytest.mark.parametrize(
    ("folder", "names"),
    [
        ("utd_mhad/cpu", ("c3d_at1", "c3d_at2")),
        ("synth/person", ("c3d_at1", "c3d_at2", "c3d_motion")),
        ("utd_mhad/person", ("c3d_at1", "c3d_at2", "c3d_motion")),
    ],
)
def test_recipes_compare_attention_fairly(folder: str, names: tuple[str, ...]) -> None:
    plain, *steered = (load_recipe(f"{folder}/{name}").to_json() for name in ("c3d_more", *names))
    for config in steered:
        for key in ("optim", "epochs", "batch_size", "clip_norm", "seed", "precision"):
            assert config[key] == plain[key]
        assert config["model"]["width"] == plain["model"]["width"]
        assert config["init"]["flow"] == plain["init"]["flow"]


def test_recipe_names_the_nearest_one_when_it_is_unknown() -> None:
    with pytest.raises(ConfigError, match=r"'utd_mhad/cpu/c3b'; did you mean 'utd_mhad/cpu/c3d'"):
        load_recipe("utd_mhad/cpu/c3b")


def test_recipe_says_which_command_makes_the_run_it_starts_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = make_tiny_store(tmp_path / "s.zarr")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(WeightsError) as caught:
        train(load_recipe("utd_mhad/c3d_at2", ["data.held_out_subjects=[]"]), store.path, "run")
    made = f"skelflow train utd_mhad/res_tcn_bjcn {store.path} --run runs/utd_mhad/res_tcn_bjcn"
    assert made in str(caught.value)
    assert not Path("run").exists()


def test_recipes_are_listed_with_what_they_train(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("recipes", "ntu/*") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list_recipes("ntu/*")
    assert lines[0].endswith(describe_recipe("ntu/c3d"))
    assert lines[0].split(maxsplit=1)[1].startswith("C3D-F: colored scene flow alone")
