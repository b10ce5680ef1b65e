"""What a result was made of, and whether the table still asks for that."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from skelflow.datasets.catalog import find_data_set
from skelflow.datasets.prepare.config import PrepareConfig
from skelflow.datasets.protocols import split
from skelflow.datasets.store.store import Store
from skelflow.errors import ConfigError
from skelflow.experiments.definition import Row, Table, to_prepare_config
from skelflow.experiments.results import RunResult
from skelflow.settings import SettingsError, differences, shown
from skelflow.training.config import RunConfig
from skelflow.training.recipe import resolve

# how the work is done, and what a store keeps for itself: no settings of a table
_NOT_COMPARED = {"workers", "retries", "method_version"}
_MOST_NAMED = 5  # settings, in a message


def made_of(table: Table, row: Row, config: RunConfig | None = None) -> dict[str, Any]:
    """Settings as a result keeps them: what the row is made of, and how its store is prepared.

    Parameters
    ----------
    table, row
    config : of the row's run; None for a row that is made of other rows or of joints.

    Returns
    -------
    Plain values: those of the configuration, where runs to start from are named by their row; or
    `average`; or `features_of` or `joints`, and `classifier`. `store` has the store's.
    """
    store = {"store": _of_store(table.store_config(row.store))}
    if config is not None:
        values = config.to_json()
        values["init"] |= row.init
        return values | store
    if row.average:
        return {"average": list(row.average)} | store
    source = {"joints": True} if row.joints else {"features_of": row.features_of}
    return source | {"classifier": row.classifier} | store


def with_rows(settings: Mapping[str, Any], rows: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a row with those of the rows that it is made of, by their names."""
    return {**settings, "rows": dict(rows)} if rows else dict(settings)


def check_made_of(result: RunResult, wanted: Mapping[str, Any], protocol: str, path: Path) -> None:
    """Refuse a result that was made of something else than is wanted.

    Parameters
    ----------
    result : results of earlier versions do not record all; what they lack is not compared.
    wanted : what the table says now, see `made_of` and `with_rows`.
    protocol : of the table.
    path : of the result, for the message.

    Raises
    ------
    ConfigError
        Names the file and each setting that differs; or the file records what is no setting.
    """
    try:
        found = _recorded(result.settings, result.protocol)
    except ConfigError as error:
        raise ConfigError(f"{path}: records what is no setting ({error}); delete it") from None
    for name in ("store", "rows"):
        if name not in found:
            wanted = {key: value for key, value in wanted.items() if key != name}
    if not result.settings and "model" not in wanted:  # of a row made of others, by version 0.2
        wanted = {}
    changes = differences({"protocol": result.protocol, **found}, {"protocol": protocol, **wanted})
    if changes:
        more = len(changes) - _MOST_NAMED
        said = [*changes[:_MOST_NAMED], *([f"and {more} more"] if more > 0 else [])]
        raise ConfigError(
            f"{path}: made with other settings than row {result.row} of the table has now "
            f"({'; '.join(said)}); delete it, or name another folder for results"
        )


def check_recordings(
    result: RunResult, store: Store, protocol: str, path: Path, *, is_whole: bool = True
) -> None:
    """Refuse a result of other test recordings than a store has.

    Parameters
    ----------
    result : may lack recordings of actions that nobody trains.
    store : of the result's row.
    protocol : of the table.
    path : of the result, for the message.
    is_whole : whether the store was completed; else it may lack recordings.

    Raises
    ------
    ConfigError
        Names the file, and how many recordings the store lacks or has more.
    """
    labels = store.labels()
    train, test = split(labels, find_data_set(store.meta.source).protocol(protocol))
    actions = {labels[name].action for name in train}
    fewer = sorted(result.truth.keys() - set(test))
    more = [name for name in test if name not in result.truth and labels[name].action in actions]
    if more or (fewer and is_whole):
        raise ConfigError(
            f"{path}: tested on other recordings than {store.path} has: {len(fewer)} of its "
            f"{len(result.truth)} are not there, {len(more)} there were not tested, "
            f"{[*fewer, *more][0]} among them; delete it with its run, or name another folder for "
            "results, or prepare the recordings that it was tested on"
        )


def _recorded(settings: Any, protocol: str) -> dict[str, Any]:
    """What a result records; settings that are newer than it have their default."""
    found = _table(settings, "settings")
    store, rows = found.pop("store", None), _table(found.pop("rows", {}), "rows")
    if "model" in found:
        found = resolve(found).to_json()
        if found["data"]["protocol"] is None:  # the usual one of its data set
            found["data"]["protocol"] = protocol
    found = with_rows(found, {name: _recorded(of_row, protocol) for name, of_row in rows.items()})
    if store is None:
        return found
    return found | {"store": _of_store(to_prepare_config(_table(store, "store")))}


def _table(found: Any, name: str) -> dict[str, Any]:
    if not isinstance(found, Mapping):
        raise SettingsError(f"{name}: found {shown(found)}, expected a table")
    return dict(found)


def _of_store(config: PrepareConfig) -> dict[str, Any]:
    """Its settings as plain values by the names that a table gives them."""
    values = config.model_dump(mode="json")
    values |= values.pop("flow")
    return {name: value for name, value in values.items() if name not in _NOT_COMPARED}
