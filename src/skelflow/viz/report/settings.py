"""The settings of a run, those apart that differ from the defaults."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from skelflow.errors import ConfigError
from skelflow.inference.checkpoint import Checkpoint
from skelflow.models.weights import read_header
from skelflow.training.recipe import resolve

Lines = list[tuple[str, str]]


def read_facts(checkpoint: Checkpoint) -> dict[str, str]:
    """The header of the weights file: version, commit, seed and more."""
    return read_header(checkpoint.path)


def describe_settings(checkpoint: Checkpoint) -> dict[str, Any]:
    """Settings of training and of what was prepared; `changed` differ from the defaults."""
    own = dict(_flat(json.loads(read_facts(checkpoint)["run"])))
    flow = {f"store.{name}": value for name, value in _prepared(checkpoint)}
    try:
        usual = dict(_flat(resolve({"model": {"name": checkpoint.network.name}}).to_json()))
    except ConfigError:  # a network of one's own, with settings that must be given
        return {"note": "As resolved.", "changed": [*_lines(own), *_lines(flow)], "defaults": []}
    absent = object()
    same = {name: value for name, value in own.items() if usual.get(name, absent) == value}
    changed = {name: value for name, value in own.items() if name not in same}
    named = {"model.name": checkpoint.network.name}
    return {
        "note": "What differs from the defaults, and how the recordings were prepared.",
        "changed": [*_lines(named | changed), *_lines(flow)],
        "defaults": _lines({name: same[name] for name in same if name not in named}),
    }


def _prepared(checkpoint: Checkpoint) -> Iterator[tuple[str, Any]]:
    """How the recordings were prepared, names of actions left out."""
    for name, value in _flat(checkpoint.meta.to_json()):
        if not name.startswith(("class_names", "version")):
            yield name, value


def _flat(values: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Settings by dotted name."""
    for name, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", value


def _lines(values: Mapping[str, Any]) -> Lines:
    return [(name, _shown(value)) for name, value in values.items()]


def _shown(value: object) -> str:
    """A value as a recipe has it."""
    return value if isinstance(value, str) else json.dumps(value)
