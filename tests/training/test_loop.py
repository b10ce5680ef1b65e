"""The loop: it learns, it stops and goes on bit for bit, and the test set has no say."""

import json
import signal
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from skelflow.datasets.store.store import Store, StoreMeta
from skelflow.errors import ConfigError, DataError
from skelflow.models.weights import load_model, read_header
from skelflow.training.config import DataSection, RunConfig
from skelflow.training.loop import Interrupted, StepReport, train
from skelflow.training.recipe import resolve
from tests.tiny_store import make_tiny_store

SKELETON = {
    "model": {"name": "res_tcn_bjcn", "width": 0.125, "frames": 30, "center": "root"},
    "data": {"held_out_subjects": [7], "augmentation": {"rotate_deg": 20, "crop_time": 0.2}},
    "batch_size": 2,
    "epochs": 3,
}
FLOW = {
    "model": {"name": "c3d_at1", "width": 0.03, "crop": 16, "initialization": "he"},
    "batch_size": 3,
    "epochs": 2,
    "optim": {"name": "adamw", "lr": 1e-3, "schedule": {"name": "cosine"}},
}

GRAPH = {
    "model": {"name": "gcn", "width": 0.25, "frames": 24},
    "data": {
        "longer": "resample",
        "shorter": "resample",
        "augmentation": {"tilt_deg": 10, "stretch": 0.1, "warp": 0.4},
    },
    "batch_size": 2,
    "epochs": 3,
    "l1": 0.0,
    "mixup": 0.5,
    "label_smoothing": 0.1,
    "optim": {"name": "adamw", "decay_all": False, "schedule": {"name": "one_cycle"}},
}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    torch.set_num_threads(1)
    return make_tiny_store(tmp_path_factory.mktemp("tiny") / "s.zarr")


def lines(run: Path) -> list[dict[str, object]]:
    found = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [{key: line[key] for key in line if key != "seconds"} for line in found]


class StopAt:
    """Sends the signal of Ctrl-C after some steps."""

    def __init__(self, step: int, number: signal.Signals = signal.SIGINT) -> None:
        self.left, self.number = step, number

    def __call__(self, _step: StepReport) -> None:
        self.left -= 1
        if self.left == 0:
            signal.raise_signal(self.number)


@pytest.mark.parametrize("step", [1, 2, 3, 4])
@pytest.mark.parametrize("values", [SKELETON, FLOW, GRAPH], ids=["skeleton", "flow", "graph"])
def test_train_ends_with_the_same_weights_when_interrupted(
    values: dict[str, object], step: int, store: Store, tmp_path: Path
) -> None:
    config = resolve(values)
    whole = train(config, store.path, tmp_path / "whole")
    with pytest.raises(Interrupted):
        train(config, store.path, tmp_path / "cut", progress=StopAt(step))
    taken: list[StepReport] = []
    resumed = train(config, store.path, tmp_path / "cut", progress=taken.append)
    first, second = load_file(whole.weights), load_file(resumed.weights)
    assert all(torch.equal(first[name], second[name]) for name in first | second)
    states = [torch.load(tmp_path / run / "last.pt") for run in ("whole", "cut")]
    assert all(torch.equal(states[0]["model"][k], states[1]["model"][k]) for k in first)
    assert lines(tmp_path / "whole") == lines(tmp_path / "cut")
    steps = taken[0].steps
    done = step + 1  # the signal came after the check of its own step
    expected = (
        (done // steps, steps) if done % steps == 0 else (done // steps + 1, done % steps + 1)
    )
    assert (taken[0].epoch, taken[0].step) == expected


def test_train_saves_when_terminated(store: Store, tmp_path: Path) -> None:
    handler = signal.getsignal(signal.SIGTERM)
    with pytest.raises(Interrupted):
        stop = StopAt(1, signal.SIGTERM)
        train(resolve(SKELETON), store.path, tmp_path / "run", progress=stop)
    assert (tmp_path / "run" / "last.pt").is_file()
    assert signal.getsignal(signal.SIGTERM) is handler


def test_train_gives_the_same_weights_twice_and_others_with_another_seed(
    store: Store, tmp_path: Path
) -> None:
    config = resolve(SKELETON)
    runs = [config, config, config.replace(seed=1)]
    weights = [
        load_file(train(run, store.path, tmp_path / str(i)).weights) for i, run in enumerate(runs)
    ]
    assert torch.equal(weights[0]["head.weight"], weights[1]["head.weight"])
    assert not torch.equal(weights[0]["head.weight"], weights[2]["head.weight"])


def test_train_learns_what_tells_two_actions_apart(store: Store, tmp_path: Path) -> None:
    model = {**SKELETON["model"], "dropout": 0.0}  # type: ignore[dict-item]
    values = {"epochs": 12, "optim": {"name": "adamw", "lr": 3e-3}, "l1": 0.0, "batch_size": 6}
    result = train(resolve(SKELETON | values | {"model": model}), store.path, tmp_path / "run")
    assert result.chosen_by == "held-out subjects"
    assert result.held_out_top1 == 1.0
    losses = [float(str(line["loss"])) for line in lines(tmp_path / "run")]
    assert losses[-1] < 0.7 * losses[0]


def test_train_keeps_the_epoch_that_is_best_on_held_out_subjects(
    store: Store, tmp_path: Path
) -> None:
    result = train(resolve(SKELETON | {"epochs": 6}), store.path, tmp_path / "run")
    epochs = lines(tmp_path / "run")
    ranks = [(line["held_out_top1"], -float(str(line["held_out_loss"]))) for line in epochs]
    assert result.epoch == ranks.index(max(ranks)) + 1
    assert read_header(result.weights)["epoch"] == str(result.epoch)


def test_train_keeps_the_last_epoch_when_nobody_is_held_out(store: Store, tmp_path: Path) -> None:
    result = train(resolve(FLOW), store.path, tmp_path / "run")
    assert (result.epoch, result.chosen_by, result.held_out_top1) == (2, "last epoch", None)
    assert lines(tmp_path / "run")[-1]["chosen_by"] == "last epoch"


def test_train_never_reads_test_recordings(store: Store, tmp_path: Path) -> None:
    other = make_tiny_store(tmp_path / "s.zarr", subjects=(1, 3, 5, 7))
    runs = [train(resolve(SKELETON), s.path, tmp_path / s.path.parent.name) for s in (store, other)]
    weights = [load_file(run.weights) for run in runs]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


def test_train_monitors_the_test_loss_only_under_the_paper_protocol(
    store: Store, tmp_path: Path
) -> None:
    config = resolve(SKELETON).replace(paper_protocol=True, data=DataSection())
    result = train(config, store.path, tmp_path / "run")
    assert all("test_loss" in line for line in lines(tmp_path / "run"))
    assert (result.epoch, result.chosen_by) == (3, "last epoch")


def test_train_writes_what_recognition_needs(store: Store, tmp_path: Path) -> None:
    result = train(resolve(SKELETON), store.path, tmp_path / "run")
    header = read_header(result.weights)
    assert StoreMeta.from_json(json.loads(header["store"])) == store.meta
    assert json.loads(header["actions"]) == [1, 2]
    assert json.loads(header["run"]) == resolve(SKELETON).to_json()
    network = load_model(result.weights)
    assert not torch.equal(network.get_buffer("skeleton.normalizer.low"), -torch.ones(3))


def test_train_refuses_a_device_that_is_not_there(store: Store, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"device: found 'cuda:99', expected one of auto, cpu"):
        train(resolve(SKELETON), store.path, tmp_path / "run", device="cuda:99")
    assert not (tmp_path / "run").exists()


def test_train_refuses_a_folder_of_another_run(store: Store, tmp_path: Path) -> None:
    config = resolve(SKELETON | {"epochs": 1})
    train(config, store.path, tmp_path / "run")
    changed = resolve(SKELETON | {"epochs": 1, "optim": {"lr": 0.5}})
    with pytest.raises(ConfigError, match=r"optim\.lr: 0\.01 there, 0\.5 asked for"):
        train(changed, store.path, tmp_path / "run")


def test_train_goes_on_with_a_run_from_before_a_setting_was_added(
    store: Store, tmp_path: Path
) -> None:
    first = train(resolve(FLOW), store.path, tmp_path / "run")
    file = tmp_path / "run" / "config.json"
    kept = json.loads(file.read_text())
    del kept["config"]["optim"]["schedule"]["min_lr"]
    file.write_text(json.dumps(kept))
    assert train(resolve(FLOW), store.path, tmp_path / "run") == first
    changed = {**FLOW, "optim": {**FLOW["optim"], "schedule": {"name": "cosine", "min_lr": 1e-5}}}  # type: ignore[dict-item]
    with pytest.raises(ConfigError, match=r"schedule\.min_lr: 0\.0 there, 1e-05 asked for"):
        train(resolve(changed), store.path, tmp_path / "run")


def test_train_refuses_a_folder_that_holds_something_else(store: Store, tmp_path: Path) -> None:
    (tmp_path / "letters.txt").write_text("dear")
    with pytest.raises(ConfigError, match="not empty"):
        train(resolve(SKELETON), store.path, tmp_path)


def test_train_takes_a_folder_of_a_run_that_never_began(store: Store, tmp_path: Path) -> None:
    model = {**FLOW["model"], "crop": 32}  # type: ignore[dict-item]
    with pytest.raises(ConfigError, match="crop 32 does not fit"):
        train(resolve(FLOW | {"model": model}), store.path, tmp_path / "run")
    assert not (tmp_path / "run").exists()
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.json").write_text("{}")  # of a run that was killed so early
    train(resolve(FLOW), store.path, tmp_path / "run")
    kept = json.loads((tmp_path / "run" / "config.json").read_text())
    assert kept["config"]["model"]["crop"] == 16


def test_train_does_nothing_when_the_run_is_complete(store: Store, tmp_path: Path) -> None:
    first = train(resolve(FLOW), store.path, tmp_path / "run")
    taken: list[StepReport] = []
    assert train(resolve(FLOW), store.path, tmp_path / "run", progress=taken.append) == first
    assert taken == []


def test_train_refuses_a_skeleton_network_without_skeletons(tmp_path: Path) -> None:
    bare = make_tiny_store(tmp_path / "s.zarr", layout=None)
    with pytest.raises(ConfigError, match="reads skeletons"):
        train(resolve(SKELETON), bare.path, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_train_stops_when_the_loss_is_not_finite(store: Store, tmp_path: Path) -> None:
    wild = FLOW | {"optim": {"name": "sgd", "lr": 1e30}, "clip_norm": 0.0, "epochs": 5}
    with pytest.raises(DataError, match=r"lower optim\.lr"):
        train(resolve(wild), store.path, tmp_path / "run")


def test_train_starts_a_part_from_a_checkpoint(store: Store, tmp_path: Path) -> None:
    skeleton = train(resolve(SKELETON), store.path, tmp_path / "skeleton")
    model = {**FLOW["model"], "name": "c3d_at2", "frames": 30, "skeleton_width": 0.125}  # type: ignore[dict-item]
    model["center"] = "root"
    start = {"init": {"skeleton": str(tmp_path / "skeleton")}}
    result = train(resolve(FLOW | {"model": model} | start), store.path, tmp_path / "run")
    before, after = load_file(skeleton.weights), load_file(result.weights)
    parts = [name for name in before if name.startswith("skeleton.")]
    assert parts
    assert all(torch.equal(before[name], after[name]) for name in parts)


def test_train_config_is_kept_in_the_run_folder(store: Store, tmp_path: Path) -> None:
    config: RunConfig = resolve(FLOW)
    train(config, store.path, tmp_path / "run")
    kept = json.loads((tmp_path / "run" / "config.json").read_text())
    assert kept["config"] == config.to_json()
    assert {"skelflow", "git", "seed"} <= set(kept)
