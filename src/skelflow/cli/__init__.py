"""The `skelflow` command: parse, call one function, print."""

from skelflow.cli import data, flow, networks, plan, prepare
from skelflow.cli.shell import app, main

__all__ = ["app", "data", "flow", "main", "networks", "plan", "prepare"]
