"""The sides of a protocol that a trained network can be tested on, by name."""

from typing import Literal, get_args

from skelflow.errors import ConfigError

Side = Literal["test", "held_out", "train"]


def check_side(side: str) -> None:
    """`ConfigError` unless it is one of the sides."""
    *others, last = map(repr, get_args(Side))
    if side not in get_args(Side):
        raise ConfigError(f"split: found {side!r}, expected {', '.join(others)} or {last}")
