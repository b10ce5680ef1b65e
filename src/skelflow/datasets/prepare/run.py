"""Prepare a folder of recordings into a store: range first, then each recording, resumable."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from skelflow.datasets.prepare.config import PrepareConfig
from skelflow.datasets.prepare.manifest import append_history, write_manifest
from skelflow.datasets.prepare.naming import all_names, check_names
from skelflow.datasets.prepare.sampling import (
    Sample,
    low_discrepancy_order,
    measure_range,
    sample_recordings,
)
from skelflow.datasets.prepare.stored import Stored
from skelflow.datasets.prepare.task import RecordingStatus, prepare_one
from skelflow.datasets.store.schema import StoreMeta
from skelflow.datasets.store.store import Store, can_create_store
from skelflow.errors import ConfigError, DataError, StorageError
from skelflow.flow.method import METHOD_VERSION
from skelflow.io.atomic import only_writer
from skelflow.io.cluster import TaskResult, Workers, explain
from skelflow.recordings import find_recordings
from skelflow.version import __version__
from skelflow.wording import counted

__all__ = ["PrepareConfig", "PrepareReport", "Progress", "prepare"]

Progress = Callable[[int, int, str], None]  # recordings finished, of how many, the last one's name
Tasks = list[tuple[Any, ...]]


@dataclass(frozen=True)
class PrepareReport:
    """What a run of `prepare` did.

    Parameters
    ----------
    done : recordings prepared by this run.
    skipped_existing : recordings that were in the store already.
    failed : (name, reason) of each recording that could not be prepared.
    mended : (name, what) of each that this run prepared after its reader mended something.
    estimated : how many of those that this run prepared have estimated joints.
    """

    done: int
    skipped_existing: int
    failed: tuple[tuple[str, str], ...]
    mended: tuple[tuple[str, str], ...] = ()
    estimated: int = 0


def prepare(
    source: str | Path,
    out: str | Path,
    config: PrepareConfig | None = None,
    *,
    only: str = "*",
    limit: int | None = None,
    scheduler: str | None = None,
    progress: Progress = lambda *_: None,
    notice: Callable[[str], None] = lambda _: None,
    dashboard: Callable[[str], None] = lambda _: None,
) -> PrepareReport:
    """Prepare every recording below a folder; go on where an earlier run stopped.

    A script that calls it does so below `if __name__ == "__main__":`, for its workers are
    processes of their own.

    Parameters
    ----------
    source : folder of recordings of one data set, or one recording.
    out : the store, made when it is not there.
    config : see `PrepareConfig`; the paper's by default.
    only : prepare the recordings whose file or folder name matches this pattern, as "a[1-9]_*".
    limit : prepare only so many of them, evenly spread.
    scheduler : address of a dask scheduler, whose workers see the same folders; None = processes
        of this machine, as many as `config.workers`.
    progress : called after each recording with (finished, total, name).
    notice : called with a sentence where the work differs from what `config` says: recordings
        without depth make a store of skeletons alone.
    dashboard : called with the address that shows the workers, once they work.

    Returns
    -------
    PrepareReport : recordings that fail are listed there with the reason, the others go on. The
        store's manifest.jsonl says the same of all runs, its history.jsonl with times.

    Raises
    ------
    DataError
        No recording below `source`, none of them can be read, nothing moves in the sample
        that the range is measured on, `out` is something else than a store or gives actions
        other names, another run writes into it, or the workers are lost.
    ConfigError
        `out` was made with another configuration, the crop exceeds the depth image, or the
        scheduler does not answer.
    StorageError
        `out` cannot be written, or is full.

    Notes
    -----
    The range is the 99.5th percentile of the moving pixels' components over four pairs of each of
    24 training recordings, to the millimeter. Only training recordings: a test set has no say.
    """
    config = config or PrepareConfig()
    source, out = Path(source), Path(out)
    paths = _select(find_recordings(source), only, source)
    if limit is not None:
        paths = sorted(low_discrepancy_order(paths)[:limit])
    sample = sample_recordings(paths, source, config)
    if sample.layout is not None and not (sample.has_depth or config.skeletons_only):
        config = config.replace(skeletons_only=True)
        notice(f"{source}: skeletons without depth; only skeletons are prepared, and no flow")
    there = _existing(out)
    if there is not None and there.has_flow and there.flow.method_version < METHOD_VERSION:
        _heed_older_method(out, there, sample, notice)
    workers = Workers(
        config.workers, scheduler=scheduler, retries=config.retries, announce=dashboard
    )
    with only_writer(out), workers:
        if scheduler is not None:
            workers.connect()  # where none answers, nothing is written
        store = Store.create(out, _configure(sample, there, config, workers), exist_ok=True)
        stored = Stored.find(store, {path.absolute(): _origin(path, source) for path in paths})
        missing = stored.missing()
        store = _name_actions(store, sample, missing)
        tasks = [(path, stored.origins[path], out.absolute(), config) for path in missing]
        statuses = [RecordingStatus("", "", "skipped")] * (len(paths) - len(tasks))
        try:
            for path, found in _run(workers, tasks):
                status = stored.settle(path, found)
                append_history(out, status, path)
                if status.state == "no room":
                    raise StorageError(status.reason)
                statuses.append(status)
                progress(len(statuses), len(paths), status.name)
        finally:
            write_manifest(store, statuses)
    return _report(statuses)


def _heed_older_method(
    out: Path, there: StoreMeta, sample: Sample, notice: Callable[[str], None]
) -> None:
    """Say that lenses stay unheeded; `ConfigError` where the former method is gone."""
    version = there.flow.method_version
    if there.flow.preset == "best":
        raise ConfigError(
            f"{out}: its flow is of an earlier preset 'best' (method version {version}, now "
            f"{METHOD_VERSION}), which would not be the same; prepare another store"
        )
    if sample.has_lens:
        notice(
            f"{out}: its flow takes cameras for pinholes, as earlier versions did (method version "
            f"{version}), and so will what is added; a new store heeds their lenses"
        )


def _name_actions(store: Store, sample: Sample, missing: list[Path]) -> Store:
    """The store with the names of new actions; `DataError` where the sample contradicts it."""
    for path in sample.paths:
        check_names(path, sample.source, store)
    return store.with_class_names(all_names([*sample.paths, *missing], store))


def _run(workers: Workers, tasks: Tasks) -> Iterator[tuple[Path, RecordingStatus]]:
    """The path and the status of each recording, in the order of completion."""
    with closing(workers.run(prepare_one, tasks)) as results:
        for result in results:
            yield result.task[0], _status(result)


def _status(result: TaskResult) -> RecordingStatus:
    if result.error is None:
        found: RecordingStatus = result.value
        return found
    path, origin, *_ = result.task
    return RecordingStatus(path.name, origin, "failed", explain(result.error))


def _select(paths: list[Path], only: str, source: Path) -> list[Path]:
    chosen = [path for path in paths if fnmatch(path.name, only)]
    if not chosen:
        raise DataError(f"{source}: none of {counted(len(paths), 'recording')} matches {only!r}")
    return chosen


def _report(statuses: list[RecordingStatus]) -> PrepareReport:
    states = [status.state for status in statuses]
    done, there = (states.count(state) for state in ("done", "skipped"))
    failed, mended = (
        sorted((one.name, one.reason) for one in statuses if one.state == state and one.reason)
        for state in ("failed", "done")
    )
    estimated = sum(status.estimated for status in statuses)
    return PrepareReport(done, there, tuple(failed), tuple(mended), estimated)


def _origin(path: Path, source: Path) -> str:
    return path.relative_to(source).as_posix() if path != source else path.name


def _configure(
    sample: Sample, there: StoreMeta | None, config: PrepareConfig, workers: Workers
) -> StoreMeta:
    """What the store is made with; the range of a store that is already there is kept."""
    range_m, range_from = config.flow.range_m, "given"
    if config.skeletons_only:
        range_from = "nothing: no flow"
    elif config.flow.per_sequence_range:
        range_from = "each sequence"
    elif range_m is None and there is not None:
        range_m, range_from = there.flow.range_m, there.range_from
    elif range_m is None:
        range_m = measure_range(sample, config, workers)
        range_from = f"measured on {len(sample.paths)} {sample.description}"
    version = (there or config).flow.method_version
    return StoreMeta(
        source=sample.source,
        layout=sample.layout,
        flow=config.flow.replace(range_m=range_m, method_version=version),
        has_flow=not config.skeletons_only,
        range_from=range_from,
        class_names=sample.action_names,
        version=__version__,
        focal_px=there.focal_px if there is not None else sample.focal_px,
        frame_rate_hz=there.frame_rate_hz if there is not None else sample.frame_rate_hz,
        has_lens=there.has_lens if there is not None else sample.has_lens,
    )


def _existing(out: Path) -> StoreMeta | None:
    """The store that is already there, `DataError` when something else is."""
    return None if can_create_store(out) else Store.open(out).meta
