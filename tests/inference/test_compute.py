"""Which device computes."""

import pytest
import torch

from skelflow.errors import ConfigError
from skelflow.inference.compute import find_device, make_accelerator


def test_auto_is_the_accelerator_that_is_there() -> None:
    there = torch.accelerator.is_available()
    assert (find_device().type != "cpu") == there


def test_a_named_device_computes() -> None:
    assert make_accelerator(device="cpu").device.type == "cpu"
    assert make_accelerator(device="auto").device.type == find_device().type


@pytest.mark.parametrize("name", ["gpu", "cuda:99", "CPU", ""])
def test_a_device_that_is_not_there_is_refused_with_those_that_are(name: str) -> None:
    with pytest.raises(ConfigError, match=f"device: found '{name}', expected one of auto, cpu"):
        make_accelerator(device=name)
