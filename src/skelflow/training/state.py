"""The run folder: its configuration, its metrics, and the whole state to go on from."""

import json
import math
import os
import subprocess
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

import skelflow
from skelflow.datasets.store import Store
from skelflow.errors import ConfigError, WeightsError
from skelflow.training.config import RunConfig
from skelflow.training.schedule import Schedule

CONFIG, METRICS, LAST = "config.json", "metrics.jsonl", "last.pt"


@dataclass
class RunState:
    """Where a run is, beside its tensors.

    Parameters
    ----------
    epoch, step : the next step: `step` counts within the epoch.
    loss, correct, seen : sums over the samples of the epoch so far.
    seconds : spent in the epoch so far.
    best_epoch, best_top1, best_loss : of the checkpoint kept; 0 = none yet.
    """

    epoch: int = 0
    step: int = 0
    loss: float = 0.0
    correct: int = 0
    seen: int = 0
    seconds: float = 0.0
    best_epoch: int = 0
    best_top1: float = -1.0
    best_loss: float = math.inf

    def next_epoch(self) -> None:
        """Go to the first step of the next epoch."""
        self.epoch, self.step = self.epoch + 1, 0
        self.loss, self.correct, self.seen, self.seconds = 0.0, 0, 0, 0.0


@dataclass(frozen=True)
class RunFolder:
    """A folder that one run writes into.

    Parameters
    ----------
    path : Path
    git : hash of the source that runs, "" when unknown.
    """

    path: Path
    git: str = field(default_factory=lambda: git_hash())

    def open(self, config: RunConfig, store: Store) -> None:
        """Write `config.json`, or check that the run in the folder is the same.

        The configuration of a run that has not saved any state yet is replaced.

        Raises
        ------
        ConfigError
            The folder holds a run of another configuration or of other data.
        """
        settings = {"config": config.to_json(), "data": store.meta.to_json()}
        wanted = json.loads(json.dumps(settings))
        file = self.path / CONFIG
        if (self.path / LAST).exists():
            found = json.loads(file.read_text())
            changes = [line for key in wanted for line in _differences(found[key], wanted[key])]
            if changes:
                raise ConfigError(
                    f"{self.path}: holds a run of another configuration ({'; '.join(changes)}); "
                    "choose another folder, or the same settings to go on"
                )
            return
        if self.path.exists() and any(self.path.iterdir()) and not file.exists():
            raise ConfigError(f"{self.path}: not empty, and no run; choose another folder")
        self.path.mkdir(parents=True, exist_ok=True)
        facts = {"skelflow": skelflow.__version__, "git": self.git, "seed": config.seed}
        replace_file(file, json.dumps(facts | wanted, indent=2).encode())

    def save(
        self, state: RunState, model: nn.Module, optimizer: Optimizer, schedule: Schedule
    ) -> None:
        """Write everything that the next step depends on, whole or not at all."""
        values = {
            "state": asdict(state),
            "model": model.state_dict(),
            "optimizer": optimizer.state_dict(),
            "schedule": [schedule.best, schedule.waited, schedule.drops],
        }
        aside = self.path / f".{LAST}.{os.getpid()}"
        torch.save(values, aside)
        _publish(aside, self.path / LAST)

    def resume(self, model: nn.Module, optimizer: Optimizer, schedule: Schedule) -> RunState:
        """Load what `save` wrote; a new state when there is nothing yet.

        Raises
        ------
        WeightsError
            The file cannot be read or does not fit.
        """
        file = self.path / LAST
        if not file.exists():
            return RunState()
        try:
            values = torch.load(file, map_location="cpu", weights_only=True)
            model.load_state_dict(values["model"])
            optimizer.load_state_dict(values["optimizer"])
            schedule.best, schedule.waited, schedule.drops = values["schedule"]
            return RunState(**values["state"])
        except (RuntimeError, OSError, KeyError, TypeError, ValueError, EOFError) as error:
            raise WeightsError(
                f"{file}: no state of this run ({error}); remove it to start again"
            ) from error

    def append(self, metrics: Mapping[str, Any]) -> None:
        """Add the line of an epoch; a line of that epoch or a later one is replaced."""
        lines = [line for line in self.metrics() if line["epoch"] < metrics["epoch"]]
        text = "".join(json.dumps(line) + "\n" for line in [*lines, dict(metrics)])
        replace_file(self.path / METRICS, text.encode())

    def metrics(self) -> list[dict[str, Any]]:
        """One entry an epoch, as far as the run has come."""
        file = self.path / METRICS
        lines = file.read_text().splitlines() if file.exists() else []
        return [json.loads(line) for line in lines]


def replace_file(path: Path, content: bytes) -> None:
    """Write a file beside, flush it to the disk, and rename it."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    aside.write_bytes(content)
    _publish(aside, path)


def _publish(aside: Path, path: Path) -> None:
    with aside.open("rb+") as file:
        os.fsync(file.fileno())
    aside.replace(path)


def _differences(found: Any, wanted: Any, name: str = "") -> list[str]:
    """One line for each setting that differs, by dotted name."""
    if isinstance(found, Mapping) and isinstance(wanted, Mapping):
        return [
            line
            for key in sorted({*found, *wanted})
            for line in _differences(found.get(key), wanted.get(key), f"{name}.{key}".strip("."))
        ]
    return [] if found == wanted else [f"{name}: {found!r} there, {wanted!r} asked for"]


def git_hash() -> str:
    """The commit of the checkout that skelflow runs from, "+" appended when files differ."""
    folder = Path(skelflow.__file__).parent

    def ask(*words: str) -> str:
        command = ["git", "-C", str(folder), *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.stdout.strip() if done.returncode == 0 else ""

    try:
        if not ask("ls-files", "__init__.py"):
            return ""
        return ask("rev-parse", "HEAD") + ("+" if ask("status", "--porcelain", "--", ".") else "")
    except OSError:
        return ""
