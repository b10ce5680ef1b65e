"""The recipes that come with skelflow: TOML files that say only what differs from the defaults."""

import fnmatch
from pathlib import Path

from skelflow.errors import ConfigError
from skelflow.settings import nearest_name

_FOLDER = Path(__file__).parent


def list_recipes(pattern: str = "*") -> list[str]:
    """Names that match a pattern with wildcards, sorted.

    Examples
    --------
    >>> list_recipes("ntu/c3d*")
    ['ntu/c3d', 'ntu/c3d_at1', 'ntu/c3d_at2']
    """
    files = _FOLDER.rglob("*.toml")
    names = sorted(file.relative_to(_FOLDER).with_suffix("").as_posix() for file in files)
    return fnmatch.filter(names, pattern)


def find_recipe(name: str) -> Path:
    """The file of a recipe.

    Raises
    ------
    ConfigError
        There is no such recipe; the nearest name is given.
    """
    known = list_recipes()
    if name not in known:
        raise ConfigError(
            f"unknown recipe {name!r}; {nearest_name(name, known)} (`skelflow recipes` lists them; "
            "a file's name ends in .toml)"
        )
    return _FOLDER / f"{name}.toml"


def describe_recipe(name: str) -> str:
    """The first line of a recipe, its comment sign taken off; `ConfigError` as `find_recipe`."""
    return find_recipe(name).read_text(encoding="utf-8").splitlines()[0].lstrip("# ")
