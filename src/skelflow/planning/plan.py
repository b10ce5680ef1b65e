"""The plan: what a probe's rates come to for a whole data set, in words."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from skelflow.datasets.prepare.config import PrepareConfig
from skelflow.inference.compute import AUTO
from skelflow.models.registry import configure
from skelflow.planning.data_size import DataSize, measure_size
from skelflow.planning.probe import PrepareRate, TrainRate, probe_prepare, probe_training
from skelflow.training.config import RunConfig
from skelflow.wording import counted

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Plan:
    """What a data set will cost; every figure follows from the measured rates.

    Parameters
    ----------
    size : of the data set.
    prepare : rate of preparing, on this machine.
    workers : numbers of workers to plan for, each with a core of this speed to itself.
    train : rate of training on this machine's device; None = not asked for.
    samples : clips or sequences that train, in an epoch.
    unit : "clips" or "sequences".
    epochs : of the recipe.
    """

    size: DataSize
    prepare: PrepareRate
    workers: tuple[int, ...]
    train: TrainRate | None = None
    samples: float = 0.0
    unit: str = "clips"
    epochs: int = 0

    @property
    def pairs(self) -> float:
        """Frame pairs of the whole data set."""
        return self.size.recordings * self.size.pairs

    @property
    def units(self) -> float:
        """Of the whole data set, what `prepare` is the rate of: pairs, or recordings."""
        return self.pairs if self.prepare.pairs else float(self.size.recordings)

    @property
    def core_hours(self) -> float:
        """To prepare it, on a processor."""
        return self.units * self.prepare.core_s / 3600

    @property
    def hours_here(self) -> float:
        """To prepare it on this machine, as busy as it was."""
        return self.units * self.prepare.wall_s / self.prepare.workers / 3600

    @property
    def store_bytes(self) -> float:
        """Of the whole store."""
        return self.units * self.prepare.bytes

    @property
    def train_hours(self) -> float:
        """To train the recipe on it."""
        rate = self.train.sample_s if self.train else 0.0
        return self.epochs * self.samples * rate / 3600

    def to_dict(self) -> dict[str, Any]:
        """The measured rates, and what follows from them."""
        figures = ("pairs", "core_hours", "hours_here", "store_bytes", "train_hours")
        return asdict(self) | {name: getattr(self, name) for name in figures}

    def to_text(self) -> str:
        """A table with the rate behind each figure."""
        size, rate = self.size, self.prepare
        flow = f", {self.pairs:,.0f} pairs, {size.recordings * size.clips:,.0f} clips"
        lines = [
            f"{counted(size.recordings, 'recording')}, {size.recordings * size.frames:,.0f} frames"
            f"{flow if rate.pairs else ', skeletons alone'} "
            f"(from {size.opened} opened, +- {size.uncertainty:.0%})",
            f"prepare: {_core_hours(self.core_hours)}; a {rate.unit} takes "
            f"{1000 * rate.core_s:.0f} ms of a core, {1000 * rate.wall_s:.0f} ms here and now "
            f"({counted(rate.recordings, 'recording')}"
            f"{', ' + counted(rate.pairs, 'pair') if rate.pairs else ''})",
            f"  {_workers(rate.workers)}  {_duration(self.hours_here)} here, as busy as it is",
            *(
                f"  {_workers(count)}  {_duration(self.core_hours / count)}, a core for each"
                for count in self.workers
            ),
            f"  store            {_bytes(self.store_bytes)} in "
            f"{size.recordings * rate.files:,.0f} files; {rate.bytes / 1000:.1f} kB a {rate.unit}",
        ]
        if self.train is not None:
            lines += [
                f"train: {self.samples:,.0f} {self.unit} an epoch, "
                f"{1000 * self.train.sample_s:.1f} ms each in batches of {self.train.batch}",
                f"  {self.epochs:>5} epochs     {_duration(self.train_hours)} on this machine",
            ]
        return "\n".join(lines)


def make_plan(
    source: Path,
    config: PrepareConfig,
    recipe: RunConfig | None = None,
    *,
    workers: Sequence[int] = (),
    device: str = AUTO,
    progress: Progress = lambda *_: None,
) -> Plan:
    """Look into a data set, prepare a few of its recordings, train a few steps on them.

    Parameters
    ----------
    source : folder of recordings.
    config : how to prepare; `config.workers` is this machine's number of workers.
    recipe : what to train, see `skelflow.training.recipe.load_recipe`.
    workers : more numbers of workers to plan for, as a cluster's.
    device : that trains, see `skelflow.training.loop.train`.
    progress : called after each prepared recording.

    Raises
    ------
    SkelflowError
        Whatever keeps `prepare` or `train` from working.

    Notes
    -----
    Other cores are taken to be as fast as these, and their disks fast enough to read the
    recordings; both are worth a probe there.
    """
    clips = {}
    if recipe is not None and (clip := configure(recipe.model.name, recipe.model.options).clip):
        clips = {"length": clip.length, "overlap": recipe.data.overlap}
    size = measure_size(source, config, **clips)
    with tempfile.TemporaryDirectory(prefix="skelflow-plan-") as scratch:
        store = Path(scratch) / "store"
        prepared = probe_prepare(source, store, config, progress=progress)
        if recipe is None:
            return Plan(size, prepared, tuple(workers))
        trained = probe_training(recipe, store, Path(scratch), device=device)
    training = size.recordings * size.training_share
    windows = clips and recipe.data.sampling == "windows"
    return Plan(
        size,
        prepared,
        tuple(workers),
        trained,
        samples=training * (size.clips if windows else 1),
        unit="clips" if clips else "sequences",
        epochs=recipe.epochs,
    )


def _workers(count: int) -> str:
    return f"{count:>5} {'worker' if count == 1 else 'workers':<9}"


def _core_hours(hours: float) -> str:
    return f"{hours:,.1f} core-hours" if hours >= 0.1 else f"{hours:.1g} core-hours"


def _duration(hours: float) -> str:
    if hours < 1:
        return f"{60 * hours:.1f} min"
    return f"{hours:.1f} h" if hours < 48 else f"{hours / 24:.1f} days"


def _bytes(count: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} TB"
