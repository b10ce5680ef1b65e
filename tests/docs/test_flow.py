"""The examples of docs/flow.md run as they stand, in order."""

from pathlib import Path

import numpy as np
import pytest

from skelflow.datasets.flow_files.format import load_flow
from skelflow.flow.presets import PRESETS
from tests.pages import DOCS, run_page

PAGE = DOCS / "flow.md"


def test_flow_page_examples_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run_page("flow.md")
    one, two = (load_flow(f"flow/{name}/flow_000000.npz") for name in ("wall", "pair"))
    np.testing.assert_array_equal(one, two)  # both forms of the command, the same images
    made = {file.name for file in (tmp_path / "flow" / "wall").iterdir()}
    assert {"flow.mp4", "strip.png", "summary.json", "settings.json"} < made


@pytest.mark.parametrize("preset", PRESETS)
def test_flow_page_names_every_preset(preset: str) -> None:
    assert f"`{preset}`" in PAGE.read_text(encoding="utf-8").replace('`preset="paper"`', "`paper`")
