"""A folder of recordings becomes a store: range first, then every recording, resumable."""

from collections.abc import Callable, Container, Sequence
from contextlib import closing
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Literal

import skelflow
from skelflow.datasets.config import PrepareConfig
from skelflow.datasets.meta import StoreMeta
from skelflow.datasets.protocols import class_names
from skelflow.datasets.sequence import prepare_sequence
from skelflow.datasets.store import Store
from skelflow.datasets.survey import Survey, measure_range, survey_recordings
from skelflow.datasets.workers import check_stopped, each
from skelflow.errors import DataError, SkelflowError
from skelflow.recordings import find_recordings, open_recording

__all__ = ["PrepareConfig", "PrepareReport", "Progress", "prepare"]

Progress = Callable[[int, int, str], None]  # recordings finished, of how many, the last one's name
_Outcome = tuple[str, Literal["done", "skipped", "failed"], str]


@dataclass(frozen=True)
class PrepareReport:
    """What a run of `prepare` did.

    Parameters
    ----------
    done : recordings prepared by this run.
    skipped_existing : recordings that were in the store already.
    failed : (name, reason) of each recording that could not be prepared.
    """

    done: int
    skipped_existing: int
    failed: tuple[tuple[str, str], ...]


def prepare(
    source: str | Path,
    out: str | Path,
    config: PrepareConfig | None = None,
    *,
    only: str = "*",
    progress: Progress = lambda *_: None,
) -> PrepareReport:
    """Prepare every recording below a folder; go on where an earlier run stopped.

    Parameters
    ----------
    source : folder of recordings of one data set, or one recording.
    out : the store, made when it is not there.
    config : see `PrepareConfig`; the paper's by default.
    only : prepare the recordings whose file or folder name matches this pattern, as "a[1-9]_*".
    progress : called after each recording with (finished, total, name).

    Returns
    -------
    PrepareReport : recordings that fail are listed there with the reason, the others go on.

    Raises
    ------
    DataError
        No recording below `source`, none of them can be read, nothing moves in the sample
        that the range is measured on, or `out` is something else than a store.
    ConfigError
        `out` was made with another configuration, or the crop exceeds the depth image.

    Notes
    -----
    The range is the 99.5th percentile of the moving pixels' components over four pairs of each of
    24 training recordings, to the millimeter. Only training recordings: a test set has no say.
    """
    config = config or PrepareConfig()
    source, out = Path(source), Path(out)
    paths = _select(find_recordings(source), only, source)
    survey = survey_recordings(paths, source, config)
    store = Store.create(out, _configure(survey, out, config), exist_ok=True)
    origins = {path: _origin(path, source) for path in paths}
    mine = set(origins.values())
    known = {store.attributes(name)["origin"] for name in store.names()}
    todo = [path for path in paths if origins[path] not in known]
    tasks = [(path, origins[path], store.path, config) for path in todo]
    outcomes: list[_Outcome] = [("", "skipped", "")] * (len(paths) - len(todo))
    with closing(each(_prepare_one, tasks, config.workers)) as results:
        for outcome in results:
            outcomes.append(_settle(outcome, mine))
            progress(len(outcomes), len(paths), outcome[0])
    return _report(outcomes)


def _select(paths: list[Path], only: str, source: Path) -> list[Path]:
    chosen = [path for path in paths if fnmatch(path.name, only)]
    if not chosen:
        raise DataError(f"{source}: none of {len(paths)} recordings matches {only!r}")
    return chosen


def _report(outcomes: Sequence[_Outcome]) -> PrepareReport:
    states = [state for _, state, _ in outcomes]
    failed = sorted((name, reason) for name, state, reason in outcomes if state == "failed")
    return PrepareReport(states.count("done"), states.count("skipped"), tuple(failed))


def _origin(path: Path, source: Path) -> str:
    return path.relative_to(source).as_posix() if path != source else path.name


def _prepare_one(path: Path, origin: str, out: Path, config: PrepareConfig) -> _Outcome:
    store = Store.open(out)
    name = path.name
    try:
        recording = open_recording(path)
        name = recording.name
        if store.has(name):
            return _already_there(store, name, origin)
        sequence = prepare_sequence(
            recording,
            config,
            range_m=store.meta.range_m,
            layout=store.meta.layout,
            origin=origin,
            before_pair=check_stopped,
        )
        store.write(sequence)
    except SkelflowError as error:
        return name, "failed", str(error)
    return name, "done", ""


def _already_there(store: Store, name: str, origin: str) -> _Outcome:
    """The same recording seen from a folder further up or down, or another one of its name."""
    there = store.attributes(name)["origin"]
    if f"/{origin}".endswith(f"/{there}") or f"/{there}".endswith(f"/{origin}"):
        return name, "skipped", there
    return name, "failed", _taken(name, there)


def _taken(name: str, there: str) -> str:
    return f"the store already holds {name!r}, prepared from {there}; rename one of the two"


def _settle(outcome: _Outcome, origins: Container[str]) -> _Outcome:
    """A recording whose place in the store belongs to another one of this run has failed."""
    name, state, there = outcome
    taken = state == "skipped" and there in origins
    return (name, "failed", _taken(name, there)) if taken else outcome


def _configure(survey: Survey, out: Path, config: PrepareConfig) -> StoreMeta:
    """What the store is made with; the range of a store that is already there is kept."""
    range_m, range_from = config.range_m, "given"
    if config.per_sequence_range:
        range_from = "each sequence"
    elif range_m is None and (there := _existing(out)) is not None:
        range_m, range_from = there.range_m, there.range_from
    elif range_m is None:
        range_m = measure_range(survey, config)
        range_from = f"measured on {len(survey.sample)} {survey.sample_of}"
    return StoreMeta(
        source=survey.source,
        layout=survey.layout,
        crop=config.crop,
        size=config.size,
        stride=config.stride,
        preset=config.preset,
        intensity=config.intensity,
        region=config.region,
        range_m=range_m,
        per_sequence_range=config.per_sequence_range,
        range_from=range_from,
        class_names=class_names(survey.source),
        version=skelflow.__version__,
    )


def _existing(out: Path) -> StoreMeta | None:
    """The store that is already there, `DataError` when something else is."""
    empty = not out.exists() or (out.is_dir() and not any(out.iterdir()))
    return None if empty else Store.open(out).meta
