"""What the actions of a store are called: one number has one name, whoever was prepared when."""

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from skelflow.datasets.catalog import action_names, contradiction, share_actions
from skelflow.datasets.store.store import Store
from skelflow.errors import DataError, FormatError
from skelflow.recordings import find_reader
from skelflow.types import Recording


def check_actions(recording: Recording, store: Store) -> None:
    """Refuse, with `DataError`, a recording whose action numbers mean something else there."""
    source, held = recording.source, store.meta.source
    if not share_actions(source, held):
        raise DataError(
            f"{recording.path}: a recording of {source!r}, and {store.path} holds {held!r}, whose "
            "actions have other numbers; prepare it into another store"
        )
    check_names(recording.path, source, store)


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
        if reader is None or not share_actions(reader.name, store.meta.source):
            continue
        with suppress(FormatError):  # opening it says so
            own = action_names(path, reader.name)
            if not contradiction(own, names):
                names.update(own)
    return names
