"""Modules of other packages that register something: a reader, a preset, a network, a score."""

from functools import cache

GROUP = "skelflow.plugins"


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
