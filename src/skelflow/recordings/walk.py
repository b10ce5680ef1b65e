"""A walk over folders of recordings that does not list millions of images."""

import os
from collections.abc import Iterator
from pathlib import Path

from skelflow.recordings.ntu.names import ntu_name


def walk_folders(root: Path) -> Iterator[tuple[Path, list[str], list[str]]]:
    """Each folder below `root` with its folder and file names, both sorted.

    Folders named like an NTU RGB+D recording are listed but not entered: they hold its images.
    Links are followed, each folder once.
    """
    entered = {os.path.realpath(root)}
    for folder, folders, files in os.walk(root, followlinks=True):
        yield Path(folder), sorted(folders), sorted(files)
        places = {name: os.path.realpath(Path(folder, name)) for name in folders}
        folders[:] = sorted(
            name for name in folders if ntu_name(name) is None and places[name] not in entered
        )
        entered.update(places[name] for name in folders)
