"""Kernels compile where nothing can be kept."""

import subprocess
import sys

PROGRAM = """
import numba.core.caching
numba.core.caching.CacheImpl._locator_classes = []  # no folder can be written
from skelflow.flow.engines.jit import compiled
print(compiled(lambda x: x + 1)(1))
"""


def test_compiled_works_and_says_so_when_no_folder_can_be_written() -> None:
    run = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True)
    assert run.stdout == "2\n", run.stderr
    assert "set NUMBA_CACHE_DIR" in run.stderr
