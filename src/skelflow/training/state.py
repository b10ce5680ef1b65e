"""The run folder: its configuration, its metrics, and the whole state to go on from."""

import json
import logging
import math
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

from skelflow.datasets.store.store import Store
from skelflow.errors import ConfigError, DataError, WeightsError
from skelflow.io.atomic import LOCK, PARTIAL, atomic_write, only_writer, remove_partials
from skelflow.io.documents import parse_json, read_json
from skelflow.io.files import open_file, read_text
from skelflow.settings import differences
from skelflow.training.config import RunConfig
from skelflow.training.optimizer import Schedule
from skelflow.training.recipe import resolve
from skelflow.version import __version__

CONFIG, METRICS, LAST, PREVIOUS = "config.json", "metrics.jsonl", "last.pt", "previous.pt"
RECORDINGS = "recordings"  # in config.json
log = logging.getLogger(__name__)


@dataclass
class Counters:
    """Where a run is, and what it has measured so far.

    Parameters
    ----------
    epoch, step : the next step, both from 0; `step` counts within the epoch.
    loss, correct, seen : sums over the samples of the epoch so far.
    seconds : spent in the epoch so far.
    best_epoch, best_top1, best_loss : of the chosen checkpoint; epoch from 1, 0 = none yet.
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

    @property
    def mean_loss(self) -> float:
        """Over the samples of the epoch so far."""
        return self.loss / self.seen

    def start_next_epoch(self) -> None:
        """Go to the first step of the next epoch; the sums start at 0."""
        self.epoch, self.step = self.epoch + 1, 0
        self.loss, self.correct, self.seen, self.seconds = 0.0, 0, 0, 0.0


@dataclass
class TrainingState:
    """Everything that changes from step to step, hence what a stopped run needs to go on.

    The order of samples, augmentation and dropout follow from (seed, epoch, step).

    Parameters
    ----------
    model, optimizer, schedule
    scaler : of the gradients, in fp16.
    counters : see `Counters`.
    """

    model: nn.Module
    optimizer: Optimizer
    schedule: Schedule
    scaler: torch.amp.GradScaler | None = None
    counters: Counters = field(default_factory=Counters)

    def state_dict(self) -> dict[str, Any]:
        """Everything as plain values and tensors; the content of last.pt."""
        schedule = self.schedule
        return {
            "state": asdict(self.counters),
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": [schedule.best, schedule.waited, schedule.drops],
            "scaler": self.scaler.state_dict() if self.scaler else None,
        }

    def load_state_dict(self, values: Mapping[str, Any]) -> None:
        """Take over what `state_dict` gave."""
        counters = Counters(**values["state"])
        self.model.load_state_dict(values["model"])
        self.optimizer.load_state_dict(values["optimizer"])
        schedule = self.schedule
        schedule.best, schedule.waited, schedule.drops = values["schedule"]
        if self.scaler:
            self.scaler.load_state_dict(values["scaler"])
        self.counters = counters


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

    @contextmanager
    def open(
        self, config: RunConfig, store: Store, recordings: Mapping[str, Any]
    ) -> Iterator[None]:
        """Write `config.json`, or check that the run in the folder is the same; keep others out.

        The configuration of a run that has not saved any state yet is replaced, and removed where
        the block fails.

        Parameters
        ----------
        config, store : of the run.
        recordings : that it trains on, see `skelflow.training.setup.describe_recordings`. Runs of
            earlier versions do not record them; then they are not compared.

        Raises
        ------
        ConfigError
            The folder holds a run of another configuration, of other data or other recordings.
        DataError
            Another process is training there.
        StorageError
            Nothing can be written there.
        """
        foreign = self.path.exists() and not (self.path / CONFIG).exists()
        if foreign and not all(_is_of_a_stopped_run(entry) for entry in self.path.iterdir()):
            raise ConfigError(f"{self.path}: not empty, and no run; choose another folder")
        with only_writer(self.path):
            self._claim(config, store, recordings)
            try:
                yield
            except BaseException:
                self._remove_unbegun()
                raise

    def _remove_unbegun(self) -> None:
        """Take the configuration away again, where it is all that there is of a run."""
        with suppress(OSError):  # the folder may be gone
            if {entry.name for entry in self.path.iterdir()} <= {LOCK, CONFIG}:
                (self.path / CONFIG).unlink()

    def _claim(self, config: RunConfig, store: Store, recordings: Mapping[str, Any]) -> None:
        settings = {"config": config.to_json(), "data": store.meta.to_json()}
        wanted = json.loads(json.dumps(settings))
        file = self.path / CONFIG
        if any((self.path / name).exists() for name in (LAST, PREVIOUS)):
            found = read_json(file, refusal=ConfigError)
            if not (isinstance(found, dict) and wanted.keys() <= found.keys()):
                raise ConfigError(f"{file}: damaged; choose another folder")
            found["config"] = _with_new_defaults(found["config"], file)
            if longer := _only_longer(found["config"], config):
                found["config"] = wanted["config"]
            compared = ((_without_names(found[key]), _without_names(wanted[key])) for key in wanted)
            if changes := [line for pair in compared for line in differences(*pair)]:
                raise ConfigError(
                    f"{self.path}: holds a run of another configuration ({'; '.join(changes)}); "
                    "choose another folder, or the same settings to go on (more epochs are fine "
                    "unless the schedule is cosine or one_cycle, which plan for their end)"
                )
            if (known := found.get(RECORDINGS)) is not None and known != recordings:
                raise ConfigError(
                    f"{self.path}: holds a run that was trained on other recordings "
                    f"({'; '.join(differences(known, dict(recordings)))}) than {store.path} has; "
                    "choose another folder for a run on these"
                )
            if longer:
                _write(file, json.dumps(found, indent=2))
            remove_partials(self.path)
            return
        facts = {"skelflow": __version__, "git": self.git, "seed": config.seed}
        _write(file, json.dumps(facts | wanted | {RECORDINGS: dict(recordings)}, indent=2))

    def save(self, state: TrainingState) -> None:
        """Write last.pt; the one before it becomes previous.pt.

        Raises
        ------
        StorageError
            It cannot be written; the states saved before are still there.
        """
        with (
            atomic_write(self.path / LAST, keep=self.path / PREVIOUS) as partial,
            partial.open("wb") as file,
        ):
            torch.save(state.state_dict(), file)

    def resume(self, state: TrainingState) -> None:
        """Load last.pt, or previous.pt if that one is damaged; without either, change nothing.

        Raises
        ------
        WeightsError
            There are such files, and none of them can be read or fits.
        """
        problems = []
        for file in (self.path / name for name in (LAST, PREVIOUS)):
            if not file.exists():
                continue
            try:
                with open_file(file, refusal=WeightsError) as stream:
                    content = torch.load(stream, map_location="cpu", weights_only=True)
                state.load_state_dict(content)
            except Exception as error:  # torch raises nearly anything on a damaged file
                problems.append(f"{file}: no state of this run ({_first_sentence(error)})")
                continue
            if problems:
                self._discard_damaged(problems[0], file, state.counters)
            return
        if problems:
            raise WeightsError(f"{'; '.join(problems)}; remove them to start again")

    def _discard_damaged(self, problem: str, loaded: Path, at: Counters) -> None:
        """Remove a last.pt that cannot be read; the next save would keep it as previous.pt."""
        (self.path / LAST).unlink(missing_ok=True)
        where = (at.epoch + 1, at.step + 1)
        log.warning("%s; going on from %s, epoch %d, step %d", problem, loaded.name, *where)

    def append(self, metrics: Mapping[str, Any]) -> None:
        """Add the line of an epoch; a line of that epoch or a later one is replaced."""
        lines = [line for line in self.metrics() if line["epoch"] < metrics["epoch"]]
        text = "".join(json.dumps(_finite(line)) + "\n" for line in [*lines, dict(metrics)])
        _write(self.path / METRICS, text)

    def metrics(self) -> list[dict[str, Any]]:
        """One entry an epoch, as far as the run has come."""
        file = self.path / METRICS
        lines = read_text(file, refusal=DataError).splitlines() if file.exists() else []
        found = [parse_json(line, file, refusal=DataError) for line in lines]
        if not all(isinstance(one, dict) and isinstance(one.get("epoch"), int) for one in found):
            raise DataError(f"{file}: damaged, expected a table with an epoch on each line")
        return found


def _finite(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """The same with None instead of numbers that are none of JSON."""
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in metrics.items()
    }


def _write(path: Path, text: str) -> None:
    with atomic_write(path) as partial:
        partial.write_text(text, encoding="utf-8")


def _with_new_defaults(config: Mapping[str, Any], file: Path) -> dict[str, Any]:
    """The configuration of a run that an earlier version began; new settings have their default."""
    try:
        return resolve(config).to_json()
    except ConfigError as error:
        raise ConfigError(f"{file}: of another version ({error}); choose another folder") from None


def _without_names(found: Any) -> Any:
    """Settings without the names of actions: `prepare` adds those that it did not know."""
    if not isinstance(found, Mapping):
        return found
    return {key: value for key, value in found.items() if key != "class_names"}


def _only_longer(found: Mapping[str, Any], config: RunConfig) -> bool:
    """Whether a run shall have more epochs than before, and its learning rate allows that."""
    wanted = config.to_json()
    longer = config.epochs > found["epochs"] and not config.optim.schedule.needs_end
    return longer and {**found, "epochs": None} == {**wanted, "epochs": None}


def _first_sentence(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0].split(". ")[0]


def git_hash() -> str:
    """The commit of the checkout that skelflow runs from, "+" appended when files differ."""
    folder = Path(__file__).parent

    def git(*words: str) -> str:
        command = ["git", "-C", str(folder), *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.stdout.strip() if done.returncode == 0 else ""

    try:
        if not git("ls-files", "__init__.py"):
            return ""
        return git("rev-parse", "HEAD") + ("+" if git("status", "--porcelain", "--", ".") else "")
    except OSError:
        return ""


def _is_of_a_stopped_run(entry: Path) -> bool:
    """Whether a file may lie in a folder in which a run ended before it began."""
    return entry.name == LOCK or entry.name.startswith(PARTIAL)
