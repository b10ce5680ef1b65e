"""What the actions of a store are called: one number has one name, whoever was prepared when."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from skelflow.datasets.catalog import (
    action_names,
    contradiction,
    find_data_set,
    share_actions,
)
from skelflow.datasets.store.store import Store
from skelflow.errors import DataError, FormatError
from skelflow.recordings import find_reader
from skelflow.recordings.action_names import find_action_names
from skelflow.types import Recording


def check_actions(recording: Recording, store: Store) -> None:
    """Refuse, with `DataError`, a recording whose action number means something else there."""
    path, source, held = recording.path, recording.source, store.meta
    if recording.labels.action is None:
        return
    other = has_other_numbers(path, source, held.source, held.class_names)
    if other and not find_action_names(path):
        raise DataError(
            f"{path}: a recording of {source!r}, and {store.path} holds {held.source!r}, whose "
            "actions have other numbers; prepare it into another store, or write one actions.txt "
            "above all recordings"
        )
    check_names(path, source, store)


def has_other_numbers(path: Path, source: str, held: str, names: Mapping[int, str]) -> bool:
    """Whether the action numbers of a path mean something else than those of another source.

    They do not where an `actions.txt` says what they are, or both are known, without contradiction.

    Parameters
    ----------
    path, source : of a recording.
    held, names : the other source, and what its actions are called.
    """
    if share_actions(source, held):
        return False
    given = find_action_names(path)
    own = given or find_data_set(source).action_names
    return bool(contradiction(own, names)) or not (given or (own and names))


def check_names(path: Path, source: str, store: Store) -> None:
    """Refuse, with `DataError`, a path whose actions are called otherwise in the store."""
    if found := contradiction(action_names(path, source), store.meta.class_names):
        raise DataError(
            f"{path}: {found} in {store.path}; use one actions.txt for all of its recordings, or "
            "another store. Where only the word changed, change it in "
            f"{store.path / 'zarr.json'}, too"
        )


def all_names(paths: Iterable[Path], store: Store) -> dict[int, str]:
    """Number -> name of a store's actions, and of those of some paths that it does not know yet.

    A path that contradicts those before it adds nothing; `check_actions` will refuse it.
    """
    names = dict(store.meta.class_names)
    for path in paths:
        reader = find_reader(path)
        if reader is None:
            continue
        with suppress(FormatError):  # opening it says so
            if has_other_numbers(path, reader.name, store.meta.source, store.meta.class_names):
                continue
            own = action_names(path, reader.name)
            if not contradiction(own, names):
                names.update(own)
    return names
