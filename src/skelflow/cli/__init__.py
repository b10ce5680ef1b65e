"""The `skelflow` command: parse, call one function, print."""

from skelflow.cli import data, flow, networks, synth
from skelflow.cli.shell import app, main

__all__ = ["app", "data", "flow", "main", "networks", "synth"]
