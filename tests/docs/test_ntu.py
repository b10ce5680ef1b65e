"""The examples of docs/ntu.md run as they stand, and its table of protocols is the program's."""

from pathlib import Path

import pytest

from skelflow.datasets.catalog import find_data_set
from tests.conftest import REPOSITORY
from tests.pages import run_page


def test_ntu_page_examples_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    run_page("ntu.md")
    said = capsys.readouterr().out
    assert "3 recordings here, 56,880 were published" in said
    assert "3 of ntu: 3 open (12 frames), 0 of them mended, 0 fail" in said
    assert "3 prepared" in said
    assert (tmp_path / "NTU" / "skelflow-cameras.png").is_file()


def test_ntu_page_names_every_protocol_and_its_counts() -> None:
    page = (REPOSITORY / "docs" / "ntu.md").read_text(encoding="utf-8")
    published = [protocol for protocol in find_data_set("ntu").protocols if protocol.published]
    assert len(published) == 4
    for protocol in published:
        row = next(line for line in page.splitlines() if line.startswith(f"| `{protocol.name}`"))
        assert row.endswith("| {:,} | {:,} |".format(*protocol.published or ()))
