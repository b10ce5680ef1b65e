"""A table from stores and recipes to its files, and what its statistics say."""

from pathlib import Path

import numpy as np
import pytest
import torch

from skelflow.cli import app
from skelflow.errors import ConfigError, DataError, FormatError
from skelflow.experiments.definition import list_tables, load_table
from skelflow.experiments.report import write_table
from skelflow.experiments.results import RunResult, read_result, result_path, write_result
from skelflow.experiments.runner import Workplace, run_table
from skelflow.experiments.statistics import compare, summarize
from skelflow.training.recipe import load_recipe
from tests.tiny_store import make_tiny_store

RECIPE = """
batch_size = 4
epochs = {epochs}
l1 = 0.0
[model]
name = "res_tcn"
width = 0.125
frames = 30
[optim]
name = "adamw"
lr = 0.003
"""
TABLE = """
title = "tiny"
protocol = "{protocol}"
differences = [["both", "first"]]
published = [{{label = "theirs", top1 = 0.5, source = "nowhere"}}]
[stores.all]
skeletons_only = true
[[rows]]
name = "first"
label = "first network"
store = "all"
recipe = "{recipe}"
quick = true
[[rows]]
name = "second"
label = "second network"
store = "all"
recipe = "{recipe}"
settings = ["optim.lr=0.002"]
init = {{skeleton = "first"}}
[[rows]]
name = "both"
label = "mean of logs"
store = "all"
average = ["first", "second"]
[[rows]]
name = "svm"
label = "SVM on features"
store = "all"
features_of = "first"
[[rows]]
name = "joints"
label = "SVM on joints"
store = "all"
joints = true
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with recipe, table and store."""
    torch.set_num_threads(1)
    home = tmp_path_factory.mktemp("table")
    subjects = (1, 3, 2, 4)
    make_tiny_store(home / "out" / "stores" / "all", frames=40, subjects=subjects)
    (home / "tiny_recipe.toml").write_text(RECIPE.format(epochs=2))
    text = TABLE.format(recipe=home / "tiny_recipe.toml", protocol="cross-subject")
    (home / "tiny.toml").write_text(text)
    return home


def place(home: Path) -> Workplace:
    return Workplace(None, home / "out", home / "results", device="cpu")


def result(row: str, seed: int, right: list[int], *, total: int = 40) -> RunResult:
    truth = {f"r{i:02}": 1 for i in range(total)}
    predicted = {name: 1 if i in right else 2 for i, name in enumerate(truth)}
    return RunResult(
        row=row,
        seed=seed,
        commands=["c"],
        skelflow="0",
        protocol="p",
        truth=truth,
        predicted=predicted,
    )


def test_a_table_without_quick_rows_says_so(home: Path) -> None:
    table = load_table(home / "tiny.toml")
    slow = table.replace(rows=tuple(row.replace(quick=False) for row in table.rows))
    assert [row.name for row in table.chosen((), quick=True)] == ["first"]
    assert slow.chosen((), quick=False) == slow.rows
    with pytest.raises(ConfigError, match=r"tiny: no row is marked as quick; .*first, second"):
        slow.chosen((), quick=True)


def test_a_table_is_made_once_and_gone_on_with(home: Path) -> None:
    table = load_table(home / "tiny.toml")
    results = run_table(table, table.rows, (0, 1), place(home))
    assert [(r.row, r.seed) for r in results[:5]] == [(row.name, 0) for row in table.rows]
    assert len(results) == 10
    made = {key: value for r in results[2:5] for key, value in r.settings.items()}
    assert made["average"] == ["first", "second"]
    assert (made["features_of"], made["joints"], made["classifier"]) == ("first", True, "svm")
    assert all(r.settings["store"]["skeletons_only"] for r in results)
    written = result_path(home / "results", "first", 0)
    before = written.stat().st_mtime_ns
    again = run_table(table, table.rows, (0, 1), place(home))
    assert again == results
    assert written.stat().st_mtime_ns == before
    text = write_table(table, results, home / "out")
    assert "| first network |" in text
    assert "theirs | 50.0% | nowhere (not checked here)" in text
    assert "mean of logs - first network" in text
    assert (home / "out" / "table.csv").read_text().startswith("row,seeds,recordings,top1")
    assert (home / "out" / "table.png").stat().st_size > 5000


def test_testing_again_is_counted(home: Path) -> None:
    table = load_table(home / "tiny.toml")
    rows = table.chosen(["first"], quick=False)
    (first,) = run_table(table, rows, (3,), place(home))
    (second,) = run_table(table, rows, (3,), place(home), again=True)
    assert (first.test_reads, second.test_reads) == (1, 2)
    assert second.predicted == first.predicted


def test_results_of_other_settings_are_refused(home: Path) -> None:
    table = load_table(home / "tiny.toml")
    run_table(table, table.chosen(["first"], quick=False), (4,), place(home))
    changed = home / "changed.toml"
    text = (home / "tiny.toml").read_text()
    changed.write_text(text.replace("quick = true", 'settings = ["epochs=3"]'))
    other = load_table(changed)
    with pytest.raises(ConfigError, match=r"first_4\.json: made with other settings"):
        run_table(other, other.chosen(["first"], quick=False), (4,), place(home))


def test_a_table_of_another_protocol_trains_and_tests_by_it(home: Path, tmp_path: Path) -> None:
    table = load_table(home / "tiny.toml").replace(protocol="subjects:1,2")
    apart = Workplace(None, tmp_path, tmp_path / "results", device="cpu")
    apart.store("all").parent.mkdir()
    apart.store("all").symlink_to(place(home).store("all"))
    rows = table.chosen(["first"], quick=False)
    (found,) = run_table(table, rows, (0,), apart)
    assert found.settings is not None
    assert found.protocol == found.settings["data"]["protocol"] == "subjects:1,2"
    assert {name[8:12] for name in found.truth} == {"P003", "P004"}


def test_average_and_needs_come_after_their_rows(home: Path) -> None:
    table = load_table(home / "tiny.toml")
    assert [row.name for row in table.chosen(["both"], quick=False)] == ["first", "second", "both"]
    assert [row.name for row in table.chosen([], quick=True)] == ["first"]
    with pytest.raises(ConfigError, match="did you mean 'second'"):
        table.chosen(["secand"], quick=False)


def test_a_table_without_its_store_says_what_to_do(home: Path, tmp_path: Path) -> None:
    table = load_table(home / "tiny.toml")
    nowhere = Workplace(None, tmp_path, tmp_path / "results")
    with pytest.raises(DataError, match="say with --data where the recordings are"):
        run_table(table, table.rows, (0,), nowhere)


def test_without_data_a_table_shows_the_results_that_are_there(
    home: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    table = load_table(home / "tiny.toml")
    there = Workplace(None, home / "out", tmp_path / "results", device="cpu")
    made = run_table(table, table.chosen(["first"], quick=False), (0,), there)
    nowhere = Workplace(None, tmp_path, there.results)
    rows = table.chosen(["second"], quick=False)
    assert run_table(table, rows, (0, 1), nowhere) == made
    assert "first (seed 1), second (seed 0), second (seed 1); --data" in caplog.text
    text = (home / "tiny.toml").read_text().replace('"all"\naverage', '"other"\naverage')
    (tmp_path / "two.toml").write_text(f"{text}[stores.other]\nskeletons_only = true\n")
    nowhere.store("other").mkdir(parents=True)
    two = load_table(tmp_path / "two.toml")
    assert run_table(two, two.chosen(["both"], quick=False), (0,), nowhere) == made
    assert "both (seed 0), second (seed 0); --data" in caplog.text


def test_tables_that_come_with_skelflow_name_recipes_that_exist() -> None:
    for name in list_tables():
        for row in load_table(name).rows:
            if row.recipe:
                load_recipe(row.recipe, row.settings)


def test_a_wrong_table_is_named(tmp_path: Path) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text(TABLE.format(recipe="x", protocol="p").replace('"first", "second"', '"third"'))
    with pytest.raises(ConfigError, match=r"wrong\.toml: .*both.*'third'"):
        load_table(path)
    with pytest.raises(ConfigError, match="unknown table"):
        load_table("utd")
    path.write_text("#" * (2**20 + 1))
    with pytest.raises(ConfigError, match=r"wrong\.toml: 2 MB of TOML, at most 1 are read"):
        load_table(path)


def test_results_survive_their_file_and_damage_is_named(tmp_path: Path) -> None:
    path = tmp_path / "row_0.json"
    write_result(result("row", 0, [1, 2]), path)
    assert read_result(path) == result("row", 0, [1, 2])
    path.write_text(path.read_text()[:-20])
    with pytest.raises(FormatError, match=r"row_0\.json: no result"):
        read_result(path)
    path.write_text("[]")
    with pytest.raises(FormatError, match=r"row_0\.json: no result .*delete it"):
        read_result(path)
    with pytest.raises(FormatError, match="is a folder, expected a file"):
        read_result(tmp_path)


def test_summary_over_seeds_and_recordings() -> None:
    found = summarize([result("row", 0, list(range(20))), result("row", 1, list(range(24)))])
    assert found.top1 == pytest.approx(0.55)
    assert found.spread == pytest.approx(np.std([0.5, 0.6], ddof=1))
    # right in both, in one, in no seed: the variance of the mean over 40 recordings
    values = np.repeat([1.0, 0.5, 0.0], [20, 4, 16])
    half = 1.96 * values.std() / np.sqrt(40)
    assert found.low == pytest.approx(0.55 - half, abs=0.03)
    assert found.high == pytest.approx(0.55 + half, abs=0.03)


def test_differences_are_paired_by_recording() -> None:
    one, other = result("one", 0, list(range(30))), result("other", 0, list(range(26)))
    found = compare([one], [other])
    assert found.top1 == pytest.approx(0.1)
    assert 0.0 <= found.low < 0.1 < found.high < 0.25  # paired: the common 26 play no part
    with pytest.raises(DataError, match="different recordings"):
        compare([one], [result("other", 0, [1], total=39)])


def test_the_command_prints_the_table(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results = tmp_path / "results"
    table = load_table(home / "tiny.toml")
    run_table(table, table.chosen([], quick=True), (0,), Workplace(None, home / "out", results))
    arguments = ["table", str(home / "tiny.toml"), "--quick", "--out", str(tmp_path / "t")]
    app([*arguments, "--results", str(results)], result_action="return_value")
    assert "| first network |" in capsys.readouterr().out
    app(["table"], result_action="return_value")
    assert "utd_mhad" in capsys.readouterr().out
