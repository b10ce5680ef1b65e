"""Presets by name: those there are, and those that a user or a package adds."""

from dataclasses import replace
from pathlib import Path

import pytest

from skelflow.errors import ConfigError
from skelflow.flow import presets
from skelflow.flow.presets import PRESETS, Preset, find_preset, register_preset

MINE = replace(PRESETS["fast"], iterations=(60,))


@pytest.fixture(autouse=True)
def _own_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presets, "PRESETS", dict(PRESETS))


def publish(folder: Path, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """An installed package with a preset `mine` and a number `seven`, one of them published."""
    (folder / "published_presets.py").write_text(
        "from skelflow.flow.presets import Preset\nmine = Preset(iterations=(7,))\nseven = 7\n"
    )
    info = folder / "published_presets-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: published_presets\nVersion: 1\n")
    (info / "entry_points.txt").write_text(f"[skelflow.presets]\nmine = {value}\n")
    monkeypatch.syspath_prepend(str(folder))


def test_find_preset_finds_what_was_registered() -> None:
    register_preset("mine", MINE)
    assert find_preset("mine") == MINE
    assert find_preset(MINE) == MINE
    register_preset("mine", MINE)  # the same again is no contradiction


def test_register_preset_refuses_another_one_of_the_same_name() -> None:
    with pytest.raises(ConfigError, match="'best' is there already"):
        register_preset("best", MINE)


def test_find_preset_finds_what_an_installed_package_publishes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(tmp_path, monkeypatch, "published_presets:mine")
    assert find_preset("mine") == Preset(iterations=(7,))


def test_find_preset_says_which_package_publishes_no_preset(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(tmp_path, monkeypatch, "published_presets:seven")
    with pytest.raises(ConfigError, match=r"published_presets:seven, a int; expected a .*Preset"):
        find_preset("mine")
