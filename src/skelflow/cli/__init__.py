"""The `skelflow` command; every module of `skelflow.cli.commands` adds one."""

from importlib import import_module
from pkgutil import iter_modules

from skelflow.cli import commands
from skelflow.cli.app import app, main

for _module in iter_modules(commands.__path__):
    import_module(f"{commands.__name__}.{_module.name}")

__all__ = ["app", "main"]
