"""Files and folders that appear whole or not at all, and are never made in two ways."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from skelflow.errors import ConfigError, DataError

PARTIAL = ".partial-"  # names of what is still being written begin with it


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A name beside `path` to write to; it takes its place when the block ends without an error.

    Raises
    ------
    DataError
        The file cannot be written.
    """
    aside = path.with_name(f"{PARTIAL}{os.getpid()}-{path.name}")
    try:
        yield aside
        aside.replace(path)
    except OSError as error:
        raise DataError(f"{path}: cannot be written ({error.strerror or error})") from error
    finally:
        with suppress(OSError):
            aside.unlink(missing_ok=True)


def enter_folder(
    out: Path, settings: dict[str, Any], *, settings_file: str, strangers: str, maker: str
) -> None:
    """Make a folder, or go on in one that was made with the same settings.

    What a stopped run left half-written is removed.

    Parameters
    ----------
    out : the folder.
    settings : plain values, "format" among them, that all of its content has in common.
    settings_file : name of the JSON file that keeps them.
    strangers : pattern of the names that must not be there without that file.
    maker : the command that makes such folders, for messages.

    Raises
    ------
    DataError
        The folder cannot be written, or holds something else.
    ConfigError
        It was made with other settings.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        remove_partial(out)
        found = _found(out, settings_file, strangers, maker)
    except OSError as error:
        raise DataError(f"{out}: cannot be written ({error.strerror or error})") from error
    if found is None:
        with whole(out / settings_file) as aside:
            aside.write_text(json.dumps(settings, indent=2) + "\n")
        return
    differing = [
        f"{name} {found.get(name)!r} there, {value!r} now"
        for name, value in settings.items()
        if found.get(name) != value
    ]
    if differing:
        raise ConfigError(
            f"{out}: holds what `{maker}` made otherwise ({'; '.join(differing)}); "
            "choose another folder, use the same settings, or remove this one"
        )


def remove_partial(folder: Path) -> None:
    """Remove what a stopped run left half-written."""
    for partial in folder.glob(f"{PARTIAL}*"):
        if partial.is_dir():
            shutil.rmtree(partial)
        else:
            partial.unlink()


def _found(out: Path, settings_file: str, strangers: str, maker: str) -> dict[str, Any] | None:
    """The settings of what is there; None in a folder without any."""
    path = out / settings_file
    if path.is_file():
        try:
            found = json.loads(path.read_text())
        except ValueError:
            found = None
        if isinstance(found, dict) and "format" in found:
            return found
        raise DataError(f"{path}: not written by `{maker}`; choose another folder")
    if there := sorted(out.glob(strangers)):
        raise DataError(
            f"{out}: holds {there[0].name} but no {settings_file} that says how it was made; "
            "choose another folder"
        )
    return None
