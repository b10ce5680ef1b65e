"""A short run of the real thing: a few recordings prepared, a few training steps made."""

import json
import shutil
import statistics
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from skelflow.datasets.prepare.config import PrepareConfig
from skelflow.datasets.prepare.manifest import HISTORY
from skelflow.datasets.prepare.run import prepare
from skelflow.datasets.store.store import Store
from skelflow.errors import DataError
from skelflow.inference.compute import AUTO
from skelflow.training.config import InitSection, RunConfig
from skelflow.training.loop import train
from skelflow.training.report import StepReport
from skelflow.training.setup import make_split

_FIRST_BATCH = 4
_STEPS = 4
_PATIENCE_S = 15.0


@dataclass(frozen=True)
class PrepareRate:
    """What preparing some recordings took.

    Parameters
    ----------
    recordings, pairs : prepared; no pairs where only skeletons are.
    workers : side by side.
    wall_s : that one worker took for one `unit`, the others and everything else at work too.
    core_s : of these, seconds on a processor.
    bytes : in the store for one `unit`, joints and descriptions included.
    files : in the store for one recording.
    """

    recordings: int
    pairs: int
    workers: int
    wall_s: float
    core_s: float
    bytes: float
    files: float

    @property
    def unit(self) -> str:
        """What the rates are of: "pair", or "recording" where only skeletons are prepared."""
        return "pair" if self.pairs else "recording"


@dataclass(frozen=True)
class TrainRate:
    """What a few training steps took.

    Parameters
    ----------
    batch : samples in each of the steps that were measured.
    sample_s : seconds for one sample, loading included.
    """

    batch: int
    sample_s: float


def probe_prepare(
    source: Path,
    store: Path,
    config: PrepareConfig,
    *,
    progress: Callable[[int, int, str], None] = lambda *_: None,
) -> PrepareRate:
    """Prepare four recordings a worker into an empty place and look at the history.

    Raises
    ------
    DataError
        None of them can be prepared.
    """
    report = prepare(source, store, config, limit=4 * config.workers, progress=progress)
    if not report.done:
        raise DataError(f"{source}: none of the probed recordings can be prepared: {report.failed}")
    lines = [json.loads(line) for line in (store / HISTORY).read_text().splitlines()]
    spent = {line["name"]: line for line in lines if line["state"] == "done"}
    pairs = sum(len(Store.open(store).joints_px(name)) for name in spent)
    units = pairs or len(spent)
    files = [file for name in spent for file in (store / name).rglob("*") if file.is_file()]
    return PrepareRate(
        recordings=len(spent),
        pairs=pairs,
        workers=config.workers,
        wall_s=sum(line["seconds"] for line in spent.values()) / units,
        core_s=sum(line["cpu_s"] for line in spent.values()) / units,
        bytes=sum(file.stat().st_size for file in files) / units,
        files=len(files) / len(spent),
    )


class _ProbeDone(Exception):  # noqa: N818
    """Ends a run once enough steps have been timed."""


def probe_training(
    config: RunConfig, store: Path, scratch: Path, *, device: str = AUTO
) -> TrainRate:
    """Time a few steps of a recipe on a store's sequences, repeated to fill its batches.

    Parameters
    ----------
    config : of the run; what it starts from and whom it holds out, or an early
        stop, make no difference to time.
    store : at least one sequence that trains.
    scratch : an empty folder.
    device : see `skelflow.training.loop.train`.

    Notes
    -----
    The batch is the recipe's, or as large as a step of 15 seconds allows.
    """
    few = _time_steps(config, store, scratch / "few", _FIRST_BATCH, device)
    batch = max(1, min(config.batch_size, int(_PATIENCE_S / few)))
    return TrainRate(batch, _time_steps(config, store, scratch / "many", batch, device))


def _time_steps(config: RunConfig, store: Path, scratch: Path, batch: int, device: str) -> float:
    """Seconds for a sample, in the steps after the first."""
    config = config.replace(
        data=config.data.replace(held_out_subjects=(), cache=False, workers=0),
        batch_size=batch,
        accumulate=min(config.accumulate, batch),
        init=InitSection(),
        early_stop=0,
        paper_protocol=False,
    )
    _repeat(config, store, scratch / "store", (_STEPS + 1) * batch)
    times: list[float] = []

    def time_step(_: StepReport) -> None:
        times.append(time.perf_counter())
        if len(times) > _STEPS:
            raise _ProbeDone

    with suppress(_ProbeDone):
        train(config, scratch / "store", scratch / "run", device=device, progress=time_step)
    between = [later - earlier for earlier, later in pairwise(times)]
    return statistics.median(between) / batch


def _repeat(config: RunConfig, store: Path, out: Path, count: int) -> None:
    """A store of copies of another one's sequences that train, at least `count`."""
    original = Store.open(store)
    names = make_split(config, original).fit
    made = Store.create(out, original.meta)
    for copy in range(-(-count // len(names))):
        for name in names:
            shutil.copytree(original.path / name, made.path / f"{name}-{copy}")
