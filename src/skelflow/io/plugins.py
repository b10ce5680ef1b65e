"""Modules of other packages that register something: a reader, a preset, a network, a score."""

from functools import cache
from typing import Generic, TypeVar

from skelflow.errors import ConfigError
from skelflow.settings import nearest_name

GROUP = "skelflow.plugins"

Entry = TypeVar("Entry")


@cache
def load_plugins() -> None:
    """Import each module that an installed package names under `skelflow.plugins`, once.

    A package does so in its `pyproject.toml`; importing the module registers what it brings::

        [project.entry-points."skelflow.plugins"]
        mine = "my_package.my_data_set"
    """
    from importlib.metadata import entry_points  # slow to import, and seldom needed

    for plugin in entry_points(group=GROUP):
        plugin.load()


class Registry(Generic[Entry]):
    """Things of one kind by name: this package's own, and those that others register.

    Parameters
    ----------
    kind : what they are, as messages say it.
    """

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._entries: dict[str, Entry] = {}

    def add(self, name: str, entry: Entry) -> None:
        """Register an entry; `ConfigError` where another one has its name."""
        if self._entries.setdefault(name, entry) != entry:
            raise ConfigError(f"{self._kind} {name!r} is registered already; choose another name")

    def find(self, name: str) -> Entry:
        """The entry of that name; `ConfigError` with the nearest name if there is none."""
        if name not in self._entries:
            load_plugins()
        if name not in self._entries:
            raise ConfigError(f"unknown {self._kind} {name!r}; {nearest_name(name, self._entries)}")
        return self._entries[name]

    def all(self) -> dict[str, Entry]:
        """All that are registered so far, by name."""
        return dict(self._entries)
