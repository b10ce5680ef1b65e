"""NTU RGB+D on several disks becomes a store, and the report says what was mended."""

from pathlib import Path

import pytest

from skelflow.datasets.store import Store
from tests.cli.test_commands import run
from tests.tiny_ntu import NAME, one_person, write_depth, write_skeleton, write_video


def test_prepare_takes_ntu_from_two_disks_and_says_what_was_mended(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    write_skeleton(one, one_person(2))
    write_depth(two / "nturgb+d_depth_masked" / NAME, 2, "MDepth")
    write_video(two / "nturgb+d_ir" / f"{NAME}_ir.avi", 1, (512, 424))
    (one / "skelflow-roots.txt").write_text("../two\n")
    words = ("--region", "clip", "--range-m", "0.05", "--workers", "1")
    assert run("prepare", one, "--out", tmp_path / "store", *words) == 0
    said = capsys.readouterr().out
    assert "1 prepared, 0 there before, 0 failed, 1 mended" in said
    assert f"mended {NAME}: {NAME}_ir.avi has 1 frame, the recording 2, and nothing" in said
    store = Store.open(tmp_path / "store")
    assert store.names() == [NAME]
    assert store.read(NAME).joints_m.shape == (2, 2, 25, 3)
    assert run("prepare", one, "--out", tmp_path / "store", *words) == 0
    assert "0 prepared, 1 there before" in capsys.readouterr().out
