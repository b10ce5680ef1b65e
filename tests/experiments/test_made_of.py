"""A result is used only for what it was made of; results of earlier versions say less of that."""

from dataclasses import replace
from pathlib import Path
from shutil import rmtree
from typing import Any

import pytest

from skelflow.errors import ConfigError
from skelflow.experiments.definition import Table, load_table
from skelflow.experiments.made_of import made_of, with_rows
from skelflow.experiments.results import RunResult, result_path, write_result
from skelflow.experiments.runner import Workplace, run_config, run_table
from tests.conftest import REPOSITORY
from tests.tiny_store import make_tiny_store

TABLE: dict[str, Any] = {
    "title": "tiny",
    "protocol": "cross-subject",
    "stores": {"all": {"size": [20, 18], "crop": [40, 36], "range_m": 0.1}},
    "rows": [
        {"name": "net", "label": "n", "store": "all", "recipe": "utd_mhad/gcn"},
        {"name": "other", "label": "o", "store": "all", "recipe": "utd_mhad/gcn"},
        {"name": "mean", "label": "m", "store": "all", "average": ["net", "other"]},
        {"name": "svm", "label": "s", "store": "all", "features_of": "net"},
        {"name": "joints", "label": "j", "store": "all", "joints": True},
    ],
}
ROWS = [row["name"] for row in TABLE["rows"]]


def table_with(*, row: str = "", store: dict[str, Any] | None = None, **changes: Any) -> Table:
    """The table with changes to a row or to the store."""
    rows = [known | (changes if known["name"] == row else {}) for known in TABLE["rows"]]
    stores = {"all": TABLE["stores"]["all"] | (store or {})}
    return Table.from_mapping(TABLE | {"rows": rows, "stores": stores})


def write(
    place: Workplace,
    name: str,
    settings: dict[str, Any] | None = None,
    tested: tuple[str, ...] = ("a",),
) -> RunResult:
    """A result of a row with seed 0, as `run_table` writes it, or of other settings."""
    table = table_with()
    row = table.row(name)
    config = run_config(table, row, 0, place) if row.recipe else None
    result = RunResult(
        row=name,
        seed=0,
        commands=["c"],
        skelflow="0",
        protocol=table.protocol,
        settings=made_of(table, row, config) if settings is None else settings,
        truth=dict.fromkeys(tested, 1),
        predicted=dict.fromkeys(tested, 1),
    )
    write_result(result, result_path(place.results, name, 0))
    return result


def found(table: Table, name: str, place: Workplace) -> RunResult:
    """What `run_table` returns of one row; nothing can be made, there is no store."""
    return run_table(table, [table.row(name)], (0,), place)[0]


@pytest.fixture
def place(tmp_path: Path) -> Workplace:
    return Workplace(None, tmp_path / "out", tmp_path / "results", device="cpu")


@pytest.mark.parametrize("name", ROWS)
def test_a_result_is_used_as_long_as_the_table_says_the_same(place: Workplace, name: str) -> None:
    written = write(place, name)
    assert found(table_with(), name, place) == written
    assert found(table_with(store={"stride": 3}), name, place) == written  # the default


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize(
    ("key", "value"),
    [("size", [10, 9]), ("preset", "fast"), ("range_m", 0.2), ("companding", 0.5)],
)
def test_a_result_of_another_store_is_refused(
    place: Workplace, name: str, key: str, value: object
) -> None:
    write(place, name)
    with pytest.raises(
        ConfigError, match=rf"{name}_0\.json: made with other settings .*store\.{key}: .* asked for"
    ):
        found(table_with(store={key: value}), name, place)


@pytest.mark.parametrize(
    ("name", "changes", "said"),
    [
        ("mean", {"average": ["net"]}, r"average: \['net', 'other'\] there, \['net'\] asked for"),
        ("svm", {"features_of": "other"}, "features_of: 'net' there, 'other' asked for"),
        ("svm", {"classifier": "naive_bayes"}, "classifier: 'svm' there, 'naive_bayes' asked for"),
        ("joints", {"classifier": "naive_bayes"}, "classifier: 'svm' there"),
        ("joints", {"joints": False, "features_of": "net"}, "features_of: None there, 'net'"),
        ("net", {"settings": ["optim.lr=0.5"]}, r"optim\.lr: 0\.002 there, 0\.5 asked for"),
        ("net", {"recipe": "", "joints": True}, "batch_size: 32 there, None .* more"),
    ],
)
def test_a_row_made_otherwise_is_refused(
    place: Workplace, name: str, changes: dict[str, Any], said: str
) -> None:
    write(place, name)
    with pytest.raises(ConfigError, match=rf"{name}_0\.json: made with other .*{said}"):
        found(table_with(row=name, **changes), name, place)


@pytest.mark.parametrize("name", ["mean", "svm"])
def test_a_row_made_of_a_row_that_changed_is_refused(place: Workplace, name: str) -> None:
    write(place, name)
    changed = table_with(row="net", settings=["optim.lr=0.5"])
    write(place, "net")
    with pytest.raises(ConfigError, match=r"net_0\.json: made with other .*optim\.lr: 0\.002"):
        found(changed, name, place)
    result_path(place.results, "net", 0).unlink()
    assert found(changed, name, place).row == name


@pytest.mark.parametrize("name", ["mean", "svm"])
def test_a_result_says_what_its_rows_were_made_of(place: Workplace, name: str) -> None:
    table = table_with()
    configs = {row: run_config(table, table.row(row), 0, place) for row in table.row(name).needs}
    rows = {row: made_of(table, table.row(row), config) for row, config in configs.items()}
    del rows["net"]["early_stop"], rows["net"]["store"]["companding"]  # newer than the result
    written = write(place, name, with_rows(made_of(table, table.row(name)), rows))
    assert found(table, name, place) == written
    changed = table_with(row="net", settings=["optim.lr=0.5"])
    with pytest.raises(
        ConfigError, match=rf"{name}_0\.json: .*rows\.net\.optim\.lr: 0\.002 there, 0\.5"
    ):
        found(changed, name, place)


def test_a_result_of_other_recordings_is_refused(place: Workplace) -> None:
    tested = ("S001C001P002R001A001", "S001C001P002R001A002")
    write(place, "net", tested=tested)
    assert found(table_with(), "net", place).row == "net"
    make_tiny_store(place.store("all"), subjects=(1, 2))
    assert found(table_with(), "net", place).row == "net"
    rmtree(place.store("all"))
    make_tiny_store(place.store("all"), subjects=(1, 4, 6))
    with pytest.raises(
        ConfigError, match=r"net_0\.json: tested on other .* 2 of its 2 are not there, 4 there were"
    ):
        found(table_with(), "net", place)


def test_a_finished_table_is_printed_beside_what_a_stopped_prepare_left(
    place: Workplace, tmp_path: Path
) -> None:
    tested = ("S001C001P002R001A001", "S001C001P002R001A002")
    write(place, "net", tested=tested)
    with_data = replace(place, data=tmp_path / "gone")  # nothing is prepared: there is no such
    store = place.store("all")
    store.mkdir(parents=True)
    assert found(table_with(), "net", with_data).row == "net"
    store.rmdir()
    make_tiny_store(store, subjects=(1, 2))
    rmtree(store / tested[0])
    assert found(table_with(), "net", with_data).row == "net"


def test_recordings_of_actions_that_nobody_trains_are_not_missed(place: Workplace) -> None:
    store = make_tiny_store(place.store("all"), subjects=(1, 2))
    rmtree(store.path / "S001C001P001R001A002")
    write(place, "net", tested=("S001C001P002R001A001",))
    assert found(table_with(), "net", place).row == "net"


def test_what_an_earlier_version_did_not_record_is_not_compared(place: Workplace) -> None:
    mean = write(place, "mean", {})
    changed = table_with(row="mean", average=["net"], store={"range_m": 0.2})
    assert found(changed, "mean", place) == mean
    table = table_with()
    config = run_config(table, table.row("net"), 0, place).to_json()
    net = write(place, "net", config)
    assert found(table_with(store={"range_m": 0.2}), "net", place) == net
    with pytest.raises(ConfigError, match=r"net_0\.json: .*epochs"):
        found(table_with(row="net", settings=["epochs=3"]), "net", place)
    with pytest.raises(ConfigError, match=r"mean_0\.json: made with other settings"):
        found(table_with(row="mean", average=[], recipe="utd_mhad/gcn"), "mean", place)


def test_a_setting_that_is_newer_than_a_result_has_its_default(place: Workplace) -> None:
    settings = made_of(table_with(), table_with().row("joints"))
    del settings["store"]["companding"]
    written = write(place, "joints", settings)
    assert found(table_with(), "joints", place) == written
    with pytest.raises(ConfigError, match=r"store\.companding: 1\.0 there, 0\.5 asked for"):
        found(table_with(store={"companding": 0.5}), "joints", place)


@pytest.mark.parametrize(
    "settings", [{"store": 3}, {"store": {"sise": [4, 4]}}, {"model": 3}, {"rows": 3}]
)
def test_a_record_that_is_no_setting_is_named_with_its_file(
    place: Workplace, settings: dict[str, Any]
) -> None:
    write(place, "joints", settings)
    with pytest.raises(ConfigError, match=r"joints_0\.json: records what is no setting .*delete"):
        found(table_with(), "joints", place)


def test_run_table_records_what_it_makes_a_row_of(place: Workplace) -> None:
    make_tiny_store(place.store("all"))
    table = table_with()
    made = found(table, "joints", place)
    assert made.settings == made_of(table, table.row("joints"))
    assert (made.settings["joints"], made.settings["classifier"]) == (True, "svm")
    assert made.settings["store"]["size"] == [20, 18]
    with pytest.raises(ConfigError, match="classifier"):
        found(table_with(row="joints", classifier="naive_bayes"), "joints", place)


@pytest.mark.parametrize(
    ("name", "protocol", "folder", "rows"),
    [
        ("utd_mhad", "cross-subject", "utd_mhad", ["gcn", "i3d_deep", "i3d_deep_gcn"]),
        ("nw_ucla", "cross-view", "nw_ucla", ["gcn"]),
        ("synth", "cross-subject", "synth/cross_subject", ["fused", "fused_naive_bayes", "mean"]),
        ("synth", "cross-view", "synth/cross_view", ["fused_branches", "fused_svm", "mean"]),
    ],
)
def test_results_in_the_repository_are_used(
    tmp_path: Path, name: str, protocol: str, folder: str, rows: list[str]
) -> None:
    table = load_table(name).replace(protocol=protocol)
    kept = Workplace(None, tmp_path, REPOSITORY / "results" / folder)
    chosen = [table.row(row) for row in rows]
    assert [result.row for result in run_table(table, chosen, (0,), kept)] == rows
