"""An installed package that registers something, for as long as a test runs."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from skelflow.io.plugins import load_plugins


@contextmanager
def installed(folder: Path, monkeypatch: pytest.MonkeyPatch, source: str) -> Iterator[None]:
    """Install a package of one module, `my_plugin`, which is a plugin."""
    (folder / "my_plugin.py").write_text(source)
    info = folder / "my_plugin-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: my_plugin\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[skelflow.plugins]\nmine = my_plugin\n")
    monkeypatch.syspath_prepend(str(folder))
    load_plugins.cache_clear()
    yield
    load_plugins.cache_clear()
    sys.modules.pop("my_plugin", None)
