"""The examples of docs/extending.md: each door by one file, which then works by its name."""

import importlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from skelflow import recordings
from skelflow.datasets import catalog
from skelflow.datasets.loading import augment
from skelflow.flow import presets
from skelflow.inference.engines import registry as engines
from skelflow.models import registry
from skelflow.models.guides import registry as guide_registry
from skelflow.models.guides import score
from tests.pages import DOCS
from tests.tiny_store import make_tiny_store

PAGE = (DOCS / "extending.md").read_text(encoding="utf-8")
BLOCK = re.compile(r'```python(?: title="(\w+)\.py")?\n(.*?)```', re.DOTALL)


@pytest.fixture
def _own_names(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What the page registers is gone after it."""
    doors = [
        (catalog, "_registered"),
        (recordings, "_registered"),
        (augment._CHANGES, "_entries"),
        (presets, "PRESETS"),
        (registry, "_MODELS"),
        (guide_registry._GUIDES, "_entries"),
        (score._SCORES, "_entries"),
        (engines, "_ENGINES"),
    ]
    for owner, table in doors:
        monkeypatch.setattr(owner, table, dict(getattr(owner, table)))
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if name.startswith("my_"):
            del sys.modules[name]


@pytest.mark.usefixtures("_own_names")
def test_extending_page_adds_each_thing_by_one_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    make_tiny_store(tmp_path / "stores" / "utd")
    blocks = BLOCK.findall(PAGE)
    files = {file for file, _ in blocks if file}
    assert files == {
        "my_data_set",
        "my_guide",
        "my_preset",
        "my_augmentation",
        "my_score",
        "my_engine",
    }
    names: dict[str, object] = {}
    for file, block in blocks:
        if file:
            (tmp_path / f"{file}.py").write_text(block, encoding="utf-8")
            importlib.invalidate_caches()
        else:
            exec(compile(block, "docs/extending.md", "exec"), names)
    assert files <= set(sys.modules)
