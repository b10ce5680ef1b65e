"""`make demo` as a newcomer runs it, with one recording: made, recognized, shown in a browser."""

import json
import re
import shlex
from pathlib import Path

import pytest

from skelflow.inference.checkpoint import Checkpoint
from skelflow.weights import find_weights
from tests.browser import open_page
from tests.cli.test_commands import run
from tests.conftest import REPOSITORY

MAKEFILE = (REPOSITORY / "Makefile").read_text(encoding="utf-8").replace("\\\n", "")
WEIGHTS = find_weights("synthetic-8")


def demo_commands() -> list[list[str]]:
    """The words of each `skelflow` line of the target."""
    recipe = MAKEFILE.split("\ndemo:")[1].split("\n\n")[0]
    return [shlex.split(line)[1:] for line in re.findall(r"\$\(BIN\)/(skelflow .*)", recipe)]


def test_demo_weights_are_small_and_say_that_they_are_synthetic() -> None:
    assert WEIGHTS.stat().st_size < 9e6
    checkpoint = Checkpoint.load(WEIGHTS)
    assert checkpoint.network.name == "fused"
    assert "synthetic" in MAKEFILE.split("DEMO_NOTE :=")[1].split("\n")[0]


def test_demo_recordings_are_none_that_the_weights_were_trained_on() -> None:
    training = (REPOSITORY / "demo" / "train.sh").read_text(encoding="utf-8")
    make, _ = demo_commands()
    (trained,) = re.findall(r"--seed (\d+)", training)
    assert make[make.index("--seed") + 1] != trained


def test_demo_page_names_the_action(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make, explain = demo_commands()
    make[make.index("--actions") + 1] = "23"
    monkeypatch.chdir(tmp_path)
    assert run(*make) == 0
    assert run(*explain) == 0
    assert "hand waving" in capsys.readouterr().out
    with open_page(tmp_path / "demo" / "index.html") as page:
        article = page.locator("article")
        assert article.count() == 1
        assert "hand waving" in article.locator("h2").inner_text()
        shown = json.loads(article.locator("script").inner_text())
        assert len(shown["images"]) == article.locator("img").count() == 4
