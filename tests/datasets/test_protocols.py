"""Protocols: the published numbers, from names and lists alone."""

from dataclasses import replace
from pathlib import Path

import pytest

from skelflow.datasets.catalog import find_data_set
from skelflow.datasets.catalog.ntu.official import bad_samples, official_names
from skelflow.datasets.inspect.protocol_tables import compare_counts
from skelflow.datasets.prepare.config import PrepareConfig
from skelflow.datasets.prepare.sampling import trains
from skelflow.datasets.protocols import Protocol, hold_out, split
from skelflow.errors import ConfigError, DataError
from skelflow.recordings.ntu.names import ntu_labels
from skelflow.types import Camera, Frames, Labels, Recording
from tests.cli.test_commands import run

PUBLISHED = {
    "cross-subject": (40_091, 16_487),
    "cross-view": (37_646, 18_932),
    "120-cross-subject": (63_026, 50_919),
    "120-cross-setup": (54_468, 59_477),
}


def test_protocols_have_the_published_counts() -> None:
    counts = compare_counts()
    assert {protocol.name: pair for protocol, pair in counts.counted.items()} == PUBLISHED
    assert counts.agrees
    assert "DIFFERS" not in counts.to_text()


def test_a_number_of_actions_is_that_of_the_first_ones() -> None:
    protocol = Protocol("mine", "subject", range(1, 11), 60)
    taken = [number for number in range(100) if protocol.takes("r", Labels(action=number))]
    assert taken == list(range(1, 61))
    assert not protocol.takes("r", Labels())


def test_cli_protocols_says_so_and_exits_with_1_when_a_count_differs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ntu = find_data_set("ntu")
    full = tuple(replace(protocol, excluded=frozenset()) for protocol in ntu.protocols)
    tables = "skelflow.datasets.inspect.protocol_tables"
    monkeypatch.setattr(f"{tables}.data_sets", lambda: [replace(ntu, protocols=full)])
    assert run("protocols", "--counts") == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[0] == "protocol"
    assert all(line.endswith("DIFFERS") for line in lines[1:])


def test_cli_protocols_shows_every_count_twice_when_all_agree(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run("protocols", "--counts") == 0
    rows = [line.split()[:5] for line in capsys.readouterr().out.splitlines()[1:]]
    assert rows == [
        [name, *2 * [f"{count:,}" for count in counts]] for name, counts in PUBLISHED.items()
    ]


def test_cli_protocols_lists_who_trains(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("protocols") == 0
    said = capsys.readouterr().out
    assert "cameras 2-3 train" in said
    assert "setups even train" in said
    assert "1-2, 4-5, 8-9, 13-19, 25, 27-28, 31, 34-35, 38 train" in said
    assert "utd_mhad:" in said


def test_official_names_are_all_there_and_hold_every_bad_sample() -> None:
    names = {name for name, _ in official_names()}
    assert len(names) == 114_480
    assert sum(int(name[-3:]) <= 60 for name in names) == 56_880
    assert len(bad_samples("60")) == 302
    assert len(bad_samples("120")) == 535
    assert bad_samples("60") < bad_samples("120") < names


def test_official_labels_agree_with_the_names() -> None:
    for name, labels in list(official_names())[::5003]:
        assert name == (
            f"S{labels.setup:03d}C{labels.camera:03d}P{labels.subject:03d}"
            f"R{labels.replication:03d}A{labels.action:03d}"
        )


def test_utd_mhad_splits_by_odd_subjects() -> None:
    labels = {f"a1_s{s}_t1": Labels(action=1, subject=s) for s in range(1, 9)}
    train, test = split(labels, find_data_set("utd_mhad").protocol("cross-subject"))
    assert [labels[name].subject for name in train] == [1, 3, 5, 7]
    assert [labels[name].subject for name in test] == [2, 4, 6, 8]


def test_split_leaves_out_bad_samples_and_other_actions() -> None:
    labels = {
        "S001C002P005R002A008": Labels(8, 5, 2, 1, 2),  # on the official list
        "S001C002P005R002A009": Labels(9, 5, 2, 1, 2),
        "S018C001P041R001A061": Labels(61, 41, 1, 18, 1),  # NTU RGB+D 120 only
    }
    train, test = split(labels, find_data_set("ntu").protocol("cross-subject"))
    assert (train, test) == (["S001C002P005R002A009"], [])
    train, test = split(labels, find_data_set("ntu").protocol("120-cross-subject"))
    assert (train, test) == (["S001C002P005R002A009"], ["S018C001P041R001A061"])


def test_split_names_the_recording_when_its_label_is_unknown() -> None:
    with pytest.raises(DataError, match="mine: protocol 'odd-subjects' divides by subject"):
        split({"mine": Labels(action=1)}, find_data_set("folder").protocol("odd-subjects"))


def test_protocol_lists_the_known_ones_when_it_is_unknown() -> None:
    with pytest.raises(ConfigError, match="unknown protocol 'cross' for ntu; known: cross-subject"):
        find_data_set("ntu").protocol("cross")
    known = [protocol.name for protocol in find_data_set("folder").protocols]
    assert known == ["odd-subjects", "cross-view"]


def test_hold_out_takes_whole_subjects() -> None:
    labels = {f"a{a}_s{s}": Labels(action=a, subject=s) for a in (1, 2) for s in (1, 3, 5)}
    fit, held = hold_out(sorted(labels), labels, subjects=(3,))
    assert fit == ["a1_s1", "a1_s5", "a2_s1", "a2_s5"]
    assert held == ["a1_s3", "a2_s3"]


def test_hold_out_names_the_training_subjects_when_one_does_not_train() -> None:
    labels = {"a": Labels(subject=1), "b": Labels(subject=3)}
    with pytest.raises(ConfigError, match=r"subjects \[2\] do not train; those who do: 1, 3"):
        hold_out(["a", "b"], labels, subjects=(2, 3))
    with pytest.raises(ConfigError, match="leaves nothing to train on"):
        hold_out(["a", "b"], labels, subjects=(1, 3))


def test_class_names_cover_every_action() -> None:
    utd, ntu = find_data_set("utd_mhad").action_names, find_data_set("ntu").action_names
    assert list(utd) == list(range(1, 28))
    assert list(ntu) == list(range(1, 121))
    assert ntu[23] == "hand waving"
    assert utd[27].startswith("squat")
    assert find_data_set("folder").action_names == {}


@pytest.mark.parametrize(
    ("name", "trained"),
    [
        ("S001C002P001R001A060", True),
        ("S001C001P001R001A060", False),  # camera 1 tests
        ("S018C002P001R001A061", False),  # of the 60 actions it knows nothing
        ("S001C002P005R002A008", False),  # published as a bad sample
    ],
)
def test_prepare_measures_on_recordings_that_take_part(name: str, trained: bool) -> None:
    camera = Camera.from_fov(512, 424, 70.6)
    recording = Recording(
        name, Path(name), camera, 30.0, Frames.absent(1, "none"), labels=ntu_labels(name)
    )
    assert trains(recording, "ntu", PrepareConfig(protocol="cross-view")) == trained
