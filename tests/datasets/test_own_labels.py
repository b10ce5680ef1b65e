"""Actions by name, splits of the user's own, and what a store calls its actions."""

from pathlib import Path

import pytest

from skelflow.datasets.catalog import find_data_set, known_action_names
from skelflow.datasets.prepare.config import PrepareConfig
from skelflow.datasets.prepare.sampling import sample_recordings
from skelflow.datasets.protocols import own_protocol, split
from skelflow.errors import ConfigError, DataError, FormatError
from skelflow.recordings import open_recording
from skelflow.types import Labels
from tests import tiny_folder, tiny_ntu

LABELS = {
    "a": Labels(action=1, subject=1, camera=1),
    "b": Labels(action=1, subject=2, camera=2),
    "c": Labels(action=2, subject=3, camera=3),
}


def name_action(folder: Path, name: str) -> None:
    file = folder / "recording.toml"
    file.write_text(file.read_text().replace("action = 1", f'action = "{name}"'))


def test_folder_takes_an_action_by_its_name(tmp_path: Path) -> None:
    root = tiny_folder.write_recordings(tmp_path / "set", 2)
    name_action(root / "r1", "wave")
    with pytest.raises(FormatError, match=r"write actions\.txt .* as 1: wave"):
        open_recording(root / "r1")
    (root / "actions.txt").write_text("# ours\n1: clap\n2: wave\n", encoding="utf-8-sig")
    assert open_recording(root / "r1").labels.action == 2
    name_action(root / "r0", "wvae")
    with pytest.raises(FormatError, match=r"'wvae' is not in .*known: clap, wave.*3: wvae"):
        open_recording(root / "r0")


def test_sample_recordings_takes_the_names_of_actions_txt(tmp_path: Path) -> None:
    root = tiny_folder.write_recordings(tmp_path / "set", 2)
    (root / "actions.txt").write_text("1: wave\n")
    config = PrepareConfig(crop=(40, 32), size=(20, 16))
    sample = sample_recordings([root / "r0", root / "r1"], root, config)
    assert sample.action_names == {1: "wave"}


def test_known_action_names_are_the_sources_unless_a_file_says_otherwise(tmp_path: Path) -> None:
    path = tiny_ntu.write_skeleton(tmp_path, tiny_ntu.one_person(2))
    assert known_action_names([path])[27] == "jump up"
    (tmp_path / "actions.txt").write_text("27: squat\n")
    assert known_action_names([path]) == {27: "squat"}


@pytest.mark.parametrize(
    ("text", "said"),
    [("1 wave", "line 1: '1 wave', expected NUMBER: NAME"), ("1: a\n1: b", "line 2.*second time")],
)
def test_known_action_names_refuses_lines_that_name_nothing(
    tmp_path: Path, text: str, said: str
) -> None:
    root = tiny_folder.write_recordings(tmp_path / "set", 1)
    (root / "actions.txt").write_text(text)
    with pytest.raises(FormatError, match=said):
        known_action_names([root / "r0"])


def test_own_protocol_divides_by_listed_numbers() -> None:
    assert split(LABELS, own_protocol("subjects:1,3")) == (["a", "c"], ["b"])
    assert split(LABELS, find_data_set("utd_mhad").protocol("cameras:2")) == (["b"], ["a", "c"])
    assert split(LABELS, find_data_set("folder").protocol("cross-view")) == (["b", "c"], ["a"])
    with pytest.raises(ConfigError, match="expected numbers, such as subjects:1,3,5"):
        own_protocol("subjects:")


def test_own_protocol_divides_by_a_file_of_names(tmp_path: Path) -> None:
    file = tmp_path / "train.txt"
    file.write_text("# who trains\nb\n\nc\n")
    assert split(LABELS, own_protocol(str(file))) == (["b", "c"], ["a"])
    file.write_text("b\nd\n")
    with pytest.raises(DataError, match="no recording is called 'd'"):
        split(LABELS, own_protocol(str(file)))
    with pytest.raises(ConfigError, match=r"unknown protocol 'sub'.*subjects:1,3"):
        find_data_set("folder").protocol("sub")
