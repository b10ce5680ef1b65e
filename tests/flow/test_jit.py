"""Kernels compile where nothing can be kept."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

NO_FOLDER = """
import numba.core.caching
numba.core.caching.CacheImpl._locator_classes = []  # no folder can be written
"""
FULL = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # as on a full disk, every write fails
"""
PROGRAM = """
from skelflow.flow.engines.jit import compiled
def add(x):
    return x + 1
def double(x):
    return 2 * x
print(compiled(add)(1), compiled(double)(2))
"""


@pytest.mark.parametrize("trouble", [NO_FOLDER, FULL])
def test_compiled_works_and_says_so_where_nothing_can_be_kept(trouble: str, tmp_path: Path) -> None:
    (tmp_path / "kernels.py").write_text(trouble + PROGRAM)
    run = subprocess.run(
        [sys.executable, tmp_path / "kernels.py"],
        env=os.environ | {"NUMBA_CACHE_DIR": str(tmp_path / "kept")},
        capture_output=True,
        text=True,
    )
    assert run.stdout == "2 4\n", run.stderr
    assert run.stderr.count("set NUMBA_CACHE_DIR") == 1
