"""`actions.txt`: what the numbers of actions mean in a folder of recordings."""

import re
from collections.abc import Mapping
from pathlib import Path

from skelflow.errors import FormatError
from skelflow.io.atomic import atomic_write
from skelflow.io.files import is_file, read_text

ACTIONS_FILE = "actions.txt"
_ABOVE = 4  # the folder itself and three above it
_LINE = re.compile(r"\s*(\d{1,9})\s*:\s*(\S.*?)\s*")


def find_action_names(path: Path) -> dict[int, str]:
    """Number -> name, from the nearest `actions.txt` beside or above a recording; else empty.

    Raises
    ------
    FormatError
        A line is not "NUMBER: NAME", or a number or name comes twice; names file and line.
    """
    file = find_actions_file(path)
    return {} if file is None else read_action_names(file)


def find_actions_file(path: Path) -> Path | None:
    """The nearest `actions.txt`, in a folder or up to three above; None where there is none."""
    places = (path.absolute(), *path.absolute().parents)[: _ABOVE + 1]
    files = (place / ACTIONS_FILE for place in places)
    return next((file for file in files if is_file(file)), None)


def read_action_names(file: Path) -> dict[int, str]:
    """The names of an `actions.txt`; empty lines and lines that begin with # say nothing.

    Raises
    ------
    FormatError
        See `find_action_names`.
    """
    lines = read_text(file, encoding="utf-8-sig").splitlines()
    names: dict[int, str] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            raise FormatError(f"{file}, line {number}: {line[:40]!r}, expected NUMBER: NAME")
        if int(match[1]) in names or match[2] in names.values():
            raise FormatError(f"{file}, line {number}: {line[:40]!r} is named a second time")
        names[int(match[1])] = match[2]
    return names


def action_number(name: str, path: Path) -> int:
    """The number of an action that is given by name, for a recording at a path.

    Raises
    ------
    FormatError
        There is no `actions.txt`, or the name is not in it; says what to write where.
    """
    file = find_actions_file(path)
    if file is None:
        raise FormatError(
            f"{path}: [labels] action is {name!r}, expected a whole number, or a name: then write "
            f"{ACTIONS_FILE} into the folder above all recordings, a line an action, as 1: {name}"
        )
    numbers = {known: number for number, known in read_action_names(file).items()}
    if name not in numbers:
        raise FormatError(
            f"{path}: action {name!r} is not in {file}; known: {', '.join(numbers)}; add a line "
            f"such as {max(numbers.values(), default=0) + 1}: {name}"
        )
    return numbers[name]


def write_action_names(folder: Path, names: Mapping[int, str]) -> None:
    """Write a folder's `actions.txt`; `StorageError` where that is impossible."""
    with atomic_write(folder / ACTIONS_FILE) as partial:
        lines = (f"{number}: {name}\n" for number, name in sorted(names.items()))
        partial.write_text("".join(lines), encoding="utf-8")
