"""The examples of docs/recordings.md run as they stand."""

import re
from pathlib import Path

import pytest

from skelflow import recordings
from skelflow.datasets import catalog
from tests.conftest import REPOSITORY

PAGE = REPOSITORY / "docs" / "recordings.md"


def test_recordings_page_examples_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for module in (catalog, recordings):  # what the page registers is gone after it
        monkeypatch.setattr(module, "_registered", {})
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert blocks
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, str(PAGE), "exec"), names)
    assert (tmp_path / "wave" / "recording.toml").is_file()
