"""Without an extra's packages: one line that says which extra to install; the core works."""

import subprocess
import sys

import pytest

from skelflow.extras import EXTRA_OF, MissingExtraError, missing_extra, require

WITHOUT = """
import sys
for package in sys.argv.pop(1).split(","):
    sys.modules[package] = None  # importing it fails as if it were not installed
"""
COMMAND = WITHOUT + "from skelflow.cli import main; main()"
HINT = 'needs: pip install "skelflow[{}]"'


def python(code: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True)


@pytest.mark.parametrize(
    ("package", "extra", "words"),
    [
        ("torch", "train", ["predict", "synthetic-8", "nowhere"]),
        ("dask", "cluster", ["prepare", "nowhere", "--out", "nowhere.store"]),
    ],
)
def test_command_names_the_extra_that_is_missing(
    package: str, extra: str, words: list[str]
) -> None:
    done = python(COMMAND, package, *words)
    assert done.returncode == 2
    assert HINT.format(extra) in done.stderr
    assert "Traceback" not in done.stderr


def test_command_line_help_needs_no_extra() -> None:
    assert python(COMMAND, ",".join(EXTRA_OF), "--help").returncode == 0


def test_public_name_names_the_extra_that_is_missing() -> None:
    done = python(WITHOUT + "from skelflow import Recognizer", "torch")
    assert "MissingExtraError" in done.stderr
    assert HINT.format("train") in done.stderr


def test_scene_flow_needs_no_extra() -> None:
    code = WITHOUT + (
        "import numpy as np\n"
        "from skelflow import Camera, open_recording, scene_flow\n"
        "depth = np.full((48, 64), 2.0, np.float32)\n"
        "camera = Camera(64, 48, 60, 60, 31.5, 23.5)\n"
        "print(scene_flow(depth, depth, camera).shape)"
    )
    done = python(code, ",".join(EXTRA_OF))
    assert done.stdout.strip() == "(48, 64, 3)", done.stderr


def test_missing_extra_leaves_other_modules_alone() -> None:
    assert missing_extra(ModuleNotFoundError("No module named 'nothing'", name="nothing")) is None
    found = missing_extra(ModuleNotFoundError("No module named 'torch.nn'", name="torch.nn"))
    assert isinstance(found, MissingExtraError)


def test_require_passes_what_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    require("matplotlib")
    monkeypatch.setattr("skelflow.extras.find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match=r"skelflow\[viz\]"):
        require("matplotlib")
