"""Settings are chosen by leaving out training subjects in turn; every trial goes into a log."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from skelflow.datasets.catalog import find_data_set
from skelflow.datasets.protocols import split
from skelflow.datasets.store.store import Store
from skelflow.errors import DataError
from skelflow.io.atomic import atomic_write
from skelflow.io.documents import parse_json
from skelflow.io.files import read_text
from skelflow.settings import shown
from skelflow.training.loop import train as train_network
from skelflow.training.recipe import load_recipe
from skelflow.training.report import StepReport
from skelflow.training.setup import check_starts, make_split
from skelflow.training.state import RunFolder, git_hash

LOG = "trials.jsonl"


@dataclass(frozen=True)
class Trial:
    """What a recipe reaches on a training subject that was left out.

    Parameters
    ----------
    recipe, settings : what was trained.
    subject : left out.
    seed, epochs : of the run.
    last, best : share of right answers on that subject, after the last epoch and at its best.
    seconds : of training.
    git : commit that computed it.
    """

    recipe: str
    settings: tuple[str, ...]
    subject: int
    seed: int
    epochs: int
    last: float
    best: float
    seconds: float
    git: str


def training_subjects(store: Store, protocol: str | None = None) -> tuple[int, ...]:
    """The subjects that train under a protocol; `DataError` when they are not known."""
    labels = store.labels()
    train, _ = split(labels, find_data_set(store.meta.source).protocol(protocol))
    subjects = {labels[name].subject for name in train}
    if None in subjects or len(subjects) < 2:
        raise DataError(
            f"{store.path}: to leave out subjects in turn, at least two must train and every "
            "training recording must say whose it is"
        )
    return tuple(sorted(subject for subject in subjects if subject is not None))


def cross_validate(
    recipe: str,
    store_path: str | Path,
    out: str | Path,
    *,
    settings: Sequence[str] = (),
    subjects: Sequence[int] = (),
    device: str = "auto",
    progress: Callable[[int, StepReport], None] = lambda *_: None,
) -> list[Trial]:
    """Train once for each left-out training subject; a stopped cross-validation goes on.

    Parameters
    ----------
    recipe : see `skelflow.training.recipe.load_recipe`; its `paper_protocol` is set aside, for that
        looks at test recordings.
    store_path : prepared sequences.
    out : gets a run folder a trial, and a line a trial in trials.jsonl.
    settings : that differ from the recipe, as in "optim.lr=0.01".
    subjects : to leave out, one at a time; none = each training subject.
    device : see `skelflow.training.loop.train`.
    progress : told of the subject that is left out, and of each step.

    Raises
    ------
    ConfigError, DataError, Interrupted
        See `skelflow.training.loop.train`. A damaged log, and a part to start from that was
        trained on a subject to leave out, are found before anything is trained. Test recordings
        are never read.
    """
    store, out = Store.open(store_path), Path(out)
    _read_log(out / LOG)
    protocol = load_recipe(recipe, settings).data.protocol
    configs = {
        subject: load_recipe(recipe, [*settings, f"data.held_out_subjects=[{subject}]"]).replace(
            paper_protocol=False
        )
        for subject in subjects or training_subjects(store, protocol)
    }
    for config in configs.values():
        check_starts(config, store, make_split(config, store))
    trials = []
    for subject, config in configs.items():
        folder = out / f"without_{subject}"
        train_network(
            config,
            store_path,
            folder,
            device=device,
            progress=partial(progress, subject),
        )
        lines = RunFolder(folder).metrics()
        shares = [line["held_out_top1"] for line in lines]
        trial = Trial(
            recipe=recipe,
            settings=tuple(settings),
            subject=subject,
            seed=config.seed,
            epochs=len(lines),
            last=shares[-1],
            best=max(shares),
            seconds=round(sum(line["seconds"] for line in lines), 1),
            git=git_hash(),
        )
        trials.append(trial)
        _log(trial, out / LOG)
    return trials


def _log(trial: Trial, path: Path) -> None:
    """Add a trial to the log, unless it has it already."""
    new = json.loads(json.dumps(asdict(trial)))
    there = _read_log(path)
    if any({**old, "git": ""} == {**new, "git": ""} for old in there):
        return
    with atomic_write(path) as partial:
        text = "".join(json.dumps(line) + "\n" for line in [*there, new])
        partial.write_text(text, encoding="utf-8")


def _read_log(path: Path) -> list[dict[str, Any]]:
    """The trials so far; `DataError` names the line that is none."""
    lines = read_text(path, refusal=DataError).splitlines() if path.exists() else []
    trials = []
    for number, line in enumerate(lines, start=1):
        where = f"{path}, line {number}"
        try:
            trial = parse_json(line, where, refusal=DataError)
        except DataError as error:
            raise DataError(f"{error}, expected a trial; delete that line") from None
        if not isinstance(trial, dict):
            raise DataError(f"{where}: found {shown(trial)}, expected a trial; delete that line")
        trials.append(trial)
    return trials
