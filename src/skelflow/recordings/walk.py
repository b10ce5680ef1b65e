"""A walk over folders of recordings that does not list millions of images."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from skelflow.recordings.ntu.names import ntu_name


def walk_folders(
    root: Path, *, on_error: Callable[[OSError], None] | None = None
) -> Iterator[tuple[Path, list[str], list[str]]]:
    """Each folder below `root` with its folder and file names, both sorted.

    Folders named like an NTU RGB+D recording are listed but not entered: they hold its images.
    Links are followed, each folder once. What cannot be read is left out, and `on_error` is told.
    """
    entered = {os.path.realpath(root)}
    for folder, folders, files in os.walk(root, followlinks=True, onerror=on_error):
        yield Path(folder), sorted(folders), sorted(files)
        others = (name for name in folders if ntu_name(name) is None)
        places = {name: os.path.realpath(Path(folder, name)) for name in others}
        folders[:] = sorted(name for name, place in places.items() if place not in entered)
        entered.update(places[name] for name in folders)


def unreadable_folders(root: Path) -> list[Path]:
    """The folders below (and at) `root` that cannot be read, sorted."""
    found: list[Path] = []
    for _ in walk_folders(root, on_error=lambda error: found.append(Path(error.filename))):
        pass
    return sorted(found)
