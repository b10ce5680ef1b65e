"""Presets by name: those there are, and those that a user or a package adds."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from skelflow.errors import ConfigError
from skelflow.flow import presets
from skelflow.flow.presets import PRESETS, Preset, find_preset, register_preset
from tests.plugin import installed
from tests.unchecked import unchecked_types

MINE = replace(PRESETS["fast"], iterations=(60,))


@pytest.fixture(autouse=True)
def _own_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presets, "PRESETS", dict(PRESETS))


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An installed package that registers a preset `mine`."""
    with installed(
        tmp_path,
        monkeypatch,
        "from skelflow.flow.presets import Preset, register_preset\n"
        "register_preset('mine', Preset(iterations=(7,)))\n",
    ):
        yield


def test_find_preset_finds_what_was_registered() -> None:
    register_preset("mine", MINE)
    assert find_preset("mine") == MINE
    assert find_preset(MINE) == MINE
    register_preset("mine", MINE)  # the same again is no contradiction


def test_register_preset_refuses_another_one_of_the_same_name() -> None:
    with pytest.raises(ConfigError, match="'best' is there already"):
        register_preset("best", MINE)


@pytest.mark.parametrize("preset", [None, 5, ["fast"]])
def test_find_preset_refuses_what_is_neither_a_name_nor_a_preset(preset: Any) -> None:
    said = f"preset is of type {type(preset).__name__}, expected the name of one"
    with unchecked_types(), pytest.raises(ConfigError, match=said):
        find_preset(preset)


@pytest.mark.parametrize("name", ["exact", "best-0.1"])
def test_register_preset_refuses_a_former_name_which_would_lead_elsewhere(name: str) -> None:
    with pytest.raises(ConfigError, match=f"'{name}' is what files call one of skelflow's"):
        register_preset(name, MINE)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"iterations": ()}, r"iterations must be a tuple of whole numbers.*found \(\)"),
        ({"iterations": (30, 0)}, "iterations must be"),
        ({"iterations": [30]}, r"iterations must be .*found \[30\]"),
        ({"warps": (1.5,)}, "warps must be"),
        ({"warps": 2}, "warps must be .*found 2"),
        ({"step_ratio": 0.0}, "step_ratio must be positive and finite, found 0.0"),
        ({"step_ratio": float("nan")}, "step_ratio must be"),
    ],
)
def test_preset_refuses(setting: dict[str, Any], message: str) -> None:
    with unchecked_types(), pytest.raises(ConfigError, match=message):
        Preset(**setting)


@pytest.mark.usefixtures("package")
def test_find_preset_finds_what_an_installed_package_registers() -> None:
    assert find_preset("mine") == Preset(iterations=(7,))


def test_find_preset_names_the_nearest_or_all() -> None:
    with pytest.raises(ConfigError, match="unknown preset 'papr'; did you mean 'paper'"):
        find_preset("papr")
    known = ", ".join(sorted(PRESETS))  # other tests register some of their own
    with pytest.raises(ConfigError, match=re.escape(f"'xyz'; known: {known}")):
        find_preset("xyz")


def test_preset_for_depth_alone_works_more_at_the_finest_level_only() -> None:
    preset = Preset(iterations=(40, 60), warps=(2, 1))
    more = preset.for_depth_alone()
    assert (more.warps_at(0), more.iterations_at(0)) == (2, 100)
    assert (more.warps_at(1), more.iterations_at(3)) == (1, 60)
