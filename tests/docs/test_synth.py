"""The examples of docs/synth.md run as they stand, and it names what can be played."""

from pathlib import Path

import pytest

from skelflow.synth.motions.perform import ACTIONS
from tests.pages import DOCS, run_page


def test_synth_page_examples_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run_page("synth.md")
    assert (tmp_path / "people" / "sheet.jpg").stat().st_size > 20_000


def test_synth_page_names_every_action() -> None:
    text = (DOCS / "synth.md").read_text(encoding="utf-8")
    assert [name for name in ACTIONS.values() if name not in text] == []
    assert (DOCS / "synth_people.jpg").stat().st_size < 1_000_000
