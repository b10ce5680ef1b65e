"""The package as others meet it: names, wheel, README, recipes in it."""

import re
import shlex
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

import skelflow
from skelflow.cli import app
from skelflow.recipes import list_recipes
from tests.conftest import REPOSITORY

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
RESULTS = (REPOSITORY / "docs" / "results.md").read_text(encoding="utf-8")
SHELL = [
    line.split("#")[0].strip()
    for page in (README, RESULTS)
    for language, block in re.findall(r"^```(\w*)\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    if language == ""
    for line in block.splitlines()
]


def test_package_has_every_public_name() -> None:
    for name in skelflow.__all__:
        assert getattr(skelflow, name).__name__ == name


def test_package_names_what_it_does_not_have() -> None:
    with pytest.raises(AttributeError, match="no attribute 'scene_flaw'"):
        skelflow.scene_flaw  # noqa: B018


def test_package_version_is_that_of_the_citation() -> None:
    citation = (REPOSITORY / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {skelflow.__version__}\n" in citation
    assert f"## {skelflow.__version__}\n" in (REPOSITORY / "CHANGELOG.md").read_text("utf-8")


def test_package_import_is_light() -> None:
    check = "import sys, skelflow; print({'torch', 'numba', 'cv2', 'zarr'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_wheel_holds_the_lists_and_no_tests(tmp_path: Path) -> None:
    (built,) = WheelBuilder(str(REPOSITORY)).build(directory=str(tmp_path), versions=["standard"])
    names = zipfile.ZipFile(built).namelist()
    assert "skelflow/datasets/catalog/ntu/performers.txt" in names
    assert "skelflow/datasets/catalog/ntu/missing_skeletons_120.txt" in names
    assert "skelflow/datasets/catalog/utd_mhad/actions.txt" in names
    assert "skelflow/synth/people/data/body.npz" in names
    assert "skelflow/recipes/utd_mhad/cpu/c3d.toml" in names
    assert "skelflow/py.typed" in names
    assert "skelflow/weights/synthetic-8.safetensors" in names
    assert "skelflow/pose/blazepose/data/pose_landmark_full.tflite" in names
    assert any(name.endswith("licenses/NOTICE") for name in names)
    assert not any(name.startswith(("tests", "benchmarks", "recipes")) for name in names)


@pytest.mark.parametrize("line", [line for line in SHELL if line.startswith("skelflow ")])
def test_documented_command_is_one_the_command_line_takes(line: str) -> None:
    words = shlex.split(line)[1:]
    command, bound, _ = app.parse_args(words, exit_on_error=False, print_error=False)
    assert command.__name__ == words[0]
    assert bool(bound.arguments) == bool(words[1:])  # none is lost, none made up
    if words[0] == "train":
        assert words[1] in list_recipes()


@pytest.mark.parametrize("target", re.findall(r"`make ([\w-]+)", README))
def test_readme_make_target_exists(target: str) -> None:
    assert re.search(rf"^{target}:", (REPOSITORY / "Makefile").read_text(), re.MULTILINE)


def test_readme_names_no_file_that_is_not_there() -> None:
    links = re.findall(r"\]\((?!http)([^)#]+)\)", README)
    assert links
    assert [link for link in links if not (REPOSITORY / link).exists()] == []
