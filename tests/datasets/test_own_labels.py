"""Actions by name, labels that are none, splits of one's own, what a store calls its actions."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from skelflow.datasets.catalog import find_data_set, known_action_names
from skelflow.datasets.prepare.config import PrepareConfig
from skelflow.datasets.prepare.sampling import sample_recordings
from skelflow.datasets.protocols import own_protocol, split
from skelflow.datasets.store.store import Store
from skelflow.errors import ConfigError, DataError, FormatError
from skelflow.recordings import open_recording
from skelflow.training.recipe import resolve
from skelflow.training.setup import make_split
from skelflow.types import Labels
from tests import tiny_folder, tiny_ntu
from tests.tiny_store import make_tiny_store

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
    file.write_text("\ufeffb\n  # an indented comment\n c \n", encoding="utf-8")
    assert split(LABELS, own_protocol(str(file))) == (["b", "c"], ["a"])
    file.write_text("b\nd\n")
    with pytest.raises(DataError, match="no recording is called 'd'"):
        split(LABELS, own_protocol(str(file)))
    with pytest.raises(ConfigError, match=r"unknown protocol 'sub'.*subjects:1,3"):
        find_data_set("folder").protocol("sub")


def test_own_protocol_reads_no_file_that_is_too_large(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SKELFLOW_MAX_TEXT_MB", "1")
    file = tmp_path / "train.txt"
    file.write_text("name\n" * 2**18)
    with pytest.raises(ConfigError, match=r"train\.txt: 2 MB of text, at most 1 are read"):
        own_protocol(str(file))


@pytest.mark.parametrize("number", [-1, 10**400])
def test_folder_refuses_a_label_that_is_no_whole_number_from_0(tmp_path: Path, number: int) -> None:
    root = tiny_folder.write_recordings(tmp_path / "set", 1)
    file = root / "r0" / "recording.toml"
    file.write_text(file.read_text().replace("action = 1", f"action = {number}"))
    with pytest.raises(
        FormatError, match=r"action is .*expected a whole number from 0 to 1,000,000,000; leave it"
    ):
        open_recording(root / "r0")


@pytest.mark.parametrize("label", [-1, 1.5, np.nan, np.inf, [1, 2], "wave"])
def test_stack_refuses_a_label_that_is_no_whole_number_from_0(
    tmp_path: Path, label: object
) -> None:
    camera, depth = [30.0, 30.0, 15.5, 11.5], np.full((3, 24, 32), 2.0, np.float32)
    path = tmp_path / "stack.npz"
    np.savez(path, depth=depth, camera=camera, frame_rate_hz=30, action=3, subject=0)
    assert open_recording(path).labels == Labels(action=3, subject=0)
    np.savez(path, depth=depth, camera=camera, frame_rate_hz=30, action=label)
    with pytest.raises(FormatError, match=r"action is .*(whole number from 0|no number)"):
        open_recording(path)


def test_make_split_refuses_an_action_that_the_data_set_has_not(tmp_path: Path) -> None:
    config = resolve({"model": {"name": "res_tcn_bjcn"}})
    for source, names, refused in (
        ("utd_mhad", {}, True),
        ("utd_mhad", {99: "juggle"}, False),
        ("folder", {}, False),
    ):
        path = tmp_path / f"{source}{len(names)}"
        store = make_tiny_store(path, source=source, actions=(1, 99), subjects=(1, 2))
        named = Store(path, replace(store.meta, class_names=names))
        if refused:
            with pytest.raises(DataError, match=r"A099 has action 99, .* utd_mhad, 1 to 27; if"):
                make_split(config, named)
        else:
            assert make_split(config, named).classes == (1, 99)


def test_store_refuses_a_negative_action(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"labels\.action: .*-1.* at least 0"):
        make_tiny_store(tmp_path / "s.zarr", actions=(-1,))
