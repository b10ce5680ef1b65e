"""How much memory a network would take, before it takes it."""

import math
from collections.abc import Callable
from itertools import chain

import torch
from torch import nn

from skelflow.errors import ConfigError
from skelflow.io.bounds import MB, NETWORK, NUMBERS
from skelflow.models.config import NetworkConfig

_FLOAT = 4  # bytes


def check_inputs(name: str, config: NetworkConfig) -> None:
    """Refuse a network whose samples are larger than is read.

    Raises
    ------
    ConfigError
        Names the size, and the environment variable that allows it.
    """
    clip, sequence = config.clip, config.sequence
    if clip is not None:
        size = clip.length * clip.side**2 * 3 * _FLOAT
        NUMBERS.check(size / MB, f"{name}: clips of {clip.length} frames", ConfigError)
    if sequence is not None:
        size = math.prod(sequence) * 3 * _FLOAT
        NUMBERS.check(size / MB, f"{name}: skeletons of {sequence.frames} frames", ConfigError)


def check_parameters(name: str, build: Callable[[], nn.Module]) -> None:
    """Refuse a network with more parameters than are made; they are counted without memory.

    Raises
    ------
    ConfigError
        Names their size, and the environment variable that allows it.
    """
    with torch.random.fork_rng(devices=[]), torch.device("meta"):
        try:
            outline = build()
        except (
            NotImplementedError,
            RuntimeError,
            TypeError,
        ):  # somebody's own network, which needs numbers to be made
            return
    tensors = chain(outline.parameters(), outline.buffers())
    size = sum(tensor.numel() * tensor.element_size() for tensor in tensors)
    NETWORK.check(size / MB, f"{name}", ConfigError)
