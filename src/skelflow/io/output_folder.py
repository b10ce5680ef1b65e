"""Output folders of commands: resumable, of one configuration."""

import json
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any

from skelflow.errors import ConfigError, DataError, FormatError
from skelflow.io.atomic import atomic_write, remove_partials, storage_errors
from skelflow.io.documents import read_json


def enter_folder(
    out: Path,
    settings: dict[str, Any],
    *,
    settings_file: str,
    outputs: str,
    maker: str,
    former_values: Mapping[str, str] = MappingProxyType({}),
    later: Collection[str] = (),
) -> None:
    """Make a folder, or go on in one that was made with the same settings.

    What a stopped run left half-written is removed.

    Parameters
    ----------
    out : the folder.
    settings : plain values, "format" among them, that all of its content has in common.
    settings_file : name of the JSON file that keeps them.
    outputs : pattern of what the command writes; without the settings, none may be there.
    maker : the command that makes such folders, for messages.
    former_values : former spelling -> present one, of values in folders made earlier.
    later : names of settings that folders made earlier lack, where they are not compared.

    Raises
    ------
    StorageError
        The folder cannot be written.
    DataError
        It holds something else.
    ConfigError
        It was made with other settings.
    """
    with storage_errors(out):
        out.mkdir(parents=True, exist_ok=True)
        remove_partials(out)
        found = _found(out, settings_file, outputs, maker)
    if found is None:
        with atomic_write(out / settings_file) as aside:
            aside.write_text(json.dumps(settings, indent=2) + "\n")
        return
    differing = [
        f"{name} {found.get(name)!r} there, {value!r} now"
        for name, value in settings.items()
        if (name in found or name not in later)
        and _present(found.get(name), former_values) != value
    ]
    if differing:
        raise ConfigError(
            f"{out}: holds what `{maker}` made otherwise ({'; '.join(differing)}); "
            "choose another folder, use the same settings, or remove this one"
        )


def _present(value: Any, former_values: Mapping[str, str]) -> Any:
    return former_values.get(value, value) if isinstance(value, str) else value


def _found(out: Path, settings_file: str, outputs: str, maker: str) -> dict[str, Any] | None:
    """The settings of what is there; None in a folder without any."""
    path = out / settings_file
    if path.is_file():
        found = None
        with suppress(FormatError):
            found = read_json(path)
        if isinstance(found, dict) and "format" in found:
            return found
        raise DataError(f"{path}: not written by `{maker}`; choose another folder")
    if there := sorted(out.glob(outputs)):
        raise DataError(
            f"{out}: holds {there[0].name} but no {settings_file} that says how it was made; "
            "choose another folder"
        )
    return None
