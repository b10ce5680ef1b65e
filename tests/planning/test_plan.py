"""Planning: the figures follow from the rates, and the rates from a real run."""

import tempfile
from pathlib import Path

import pytest

from skelflow.datasets.prepare import PrepareConfig, prepare
from skelflow.errors import ConfigError, DataError
from skelflow.planning.data_size import DataSize, measure_size
from skelflow.planning.plan import Plan, make_plan
from skelflow.planning.probe import PrepareRate, TrainRate, probe_training
from skelflow.training.recipe import resolve
from tests.cli.test_commands import run
from tests.recordings import test_nw_ucla
from tests.tiny_folder import CONFIG, write_recording, write_recordings
from tests.tiny_store import make_tiny_store

SMALL = {
    "batch_size": 3,
    "epochs": 7,
    "model": {"name": "c3d", "width": 0.02, "clip_length": 8, "crop": 32},
    "data": {"overlap": 1, "held_out_subjects": [99]},
}


def test_plan_multiplies_its_rates() -> None:
    plan = Plan(
        DataSize(
            1000, 50, frames=61.0, pairs=20.0, clips=2.0, training_share=0.5, uncertainty=0.02
        ),
        PrepareRate(8, 160, workers=2, wall_s=0.72, core_s=0.36, bytes=3000.0, files=8.0),
        (64, 4),
        TrainRate(batch=16, sample_s=0.09),
        samples=1000.0,
        epochs=20,
    )
    assert (plan.pairs, plan.core_hours, plan.store_bytes) == (20_000, 2.0, 6e7)
    assert plan.train_hours == pytest.approx(0.5)
    text = plan.to_text()
    rows = [" ".join(line.split()) for line in text.splitlines()]
    assert rows[2:5] == [
        "2 workers 2.0 h here, as busy as it is",
        "64 workers 1.9 min, a core for each",
        "4 workers 30.0 min, a core for each",
    ]
    assert "60 MB in 8,000 files; 3.0 kB a pair" in text
    assert rows[-1] == "20 epochs 30.0 min on this machine"


def test_measure_size_counts_as_prepare_does(tmp_path: Path) -> None:
    for i, frames in enumerate((3, 7, 11, 15)):
        write_recording(tmp_path / f"r{i}", frames=frames, subject=i + 1)
    size = measure_size(tmp_path, PrepareConfig(crop=(8, 8), size=(4, 4)), length=2, overlap=0)
    assert (size.recordings, size.opened, size.frames) == (4, 4, 9.0)
    assert (size.pairs, size.clips) == ((1 + 2 + 4 + 5) / 4, (1 + 1 + 2 + 3) / 4)
    assert size.training_share == 0.5
    assert 0 < size.uncertainty < 1


def test_measure_size_skips_what_does_not_open(tmp_path: Path) -> None:
    write_recordings(tmp_path, 3)
    (tmp_path / "r1" / "recording.toml").write_text("broken")
    size = measure_size(tmp_path, CONFIG)
    assert (size.recordings, size.opened) == (3, 2)
    with pytest.raises(DataError, match="no recording below"):
        measure_size(tmp_path / "r0" / "depth", CONFIG)


def test_make_plan_probes_prepare_and_training_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "scratch"))
    source = write_recordings(tmp_path / "source", 6)
    config = CONFIG.replace(size=CONFIG.flow.crop)
    plan = make_plan(source, config, resolve(SMALL), workers=[64])
    assert (plan.size.recordings, plan.pairs) == (6, 12)
    assert (plan.prepare.recordings, plan.prepare.pairs) == (4, 8)
    assert plan.train is not None
    assert plan.train.batch == 3
    assert (plan.samples, plan.unit, plan.epochs) == (6 * 0.5 * 1, "clips", 7)
    assert plan.prepare.core_s > 0
    assert plan.train.sample_s > 0
    prepare(source, tmp_path / "s", config)
    sizes = [file.stat().st_size for file in (tmp_path / "s").glob("r*/**/*") if file.is_file()]
    assert plan.store_bytes == pytest.approx(sum(sizes), rel=0.05)
    assert 6 * plan.prepare.files == len(sizes)
    assert [entry.name for entry in (tmp_path / "scratch").glob("skelflow-plan-*")] == []


def test_make_plan_rates_skeletons_alone_by_recordings(tmp_path: Path) -> None:
    for action in (1, 2):
        for view in (1, 2, 3):
            test_nw_ucla.write(tmp_path / "source", f"a0{action}_s01_e00_v0{view}")
    recipe = resolve(
        {
            "model": {"name": "res_tcn", "width": 0.02, "frames": 30},
            "batch_size": 2,
            "data": {"held_out_subjects": [99]},
        }
    )
    plan = make_plan(tmp_path / "source", PrepareConfig(), recipe, workers=[64])
    assert (plan.size.frames, plan.size.pairs, plan.size.clips, plan.pairs) == (12, 0, 0, 0)
    assert (plan.prepare.recordings, plan.prepare.pairs, plan.prepare.unit) == (4, 0, "recording")
    assert plan.core_hours == pytest.approx(6 * plan.prepare.core_s / 3600)
    prepare(tmp_path / "source", tmp_path / "s", PrepareConfig())
    sizes = [file.stat().st_size for file in (tmp_path / "s").glob("a*/**/*") if file.is_file()]
    assert plan.store_bytes == pytest.approx(sum(sizes), rel=0.05)
    lines = plan.to_text().splitlines()
    assert lines[0] == "6 recordings, 72 frames, skeletons alone (from 6 opened, +- 0%)"
    assert "a recording takes" in lines[1]
    assert "kB a recording" in lines[-3]
    assert "pair" not in plan.to_text()


def test_probe_training_measures_a_recipe_that_accumulates_more_than_it_probes(
    tmp_path: Path,
) -> None:
    store = make_tiny_store(tmp_path / "s.zarr", subjects=(1,))
    model = {"name": "res_tcn", "width": 0.02, "frames": 30}
    config = resolve({"model": model, "batch_size": 6, "accumulate": 5})
    rate = probe_training(config, store.path, tmp_path)
    assert rate.batch == 6
    assert rate.sample_s > 0


def test_probe_training_measures_a_recipe_that_stops_early(tmp_path: Path) -> None:
    store = make_tiny_store(tmp_path / "s.zarr", subjects=(1, 3))
    model = {"name": "res_tcn", "width": 0.02, "frames": 30}
    stops = {"early_stop": 10, "data": {"held_out_subjects": [3]}}
    rate = probe_training(resolve({"model": model, "batch_size": 4} | stops), store.path, tmp_path)
    assert rate.batch == 4


def test_probe_training_takes_the_device_that_it_is_told(tmp_path: Path) -> None:
    store = make_tiny_store(tmp_path / "s.zarr", subjects=(1,))
    config = resolve({"model": {"name": "res_tcn", "width": 0.02, "frames": 30}, "batch_size": 4})
    with pytest.raises(ConfigError, match="abacus"):
        probe_training(config, store.path, tmp_path, device="abacus")


def test_cli_plan_prints_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = write_recordings(tmp_path / "source", 3)
    words = ("--workers", "64", "--crop", "40x32", "--size", "20x16")
    assert run("plan", source, *words) == 0
    out = capsys.readouterr().out
    assert "3 recordings, 15 frames, 6 pairs" in out
    assert "64 workers" in out
    assert run("plan", tmp_path / "nowhere") == 2
