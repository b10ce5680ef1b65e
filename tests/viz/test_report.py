"""The report on a network: where its answers come from, and what its page does in a browser."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from skelflow.errors import ConfigError, DataError, FormatError
from skelflow.evaluation.evaluate import evaluate
from skelflow.evaluation.joint_scores import joint_scores
from skelflow.evaluation.predictions import read_predictions
from skelflow.inference import Recognizer
from skelflow.inference.checkpoint import Checkpoint
from skelflow.recordings import open_recording
from skelflow.training.loop import train
from skelflow.training.recipe import resolve
from skelflow.viz.page import Case
from skelflow.viz.report import make_report
from skelflow.viz.report.charts import draw_charts, nice_ticks
from skelflow.viz.report.contents import measure
from skelflow.viz.report.players import Explained, draw, worst_first
from tests.browser import open_page
from tests.cli.test_commands import run as command
from tests.tiny_store import make_tiny_store
from tests.tiny_utd import write_recording

RECIPE = {
    "model": {"name": "res_tcn_bjcn", "width": 0.05, "frames": 20},
    "data": {"held_out_subjects": [5]},
    "epochs": 2,
    "batch_size": 4,
}
ACTIONS = (1, 2, 3)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A run folder and the store that it was trained on."""
    folder = tmp_path_factory.mktemp("report")
    subjects = (1, 3, 5, 7, 2, 4)
    make_tiny_store(folder / "store", subjects=subjects, actions=ACTIONS)
    train(resolve(RECIPE), folder / "store", folder / "run")
    return folder / "run", folder / "store"


def test_report_of_a_store_works_in_a_browser(trained: tuple[Path, Path], tmp_path: Path) -> None:
    made = make_report(trained[0], [], tmp_path / "out", store=trained[1])
    assert made.accuracy.recordings == 6
    assert made.accuracy.low <= made.accuracy.top1 <= made.accuracy.high
    with open_page(made.path) as page:
        assert f"{100 * made.accuracy.top1:.1f} %" in page.locator("#accuracy").inner_text()
        assert page.locator("svg[data-chart]").count() == 3
        totals = page.locator("#matrix .count").all_text_contents()
        assert sum(map(int, totals)) == 6
        page.locator("#matrix .cell").first.click(force=True)
        listed = page.locator("#examples li").count()
        assert listed == int(totals[0])
        before = page.locator("#matrix text title").all_text_contents()
        page.locator("#order").select_option("name")
        after = page.locator("#matrix text title").all_text_contents()
        assert sorted(before) == sorted(after)
        assert after[: len(after) // 2] == sorted(after[: len(after) // 2])
        page.locator("#table [data-column='2']").click()
        recalls = page.locator("#table td:nth-child(3)").evaluate_all(
            "cells => cells.map(cell => Number(cell.dataset.value))"
        )
        assert recalls == sorted(recalls)
        assert page.locator("#scores .cell").count() == 20 * len(ACTIONS)
        page.set_viewport_size({"width": 390, "height": 844})
        wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        assert not page.evaluate(wide)


def test_report_reads_what_evaluate_left(trained: tuple[Path, Path], tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(trained[0], run)
    found = evaluate(run, trained[1], device="cpu", out=run / "evaluation")
    assert read_predictions(run / "evaluation" / "predictions.csv") == found.predictions
    made = make_report(run, [], tmp_path / "out")
    assert made.accuracy.top1 == pytest.approx(found.top1)
    assert made.accuracy.mean_recall == pytest.approx(found.mean_recall)
    facts = run / "evaluation" / "evaluation.json"
    facts.write_text(json.dumps(json.loads(facts.read_text()) | {"weights_sha256": "0"}))
    with pytest.raises(DataError, match="other weights"):
        make_report(run, [], tmp_path / "out")
    (run / "evaluation" / "predictions.csv").unlink()
    with pytest.raises(DataError, match="--store"):
        make_report(run, [], tmp_path / "out")


def test_report_of_recordings_alone_plays_the_worst(
    trained: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "data"
    for action in (1, 2, 9):  # the last is none of the network's
        write_recording(data, action=action, subject=2)
    assert command("report", trained[0], data, "--out", tmp_path / "out", "--players", "1") == 0
    assert "on 2 recordings" in capsys.readouterr().out
    with open_page(tmp_path / "out" / "index.html") as page:
        assert "1 without a known action are left out" in page.locator("p.soft").first.inner_text()
        assert page.locator("article.case").count() == 1
        assert page.locator("#examples a").count() <= 1
        page.locator("article.case input").fill("1")
        assert page.locator("article.case output").inner_text().endswith(" s")


def test_a_recording_that_cannot_be_read_is_listed_on_the_page(
    trained: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "data"
    for action in (1, 2, 3):
        broken = write_recording(data, action=action, subject=2)
    broken.write_bytes(broken.read_bytes()[:200])
    for command_name in ("report", "explain"):
        assert command(command_name, trained[0], data, "--out", tmp_path / "out") == 0
        assert f"left out {broken.name}: " in capsys.readouterr().out
        page = (tmp_path / "out" / "index.html").read_text()
        assert page.count('<article class="case"') == 2
        assert f"{broken.name}: " in page
        assert command(command_name, trained[0], broken, "--out", tmp_path / "none") == 2
        assert broken.name in capsys.readouterr().err
        assert not (tmp_path / "none").exists()


def test_a_recording_whose_frames_cannot_be_drawn_loses_no_other(
    trained: tuple[Path, Path], tmp_path: Path
) -> None:
    def fail(t: int) -> np.ndarray:
        raise FormatError(f"frame {t + 1} is damaged")

    whole = open_recording(write_recording(tmp_path, action=1, subject=2))
    damaged = replace(whole, name="damaged", depth=replace(whole.depth, decode=fail))
    explanation = Recognizer.load(trained[0]).explain(whole)
    cases = [Case(damaged, explanation), Case(whole, explanation)]
    drawn, failed = draw([Explained(number, case) for number, case in enumerate(cases)])
    assert [(each.answer, each.section["name"]) for each in drawn] == [(1, whole.name)]
    assert failed == [("damaged", "frame 1 is damaged")]


def shown(page: Path) -> dict[str, list[int | None]]:
    """Players to which the answers of a page lead, by the name of the recording."""
    text = page.read_text().partition('id="data">')[2].partition("</script>")[0]
    found: dict[str, list[int | None]] = {}
    for each in json.loads(text)["examples"]:
        found.setdefault(each["name"], []).append(each["player"])
    return found


def test_recordings_of_one_name_lead_to_their_own_players(
    trained: tuple[Path, Path], tmp_path: Path
) -> None:
    for folder in ("s01", "s02"):
        path = write_recording(tmp_path / folder, action=1, subject=2)
    made = make_report(trained[0], [tmp_path], tmp_path / "out")
    (players,) = shown(made.path).values()
    assert set(players) == {1, 2}
    made = make_report(trained[0], [tmp_path], tmp_path / "out", players=1)
    assert set(shown(made.path)[open_recording(path).name]) == {1, None}


@pytest.fixture
def tested(trained: tuple[Path, Path], tmp_path: Path) -> Path:
    """A run folder with the evaluation of its test side."""
    run = tmp_path / "run"
    shutil.copytree(trained[0], run)
    evaluate(run, trained[1], device="cpu", out=run / "evaluation")
    return run


def test_a_recording_of_a_test_is_found_by_its_own_name_unless_two_have_it(
    tested: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name, folder = "S001C001P002R001A001", tmp_path / "data" / "0001"
    source = write_recording(tmp_path / "utd", action=1, subject=2)
    assert command("report", tested, source, "--out", tmp_path / "out") == 0
    assert "no recording is shown frame by frame" in capsys.readouterr().out
    assert "Of 1 recording on the command line none" in (tmp_path / "out/index.html").read_text()
    assert command("import", source, "--out", folder) == 0
    said = (folder / "recording.toml").read_text()
    (folder / "recording.toml").write_text(said.replace("a1_s2_t1", name))
    made = make_report(tested, [source, tmp_path / "data"], tmp_path / "out")
    assert made.players == 1
    assert shown(made.path)[name] == [1]
    shutil.copytree(folder, folder.parent / "0002")
    made = make_report(tested, [tmp_path / "data"], tmp_path / "out")
    assert made.players == 0
    assert f"not known: {name} (2)." in made.path.read_text()


@pytest.mark.parametrize("options", [{"split": "test"}, {"protocol": "cross-subject"}])
def test_report_refuses_a_side_without_a_store(
    options: dict[str, str], tested: Path, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=f"--{next(iter(options))} goes with --store"):
        make_report(tested, [], tmp_path / "out", **options)


def test_report_says_what_to_do_when_nothing_is_known(
    trained: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("report", trained[0], "--out", tmp_path / "out") == 2
    assert "--store" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_joint_scores_are_means_over_an_action(trained: tuple[Path, Path]) -> None:
    from skelflow.datasets.store.store import Store

    checkpoint, store = Checkpoint.load(trained[0]), Store.open(trained[1])
    names = [f"S001C001P00{person}R001A001" for person in (2, 4)]
    both = joint_scores(checkpoint, store, names)
    each = [joint_scores(checkpoint, store, [name]) for name in names]
    assert both is not None
    assert np.isnan(both[1:]).all()
    np.testing.assert_allclose(both[0], (each[0][0] + each[1][0]) / 2, atol=1e-6)


def test_worst_first_has_the_surest_mistake_first(trained: tuple[Path, Path]) -> None:
    found = evaluate(trained[0], trained[1], device="cpu").predictions
    ordered = [found[place] for place in worst_first(found)]
    wrong = [each for each in ordered if not each.is_right]
    assert ordered[: len(wrong)] == wrong
    gaps = [each.probability - each.probability_of_true for each in wrong]
    assert gaps == sorted(gaps, reverse=True)
    assert measure(found).top1 == pytest.approx(1 - len(wrong) / len(found))


def test_charts_leave_out_what_no_epoch_says() -> None:
    epochs = [{"epoch": e, "loss": None if e == 2 else 3.0 / e, "lr": 0.1} for e in (1, 2, 3)]
    loss, rate = draw_charts(epochs)
    assert [loss["title"], rate["title"]] == ["loss", "learning rate"]
    assert len(loss["lines"][0]["points"].split()) == 2
    assert loss["told"][1] == "none"
    assert draw_charts([]) == []


@pytest.mark.parametrize(("low", "high"), [(0, 1e-4), (0, 0.7), (1, 45), (0, 3e5), (5, 5)])
def test_ticks_enclose_the_values(low: float, high: float) -> None:
    ticks = nice_ticks(low, high)
    assert ticks[0] <= low
    assert ticks[-1] >= high * (1 - 1e-9)
    assert len(ticks) <= 8
