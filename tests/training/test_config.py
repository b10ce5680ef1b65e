"""Settings and recipes: the paper's by default, and clear answers to wrong ones."""

import math
from pathlib import Path

import pytest

from skelflow.errors import ConfigError
from skelflow.training.config import RunConfig
from skelflow.training.recipe import load_recipe, resolve


def test_config_defaults_are_the_papers_for_skeletons() -> None:
    config = resolve({"model": {"name": "res_tcn"}})
    optim = config.optim
    assert (optim.name, optim.lr, optim.momentum, optim.nesterov) == ("sgd", 0.01, 0.9, True)
    assert (optim.schedule.name, optim.schedule.factor, optim.schedule.patience) == (
        "plateau",
        0.1,
        10,
    )
    assert (config.batch_size, config.epochs, config.l1) == (128, 150, 1e-4)
    assert not config.paper_protocol


def test_config_defaults_are_the_papers_for_flow() -> None:
    config = resolve({"model": {"name": "c3d_at1"}})
    assert (config.batch_size, config.epochs, config.l1, config.optim.lr) == (60, 30, 0, 3e-3)
    schedule = config.optim.schedule
    assert (schedule.name, schedule.factor, schedule.every) == ("step", 0.2, 4)


def test_config_survives_json() -> None:
    config = resolve({"model": {"name": "c3d", "width": 0.5}, "data": {"held_out_subjects": [7]}})
    assert resolve(config.to_json()) == config


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"epohcs": 3}, r"epohcs: no such setting; did you mean 'epochs'\?"),
        ({"optim": {"lrr": 1}}, r"optim\.lrr: no such setting; did you mean 'lr'\?"),
        (
            {"optim": {"schedule": {"evry": 1}}},
            r"optim\.schedule\.evry: no such setting; did you mean 'every'",
        ),
        ({"model": {"name": "c3d", "widht": 1.0}}, r"model\.widht: .* did you mean 'width'"),
        ({"model": {"name": "c3b"}}, r"unknown model 'c3b'; did you mean 'c3d'"),
        ({"model": {"name": "c3d", "crop": 2}}, r"model\.crop: found 2, expected at least 16"),
        ({"model": {"classes": 3}}, r"model\.classes: it comes from the store; leave it out"),
        ({"epochs": 0}, "epochs: found 0, expected at least 1"),
        ({"epochs": "three"}, "epochs: found 'three', expected a whole number"),
        ({"epochs": True}, "epochs: found True, expected a whole number"),
        ({"optim": {"lr": -1}}, r"optim\.lr: found -1, expected positive"),
        ({"optim": {"lr": math.nan}}, r"optim\.lr: found nan"),
        ({"optim": {"momentum": 0}}, r"optim\.nesterov: found True, expected false without"),
        (
            {"optim": {"schedule": {"min_lr": 0.1}}},
            r"optim\.schedule\.min_lr: found 0\.1, expected",
        ),
        ({"accumulate": 200}, "accumulate: found 200, expected at most batch_size = 128"),
        ({"optim": {"name": "adam"}}, r"optim\.name: found 'adam', expected one of"),
        ({"optim": 3}, r"optim: found 3, expected a table"),
        ({"data": {"held_out_subjects": 7}}, r"data\.held_out_subjects: found 7, expected a list"),
        ({"data": {"held_out_subjects": [7.5]}}, r"data\.held_out_subjects\.0: found 7\.5"),
        (
            {"data": {"held_out_subjects": [7, 7]}},
            r"data\.held_out_subjects: .* expected each once",
        ),
        (
            {"data": {"augmentation": {"flip": 2.0}}},
            r"data\.augmentation\.flip: found 2\.0, expected at most 1",
        ),
        ({"data": {"workers": 10_000}}, r"data\.workers: found 10000, expected at most 512"),
        (
            {"data": {"augmentation": {"noise_m": 1e38}}},
            r"data\.augmentation\.noise_m: found 1e\+38, expected at most 10",
        ),
        ({"data": {"longer": "drop"}}, r"data\.longer: found 'drop', expected one of"),
        ({"init": {"skeleton": 3}}, r"init\.skeleton: found 3, expected text"),
        ({"epochs": 1, "optim": {"schedule": {"warmup_epochs": 2}}}, "warmup_epochs: found 2"),
    ],
)
def test_config_names_the_setting_that_is_wrong(values: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        resolve(values)


def test_config_refuses_two_starts_for_the_flow() -> None:
    with pytest.raises(ConfigError, match=r"init\.sports1m: found beside flow"):
        resolve({"init": {"flow": "a", "sports1m": "b"}})
    with pytest.raises(ConfigError, match=r"init\.i3d: found beside sports1m"):
        resolve({"init": {"sports1m": "a", "i3d": "b"}})


def test_recipe_is_changed_by_overrides(tmp_path: Path) -> None:
    recipe = tmp_path / "r.toml"
    recipe.write_text('epochs = 4\n[model]\nname = "res_tcn"\n[optim]\nlr = 0.5\n')
    changes = ["optim.lr=0.25", "optim.schedule.name=cosine", "data.held_out_subjects=[3, 5]"]
    config = load_recipe(recipe, [*changes, "init.skeleton=runs/a", "optim.nesterov=false"])
    assert (config.epochs, config.optim.lr, config.optim.schedule.name) == (4, 0.25, "cosine")
    assert config.data.held_out_subjects == (3, 5)
    assert config.init.skeleton == "runs/a"
    assert not config.optim.nesterov


@pytest.mark.parametrize(
    "override", ["epochs", "=3", "optim..lr=3", "optim.rl=3", "epochs=1\nseed=5"]
)
def test_recipe_refuses_a_wrong_override(override: str, tmp_path: Path) -> None:
    recipe = tmp_path / "r.toml"
    recipe.write_text("epochs = 4\n")
    with pytest.raises(ConfigError):
        load_recipe(recipe, [override])


@pytest.mark.parametrize("content", [None, b"epochs = ", b"\xff\xfe", b"epochs = 0"])
def test_recipe_error_names_the_file(content: bytes | None, tmp_path: Path) -> None:
    recipe = tmp_path / "r.toml"
    if content is not None:
        recipe.write_bytes(content)
    with pytest.raises(ConfigError, match=r"r\.toml"):
        load_recipe(recipe)


def test_config_is_whole_by_itself() -> None:
    assert RunConfig() == resolve({})
