"""Makes the runs of a table that are missing: stores, training, evaluation, one result a run."""

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np

from skelflow.datasets.prepare.run import prepare
from skelflow.datasets.store.store import Store
from skelflow.errors import DataError
from skelflow.evaluation.classifiers import classify_features, classify_joints
from skelflow.evaluation.evaluate import EVALUATION, evaluate
from skelflow.evaluation.metrics import Probabilities, Truth, top_k_accuracy
from skelflow.experiments.definition import Row, Table
from skelflow.experiments.made_of import check_made_of, check_recordings, made_of, with_rows
from skelflow.experiments.results import RunResult, read_result, result_path, write_result
from skelflow.inference.checkpoint import Checkpoint
from skelflow.training.config import RunConfig
from skelflow.training.loop import train
from skelflow.training.recipe import load_recipe
from skelflow.training.report import StepReport
from skelflow.training.state import CONFIG, RunFolder
from skelflow.version import __version__
from skelflow.wording import counted

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Workplace:
    """Where a table's runs are made.

    Parameters
    ----------
    data : folder of the data set's recordings; None = stores that are there already.
    out : gets stores/NAME and runs/ROW_SEED.
    results : gets a JSON file a run.
    device : of training and evaluation.
    workers : processes that prepare recordings.
    """

    data: Path | None
    out: Path
    results: Path
    device: str = "auto"
    workers: int = 1

    def store(self, name: str) -> Path:
        """Of the table's store."""
        return self.out / "stores" / name

    def run(self, row: str, seed: int) -> Path:
        """Of the row's run."""
        return self.out / "runs" / f"{row}_{seed}"


@runtime_checkable
class Progress(Protocol):
    """Who is told while a table is made."""

    def starts(self, what: str) -> None:
        """A store or a run begins."""

    def prepared(self, done: int, total: int, last: str = "") -> None:
        """So many recordings are prepared."""

    def trained(self, report: StepReport) -> None:
        """A training step is over."""


class Silent:
    """Progress that nobody sees."""

    def starts(self, what: str) -> None:
        """Nothing."""

    def prepared(self, done: int, total: int, last: str = "") -> None:
        """Nothing."""

    def trained(self, report: StepReport) -> None:
        """Nothing."""


def run_table(
    table: Table,
    rows: Sequence[Row],
    seeds: Sequence[int],
    place: Workplace,
    *,
    again: bool = False,
    progress: Progress | None = None,
) -> list[RunResult]:
    """Make the results that are missing, and return all of them; a stopped table goes on.

    Without data, what has neither a result nor a store is left out, and what is made of such rows,
    which the log says.

    Parameters
    ----------
    table, rows : and those of its rows that are wanted, see `Table.chosen`.
    seeds : of weights, order, augmentation and dropout.
    place : where stores, runs and results stand.
    again : evaluate anew where there is a result; each reading of the test split is counted.
    progress : is told of each step.

    Raises
    ------
    ConfigError
        A result was made with other settings than the table has now, as far as it records them:
        results of earlier versions say nothing of their store, nor of rows made of other rows.
        Or a result is of other recordings than its store has, where that is there. Results of the
        rows that a row is made of are looked at in the same way.
    DataError, FormatError, WeightsError
        Recordings, results or weights that cannot be used.
    """
    progress = progress or Silent()
    results = []
    left_out = _out_of_reach(rows, seeds, place)
    pairs = [(row, seed) for seed in seeds for row in rows if (row.name, seed) not in left_out]
    paths = [result_path(place.results, row.name, seed) for row, seed in pairs]
    works = again or not all(path.exists() for path in paths)
    stores = _stores(table, rows, place, progress, works=works)
    for row, seed in pairs:
        path = result_path(place.results, row.name, seed)
        there = read_result(path) if path.exists() else None
        for needed in row.needs:
            _check_if_there(table, table.row(needed), seed, place, stores, is_whole=works)
        if there is None or again:
            progress.starts(f"{row.label}, seed {seed}")
            result = _make(table, row, seed, place, progress)
            reads = 1 if there is None else there.test_reads + 1
            there = result.replace(test_reads=reads)
            write_result(there, path)
        else:
            _check_if_there(table, row, seed, place, stores, is_whole=works)
        results.append(there)
    return results


def _out_of_reach(
    rows: Sequence[Row], seeds: Sequence[int], place: Workplace
) -> set[tuple[str, int]]:
    """Rows and seeds without a result where there is neither data nor a store to make it of, nor
    to make the rows of that they need.

    None where nothing else is left, so that making the first one says what is missing.
    """
    pairs = [(row, seed) for row in rows for seed in seeds]
    out: set[tuple[str, int]] = set()
    for row, seed in pairs:
        if place.data is not None or result_path(place.results, row.name, seed).exists():
            continue
        if not place.store(row.store).exists() or any((name, seed) in out for name in row.needs):
            out.add((row.name, seed))
    if not out or len(out) == len(pairs):
        return set()
    log.warning(
        "left out, with neither a result nor a store in %s: %s; --data says where the "
        "recordings are",
        *(place.out, ", ".join(f"{name} (seed {seed})" for name, seed in sorted(out))),
    )
    return out


def _stores(
    table: Table, rows: Sequence[Row], place: Workplace, progress: Progress, *, works: bool
) -> dict[str, Store]:
    """The stores that are there, completed where there is work to do; to print needs none."""
    stores = {}
    for name in {row.store for row in rows if place.store(row.store).exists()}:
        if works:
            stores[name] = Store.open(_prepared(table, name, place, progress))
        else:
            with suppress(DataError):  # what a stopped `prepare` left
                stores[name] = Store.open(place.store(name))
    return stores


def _check_if_there(
    table: Table,
    row: Row,
    seed: int,
    place: Workplace,
    stores: Mapping[str, Store],
    *,
    is_whole: bool,
) -> None:
    """Refuse a result that is there and not what the table asks for, nor what it is made of."""
    for needed in row.needs:
        _check_if_there(table, table.row(needed), seed, place, stores, is_whole=is_whole)
    path = result_path(place.results, row.name, seed)
    if not path.exists():
        return
    result = read_result(path)
    check_made_of(result, _made_of(table, row, seed, place), table.protocol, path)
    if row.store in stores:
        check_recordings(result, stores[row.store], table.protocol, path, is_whole=is_whole)


def _make(table: Table, row: Row, seed: int, place: Workplace, progress: Progress) -> RunResult:
    store = _prepared(table, row.store, place, progress)
    if row.average:
        return _average(table, row, seed, place)
    if row.features_of or row.joints:
        return _classify(table, row, seed, place, store)
    return _train(table, row, seed, place, store, progress)


def _prepared(table: Table, name: str, place: Workplace, progress: Progress) -> Path:
    """The store, made or completed if there are recordings to make it of."""
    path = place.store(name)
    if place.data is not None:
        progress.starts(f"store {name}")
        config = table.store_config(name).replace(workers=place.workers)
        report = prepare(place.data, path, config, progress=progress.prepared)
        if report.failed:
            first, reason = report.failed[0]
            failed = counted(len(report.failed), "recording")
            raise DataError(
                f"{place.data}: {failed} cannot be prepared, {first} among "
                f"them ({reason}); a table is of the whole data set"
            )
    elif not path.exists():
        raise DataError(f"{path}: no such store; say with --data where the recordings are")
    return path


def run_config(table: Table, row: Row, seed: int, place: Workplace) -> RunConfig:
    """How a row is trained with a seed: its recipe, its settings, and the runs it starts from."""
    init = [f'init.{part}="{place.run(other, seed)}"' for part, other in row.init.items()]
    protocol = f'data.protocol="{table.protocol}"'
    return load_recipe(row.recipe, [*row.settings, f"seed={seed}", protocol, *init])


def _made_of(table: Table, row: Row, seed: int, place: Workplace) -> dict[str, Any]:
    """What a row's result records, with what the rows that it needs are made of."""
    config = run_config(table, row, seed, place) if row.recipe else None
    rows = {name: _made_of(table, table.row(name), seed, place) for name in row.needs}
    return with_rows(made_of(table, row, config), rows)


def _train(
    table: Table, row: Row, seed: int, place: Workplace, store: Path, progress: Progress
) -> RunResult:
    config, folder = run_config(table, row, seed, place), place.run(row.name, seed)
    train(config, store, folder, device=place.device, progress=progress.trained)
    probabilities, truth, names, classes = _test(folder, store, table.protocol, place.device)
    lines = RunFolder(folder).metrics()
    changed = (*row.settings, f"seed={seed}", f"data.protocol={table.protocol}")
    changes = [f"--set {setting}" for setting in changed]
    changes += [f"--set init.{part}=runs/{other}_{seed}" for part, other in row.init.items()]
    run, where = f"runs/{row.name}_{seed}", f"stores/{row.store}"
    return RunResult(
        row=row.name,
        seed=seed,
        commands=[
            _prepare_command(table, row.store),
            " ".join([f"skelflow train {row.recipe} {where} --run {run}", *changes]),
            f"skelflow evaluate {run} {where} --protocol {table.protocol}",
        ],
        skelflow=__version__,
        git=json.loads((folder / CONFIG).read_text(encoding="utf-8"))["git"],
        protocol=table.protocol,
        settings=_made_of(table, row, seed, place),
        parameters=_parameters(folder),
        epochs=len(lines),
        seconds=round(sum(line["seconds"] for line in lines), 1),
        **_answers(probabilities, truth, names, classes),
    )


def _average(table: Table, row: Row, seed: int, place: Workplace) -> RunResult:
    """The mean of the rows' log-probabilities, recording by recording."""
    tested = []
    for name in row.average:
        own = place.store(table.row(name).store)
        tested.append(_test(place.run(name, seed), own, table.protocol, place.device))
    _, truth, names, classes = tested[0]
    for name, (_, _, others, actions) in zip(row.average, tested, strict=True):
        if (others, actions) != (names, classes):
            raise DataError(f"{row.name}: {name} answers for other recordings or actions")
    logs = [np.log(np.maximum(probabilities, 1e-12)) for probabilities, *_ in tested]
    parts = " ".join(f"runs/{name}_{seed}" for name in row.average)
    return RunResult(
        row=row.name,
        seed=seed,
        commands=[f"skelflow table TABLE --rows {row.name}", f"averages {parts}"],
        skelflow=__version__,
        protocol=table.protocol,
        settings=_made_of(table, row, seed, place),
        parameters=sum(_parameters(place.run(name, seed)) for name in row.average),
        **_answers(np.mean(logs, axis=0), truth, names, classes),
    )


def _classify(table: Table, row: Row, seed: int, place: Workplace, store: Path) -> RunResult:
    """A classifier on another row's features, or on the joints themselves."""
    kind, protocol, where = row.classifier, table.protocol, f"stores/{row.store}"
    if row.joints:
        found = classify_joints(store, classifier=kind, protocol=protocol)
        command = f"skelflow table TABLE --rows {row.name}"
    else:
        run = place.run(row.features_of, seed)
        found = classify_features(
            run, store, classifier=kind, protocol=protocol, device=place.device
        )
        command = f"skelflow evaluate runs/{run.name} {where} --classifier {kind}"
    return RunResult(
        row=row.name,
        seed=seed,
        commands=[_prepare_command(table, row.store), command],
        skelflow=__version__,
        protocol=protocol,
        settings=_made_of(table, row, seed, place),
        truth=found.truth,
        predicted=found.predicted,
    )


def _test(
    run: Path, store: Path, protocol: str, device: str
) -> tuple[Probabilities, Truth, tuple[str, ...], tuple[int, ...]]:
    """Probabilities, truth and name of each test recording, and the action of each class."""
    result = evaluate(run, store, protocol=protocol, device=device, out=run / EVALUATION)
    actions = tuple(row.action for row in result.classes)
    return result.probabilities, result.truth, result.names, actions


def _answers(
    scores: Probabilities, truth: Truth, names: Iterable[str], classes: Sequence[int]
) -> dict[str, Any]:
    names = list(names)
    predicted = scores.argmax(axis=1)
    return {
        "top5": top_k_accuracy(scores, truth, k=5),
        "truth": {name: classes[i] for name, i in zip(names, truth, strict=True)},
        "predicted": {name: classes[i] for name, i in zip(names, predicted, strict=True)},
    }


def _parameters(run: Path) -> int:
    return sum(weight.numel() for weight in Checkpoint.load(run).network.parameters())


def _prepare_command(table: Table, store: str) -> str:
    options = []
    for name, value in table.stores[store].items():
        shown = "x".join(map(str, value)) if isinstance(value, list) else value
        flag = f"--{name.replace('_', '-')}"
        options.append(flag if value is True else f"{flag} {shown}")
    return " ".join(["skelflow prepare DATA --out", f"stores/{store}", *options])
