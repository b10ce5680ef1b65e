"""What `skelflow info` says of folders: parts, gaps, bad samples, protocols."""

import json
import re
from pathlib import Path

import pytest

from skelflow.datasets.catalog.ntu.official import bad_samples, official_names
from skelflow.datasets.inspect.inventory import take_inventory
from tests import tiny_folder
from tests.cli.test_commands import run
from tests.tiny_ntu import NAME, one_person, write_depth, write_skeleton, write_video


def touch_skeletons(root: Path, names: list[str]) -> None:
    folder = root / "nturgb+d_skeletons"
    folder.mkdir(parents=True)
    for name in names:
        (folder / f"{name}.skeleton").touch()


def row(text: str, head: str) -> str:
    """The line that begins with a word, blanks made one."""
    line = next(line for line in text.splitlines() if line.split()[:1] == [head])
    return re.sub(r" +", " ", line.strip())


def test_inventory_has_the_official_counts_when_everything_is_there(tmp_path: Path) -> None:
    touch_skeletons(tmp_path, [name for name, _ in official_names() if int(name[1:4]) <= 17])
    text = take_inventory([tmp_path]).to_text()
    assert text.startswith("NTU RGB+D: 56,880 recordings here, 56,880 were published")
    assert row(text, "skeleton") == "skeleton 56,880"
    assert "302 are on the official list of 302 bad samples" in text
    assert row(text, "cross-subject") == "cross-subject 40,091 / 16,487 40,091 / 16,487"
    assert row(text, "cross-view") == "cross-view 37,646 / 18,932 37,646 / 18,932"
    assert "missing" not in text
    assert "120-" not in text


def test_inventory_joins_disks_and_says_what_is_missing(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    setup = [name for name, _ in official_names() if name.startswith("S001")]
    touch_skeletons(one, setup[10:])
    bad = len(bad_samples("60") & set(setup[10:]))
    for name in (setup[0], setup[20], setup[21]):
        (two / "nturgb+d_depth_masked" / name).mkdir(parents=True)
    (two / "nturgb+d_depth" / setup[22]).mkdir(parents=True)
    inventory = take_inventory([one, two])
    assert inventory.names["depth"] == {setup[22]}
    assert inventory.streams["depth"] == {setup[0], *setup[20:23]}
    text = inventory.to_text()
    assert f"{len(setup) - 9:,} recordings here" in text
    assert "setups 2-17 as a whole; S001 10" in row(text, "skeleton")
    assert f"without skeleton, of those that have another part: 1 ({setup[0]})" in text
    assert f"{bad} are on the official list" in text
    (one / "skelflow-roots.txt").write_text("../two")
    assert take_inventory([one]) == inventory


def test_inventory_counts_ntu_120_by_all_four_protocols(tmp_path: Path) -> None:
    names = ["S001C002P001R001A001", "S018C001P041R001A061", "S018C001P045R001A061"]
    touch_skeletons(tmp_path, [*names, "S001C001P106R001A001"])
    text = take_inventory([tmp_path]).to_text()
    assert text.startswith("NTU RGB+D 120: 4 recordings here, 114,480 were published")
    assert "1 have names that were not published (S001C001P106R001A001)" in text
    assert row(text, "120-cross-subject") == "120-cross-subject 63,026 / 50,919 2 / 2"
    assert row(text, "120-cross-setup") == "120-cross-setup 54,468 / 59,477 2 / 2"
    assert row(text, "cross-view") == "cross-view 37,646 / 18,932 1 / 1"


def test_cli_info_counts_what_is_mended_and_what_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_skeleton(tmp_path, one_person(4))
    write_depth(tmp_path / "nturgb+d_depth" / NAME, 4)
    write_video(tmp_path / "nturgb+d_ir" / f"{NAME}_ir.avi", 3, (512, 424))
    broken = tmp_path / "nturgb+d_skeletons" / "S001C002P003R001A059.skeleton"
    broken.write_text("3")
    assert run("info", tmp_path) == 0
    said = capsys.readouterr().out
    assert "2 recordings here" in said
    assert "fail" not in said  # nothing was opened
    assert run("info", tmp_path, "--check") == 0
    said = capsys.readouterr().out
    assert "2 of ntu: 1 open (4 frames), 1 of them mended, 1 fail" in said
    assert f"mended: {NAME}: {NAME}_ir.avi has 3 frames, the recording 4" in said
    assert "fails: S001C002P003R001A059.skeleton: " in said
    assert run("info", tmp_path / NAME) == 0
    assert "mended     " in capsys.readouterr().out


def test_cli_info_opens_the_recordings_of_other_data_sets(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from tests.tiny_utd import write_recording

    for subject in (1, 2, 3):
        write_recording(tmp_path, action=1, subject=subject)
    assert run("info", tmp_path) == 0
    said = capsys.readouterr().out
    assert said.startswith("3 of utd_mhad: 3 open")
    assert "1 actions, 3 subjects" in said
    assert re.search(r"cross-subject +2 train, 1 test", said)


def test_cli_info_counts_recordings_of_one_name_each(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for subject in (1, 2):
        tiny_folder.write_recording(tmp_path / f"s{subject}" / "wave", subject=subject)
        tiny_folder.write_recording(tmp_path / f"s{subject}" / "torn", subject=subject)
        (tmp_path / f"s{subject}" / "torn" / "recording.toml").write_text("broken")
    assert run("info", tmp_path, "--json") == 0
    opened = json.loads(capsys.readouterr().out)["opened"]
    assert (opened["open"], opened["frames"]) == (2, 10)
    assert list(opened["failed"]) == [str(tmp_path / f"s{i}" / "torn") for i in (1, 2)]
    assert [labels["subject"] for labels in opened["labels"].values()] == [1, 2]
    assert run("info", tmp_path) == 0
    said = capsys.readouterr().out
    assert said.startswith("4 of folder: 2 open (10 frames), 0 of them mended, 2 fail")
    assert re.search(r"odd-subjects +1 train, 1 test", said)
    assert all(f"fails: {tmp_path / f's{i}' / 'torn'}: " in said for i in (1, 2))


def test_cli_info_takes_no_own_recording_for_ntus(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tiny_folder.write_recording(tmp_path / "own" / NAME)
    assert run("info", tmp_path / "own") == 0
    assert capsys.readouterr().out.startswith("1 of folder: 1 open (5 frames)")
    touch_skeletons(tmp_path, [NAME])
    assert run("info", tmp_path) == 0
    said = capsys.readouterr().out
    assert "1 recording here" in said
    assert row(said, "depth") == "depth none"
    assert "\n1 of folder: 1 open (5 frames)" in said  # beside NTU's, without --check
    (tmp_path / "own" / NAME / "recording.toml").write_text("broken")
    assert run("info", tmp_path) == 0  # what else is there can be read
    assert "1 of folder: 0 open" in capsys.readouterr().out


def test_cli_info_passes_over_files_beside_ntus_parts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    touch_skeletons(tmp_path, [NAME])
    (tmp_path / "skelflow-cameras.json").write_text("{}")
    tiny_folder.write_recording(tmp_path / "own")
    assert run("info", *sorted(tmp_path.iterdir())) == 0
    said = capsys.readouterr().out
    assert "1 recording here" in said
    assert "\n1 of folder: 1 open (5 frames)" in said


def test_cli_info_refuses_folders_with_nothing_in_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("info", tmp_path) == 2
    assert "no recording below" in capsys.readouterr().err
    assert run("info", tmp_path, tmp_path / "file") == 2
    assert "file is no folder" in capsys.readouterr().err
