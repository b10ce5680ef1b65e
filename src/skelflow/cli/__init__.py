"""The `skelflow` command; every module below `skelflow.cli.commands` adds some."""

from importlib import import_module
from pkgutil import walk_packages

from skelflow.cli import commands
from skelflow.cli.app import app, main

for _module in walk_packages(commands.__path__, f"{commands.__name__}."):
    import_module(_module.name)

__all__ = ["app", "main"]
