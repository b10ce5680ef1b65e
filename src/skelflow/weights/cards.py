"""What bundled weights were made of, and how good they are: a card beside each file."""

import tomllib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from skelflow.errors import WeightsError


@dataclass(frozen=True)
class Card:
    """What one must know before using bundled weights.

    Parameters
    ----------
    name : to load them by.
    what : the network and its actions.
    reads : what a recording must have.
    data, protocol, accuracy : what they were trained and tested on, and the share named right.
    cost : of training.
    commands : that give them.
    license : of the weights.
    megabytes : size of the file.
    """

    name: str
    what: str
    reads: str
    data: str
    protocol: str
    accuracy: str
    cost: str
    commands: tuple[str, ...]
    license: str
    megabytes: float


def read_card(name: str) -> Card:
    """The card of bundled weights; `WeightsError` if there are none of that name."""
    folder = Path(str(resources.files("skelflow.weights")))
    path, weights = folder / f"{name}.toml", folder / f"{name}.safetensors"
    if not path.exists() or not weights.exists():
        raise WeightsError(f"{name}: no weights of that name come with skelflow")
    values = tomllib.loads(path.read_text(encoding="utf-8"))
    values["commands"] = tuple(values["commands"])
    return Card(name=name, megabytes=round(weights.stat().st_size / 1e6, 1), **values)
