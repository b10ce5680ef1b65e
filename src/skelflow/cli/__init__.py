"""The `skelflow` command: parse, call one function, print; every module here adds its commands."""

from importlib import import_module
from pkgutil import iter_modules

from skelflow.cli.shell import app, main

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")

__all__ = ["app", "main"]
