"""Several processes train and test as one does: same losses, same weights, every sample once."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from skelflow.datasets.store import Store
from tests.tiny_store import make_tiny_store
from tests.waiting import PATIENCE_S, wait_for

ACCELERATE = (
    *("accelerate.commands.launch", "--multi_gpu", "--num_processes", "2"),
    *("--num_machines", "1", "--mixed_precision", "no", "--dynamo_backend", "no"),
)
TORCHRUN = ("torch.distributed.run", "--nproc_per_node", "2")
LAUNCHERS = {
    "accelerate": (*ACCELERATE, "--main_process_port", "0", "--module"),
    "torchrun": (*TORCHRUN, "--standalone", "--module", "--"),
}
FLOW = """
batch_size = 3
epochs = 10
[model]
name = "c3d_at1"
width = 0.03
crop = 16
dropout = 0.0
initialization = "he"
[data]
held_out_subjects = [7]
[optim]
lr = 0.01
"""
SKELETON = """
batch_size = 5
epochs = 10
[model]
name = "res_tcn_bjcn"
width = 0.125
frames = 30
dropout = 0.0
[data]
held_out_subjects = [7]
"""

GRAPH = """
batch_size = 5
epochs = 10
l1 = 0.0
label_smoothing = 0.1
[model]
name = "gcn"
width = 0.25
frames = 30
dropout = 0.0
[data]
held_out_subjects = [7]
[optim]
lr = 0.00005 # at higher ones rounding soon grows
"""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    path = tmp_path_factory.mktemp("tiny") / "s.zarr"
    return make_tiny_store(path, subjects=(1, 3, 5, 7, 2, 4, 6), frames=40)


ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}


def command(*words: str | Path, launcher: str | None = None) -> list[str]:
    start = LAUNCHERS[launcher] if launcher else ()
    return [sys.executable, "-m", *start, "skelflow", *map(str, words)]


def launch(*words: str | Path, launcher: str | None = None) -> subprocess.CompletedProcess[str]:
    asked = command(*words, launcher=launcher)
    return subprocess.run(
        asked, capture_output=True, text=True, env=ENVIRONMENT, timeout=PATIENCE_S
    )


def lines(run: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


@pytest.mark.parametrize(
    ("recipe", "launcher"),
    [
        pytest.param(FLOW, "accelerate", id="flow"),
        pytest.param(SKELETON, "torchrun", id="skeleton", marks=pytest.mark.slow),
        pytest.param(GRAPH, "torchrun", id="graph"),
    ],
)
def test_train_learns_the_same_in_two_processes(
    recipe: str, launcher: str, store: Store, tmp_path: Path
) -> None:
    recipe_file = tmp_path / "r.toml"
    recipe_file.write_text(recipe)
    for run, by in (("one", None), ("two", launcher)):
        done = launch("train", recipe_file, store.path, "--run", tmp_path / run, launcher=by)
        assert done.returncode == 0, done.stderr
        assert done.stdout.count("best.safetensors") == 1  # one of them speaks
    one, two = lines(tmp_path / "one"), lines(tmp_path / "two")
    assert len(one) == len(two) == 10
    for name in ("loss", "held_out_loss", "top1", "held_out_top1"):
        first, second = ([line[name] for line in run] for run in (one, two))
        np.testing.assert_allclose(first, second, rtol=1e-4, err_msg=name)
    weights = [torch.load(tmp_path / run / "last.pt")["model"] for run in ("one", "two")]
    for name, value in weights[0].items():
        torch.testing.assert_close(weights[1][name], value, rtol=1e-3, atol=1e-4)


def test_evaluate_counts_every_sample_once_in_two_processes(store: Store, tmp_path: Path) -> None:
    (tmp_path / "r.toml").write_text(FLOW.replace("epochs = 10", "epochs = 1"))
    run = tmp_path / "run"
    assert launch("train", tmp_path / "r.toml", store.path, "--run", run).returncode == 0
    found = []
    for launcher in (None, "torchrun"):
        out = tmp_path / f"out_{launcher}"
        done = launch("evaluate", run, store.path, "--out", out, launcher=launcher)
        assert done.returncode == 0, done.stderr
        assert done.stdout.count("top-1") == 1
        kept = json.loads((out / "evaluation.json").read_text())
        found.append({key: value for key, value in kept.items() if key != "seconds"})
        found[-1]["confusion"] = (out / "confusion.csv").read_text()
    assert found[0] == found[1]
    assert found[0]["samples"] == 6


def test_train_stops_together_and_goes_on_when_the_launcher_is_told(
    store: Store, tmp_path: Path
) -> None:
    recipe, run = tmp_path / "r.toml", tmp_path / "run"
    recipe.write_text(FLOW.replace("epochs = 10", "epochs = 4000"))
    words = command("train", recipe, store.path, "--run", run, launcher="torchrun")
    with subprocess.Popen(words, env=ENVIRONMENT, stderr=subprocess.PIPE, text=True) as process:
        wait_for((run / "metrics.jsonl").exists)
        process.send_signal(signal.SIGTERM)
        said = process.communicate(timeout=PATIENCE_S)[1]
    assert "skelflow: stopped" in said
    state = torch.load(run / "last.pt")["state"]
    assert 0 < state["epoch"] < 4000
    assert len(lines(run)) == state["epoch"]


def test_processes_part_before_the_interpreter_ends(tmp_path: Path) -> None:
    # gloo's open connections abort one process in ten at its end, where cores are busy
    script = tmp_path / "ends.py"
    script.write_text(
        "import atexit, sys, torch.distributed as group\n"
        "say = lambda: sys.stdout.write(f'{group.is_initialized()}\\n')\n"
        "atexit.register(say)\n"
        "from skelflow.inference.compute import make_accelerator\n"
        "make_accelerator(device='cpu').wait_for_everyone()\n"
        "say()\n"
    )
    start = [sys.executable, "-m", *TORCHRUN, "--standalone", str(script)]
    done = subprocess.run(
        start, capture_output=True, text=True, env=ENVIRONMENT, timeout=PATIENCE_S, check=True
    )
    assert sorted(done.stdout.split()) == ["False", "False", "True", "True"]
