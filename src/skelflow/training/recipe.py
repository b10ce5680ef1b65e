"""Recipes: TOML files that say only what differs from the defaults."""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from skelflow.errors import ConfigError
from skelflow.io.documents import read_toml
from skelflow.io.files import is_file
from skelflow.models.registry import configure
from skelflow.recipes import find_recipe
from skelflow.training.config import ModelSection, RunConfig

# the paper's settings for networks that read flow, where they differ from the skeleton networks'
_FLOW_DEFAULTS: dict[str, Any] = {
    "batch_size": 60,
    "epochs": 30,
    "l1": 0.0,
    "clip_norm": 10.0,
    "optim": {"lr": 3e-3, "schedule": {"name": "step", "factor": 0.2, "every": 4}},
}


def load_recipe(recipe: str | Path, overrides: Sequence[str] = ()) -> RunConfig:
    """The configuration that a recipe and some changes to it describe.

    Parameters
    ----------
    recipe : one of `skelflow.recipes.list_recipes()`, or a file whose name ends in .toml.
    overrides : settings by dotted name, such as "optim.lr=0.01"; values are TOML, or bare text.

    Raises
    ------
    ConfigError
        There is no such recipe, the file cannot be read or is no TOML, or a setting is unknown, of
        the wrong type or out of range; for unknown names the nearest one is given.
    """
    named = Path(recipe).suffix != ".toml" and not is_file(recipe)
    path = find_recipe(str(recipe)) if named else Path(recipe)
    values = read_toml(path, refusal=ConfigError)
    for override in overrides:
        values = _merge(values, _parse_override(override))
    try:
        return resolve(values)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None


def resolve(values: Mapping[str, Any]) -> RunConfig:
    """A configuration from nested settings; what is not there is the paper's for that network.

    Examples
    --------
    >>> resolve({"model": {"name": "c3d"}}).batch_size
    60
    """
    model = values.get("model", {})
    name = model.get("name", ModelSection().name) if isinstance(model, Mapping) else None
    reads_flow = isinstance(name, str) and configure(name, {}).reads_clips
    return RunConfig.from_mapping(_merge(_FLOW_DEFAULTS, values) if reads_flow else values)


def _merge(base: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in change.items():
        there = merged.get(key)
        both = isinstance(value, Mapping) and isinstance(there, Mapping)
        merged[key] = _merge(there, value) if both else value  # type: ignore[arg-type]
    return merged


def _parse_override(override: str) -> dict[str, Any]:
    name, equals, text = override.partition("=")
    if not equals or not all(part.isidentifier() for part in name.split(".")):
        raise ConfigError(f"override {override!r}: expected a setting, =, and its value")
    try:
        value, *others = tomllib.loads(f"value = {text}").values()
    except tomllib.TOMLDecodeError:
        value, others = text, []
    except (ValueError, RecursionError) as error:  # 5000 digits, deep nesting
        raise ConfigError(f"override of {name}: no value that can be read ({error})") from None
    if others:
        raise ConfigError(f"override {override!r}: expected one setting; give each its own")
    for part in reversed(name.split(".")):
        value = {part: value}
    return dict(value)
