"""Groups of settings: what is accepted, and how a wrong one is named."""

import math
import pickle
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field

from skelflow.errors import ConfigError
from skelflow.settings import Count, Positive, Settings, SettingsError


class Schedule(Settings):
    name: Literal["step", "cosine"] = "step"
    every: Count = 4
    share: Annotated[float, Field(ge=0, lt=1)] = 0.5


class Optim(Settings):
    lr: Positive = 0.1
    nesterov: bool = True
    momentum: float = 0.9
    layer: Literal["sum", 1, 2] = "sum"
    file: str | None = None
    schedule: Schedule = Schedule()

    def check(self) -> None:
        self.require(self.momentum > 0 or not self.nesterov, "nesterov", "false without momentum")


def test_settings_take_plain_tables_and_keep_exact_types() -> None:
    found = Optim.from_mapping({"lr": 1, "layer": 2, "schedule": {"name": "cosine"}})
    assert (found.lr, type(found.lr), found.layer) == (1.0, float, 2)
    assert found.schedule == Schedule(name="cosine")
    assert Optim.from_mapping(found.model_dump()) == found
    assert pickle.loads(pickle.dumps(found)) == found


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"lr": -1.0}, "optim.lr: found -1.0, expected positive"),
        ({"lr": math.nan}, "optim.lr: found nan, expected a finite number"),
        ({"lr": "fast"}, "optim.lr: found 'fast', expected a number"),
        ({"lr": True}, "optim.lr: found True, expected a number"),
        ({"layer": 3}, "optim.layer: found 3, expected one of 'sum', 1, 2"),
        ({"layer": True}, "optim.layer: found True, expected one of 'sum', 1, 2"),
        ({"file": 3}, "optim.file: found 3, expected text"),
        ({"lrr": 1}, "optim.lrr: no such setting; did you mean 'lr'?"),
        ({"schedule": 3}, "optim.schedule: found 3, expected a table of settings"),
        ({"schedule": {"every": 0}}, "optim.schedule.every: found 0, expected at least 1"),
        ({"schedule": {"every": 2.5}}, "optim.schedule.every: found 2.5, expected a whole number"),
        ({"schedule": {"share": 1.0}}, "optim.schedule.share: found 1.0, expected less than 1.0"),
        ({"schedule": {"evry": 1}}, "optim.schedule.evry: no such setting; did you mean 'every'?"),
        ({"momentum": 0.0}, "optim.nesterov: found True, expected false without momentum"),
        (3, "optim: found 3, expected a table"),
    ],
)
def test_settings_name_the_one_that_is_wrong(values: Any, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Optim.from_mapping(values, where="optim")
    assert str(caught.value) == message


def test_settings_name_all_that_are_wrong() -> None:
    with pytest.raises(ConfigError, match=r"^lr: found 0.*; schedule\.every: found 0"):
        Optim(lr=0.0, schedule={"every": 0})


def test_settings_are_checked_when_replaced() -> None:
    assert Optim().replace(lr=0.2) == Optim(lr=0.2)
    with pytest.raises(ConfigError, match="lr: found 0"):
        Optim().replace(lr=0.0)


def test_settings_error_survives_a_process_border() -> None:
    error = SettingsError("a: wrong", "b: wrong").within("group")
    assert str(pickle.loads(pickle.dumps(error))) == "group.a: wrong; group.b: wrong"
