"""The README's example runs as it stands, from any folder."""

from pathlib import Path

import pytest

from skelflow.inference.result import Result
from tests.conftest import REPOSITORY
from tests.pages import run_page


def test_readme_example_recognizes_the_action(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    names = run_page(REPOSITORY / "README.md")
    said = capsys.readouterr().out
    assert "(424, 512, 3)" in said
    result = names["result"]
    assert isinstance(result, Result)
    assert result.predictions[0].name == "hand waving"
