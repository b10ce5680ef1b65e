"""The `skelflow` command: parse, call one function, print."""

from skelflow.cli import data, flow, known, networks
from skelflow.cli.shell import app, main

__all__ = ["app", "data", "flow", "known", "main", "networks"]
