"""The `skelflow` command: parse, call one function, print."""

from skelflow.cli import data, explain, flow, networks, synth
from skelflow.cli.shell import app, main

__all__ = ["app", "data", "explain", "flow", "main", "networks", "synth"]
