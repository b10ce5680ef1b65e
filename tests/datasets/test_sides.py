"""The sides of a protocol are named in one place, for the library and the command line."""

import re
from inspect import signature
from typing import get_args

import pytest

from skelflow.cli.commands.networks.evaluate import evaluate
from skelflow.cli.commands.networks.report import report
from skelflow.datasets.sides import Side, check_side
from skelflow.errors import ConfigError


def test_every_side_is_one_and_anything_else_is_told_which_there_are() -> None:
    for side in get_args(Side):
        check_side(side)
    expected = "split: found 'both', expected 'test', 'held_out' or 'train'"
    with pytest.raises(ConfigError, match=f"^{re.escape(expected)}$"):
        check_side("both")


@pytest.mark.parametrize(("command", "sides"), [(evaluate, Side), (report, Side | None)])
def test_the_commands_take_the_sides_of_the_library(command: object, sides: object) -> None:
    assert signature(command).parameters["split"].annotation == sides
