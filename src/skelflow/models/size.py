"""How much memory a network would take, before it takes it."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from skelflow.errors import ConfigError
from skelflow.io.bounds import MB, NETWORK, NUMBERS
from skelflow.models.config import NetworkConfig
from skelflow.wording import counted

_FLOAT = 4  # bytes
_UNMADE = (NotImplementedError, RuntimeError, TypeError, OverflowError, MemoryError)


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
        NUMBERS.check(size / MB, f"{name}: clips of {counted(clip.length, 'frame')}", ConfigError)
    if sequence is not None:
        size = math.prod(sequence) * 3 * _FLOAT
        NUMBERS.check(
            size / MB, f"{name}: skeletons of {counted(sequence.frames, 'frame')}", ConfigError
        )


def check_parameters(name: str, build: Callable[[], nn.Module]) -> None:
    """Refuse a network with more parameters than are made; they are counted without memory.

    Raises
    ------
    ConfigError
        Names their size, and the environment variable that allows it; or they are more than torch
        counts to.

    Notes
    -----
    A network of somebody's own that cannot be made without numbers is not counted.
    """
    with torch.random.fork_rng(devices=[]), torch.device("meta"), _Undrawn():
        try:
            outline = build()
        except _UNMADE as error:
            if _needs_numbers(error):
                return
            raise _unmade(name, error) from error
    tensors = chain(outline.parameters(), outline.buffers())
    size = sum(tensor.numel() * tensor.element_size() for tensor in tensors)
    NETWORK.check(size / MB, f"{name}", ConfigError)


class _Undrawn(TorchFunctionMode):
    """Draws no random numbers: without memory for them, torch loads its compiler to do so."""

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        if func is nn.init.normal_:  # names its arguments when it asks here
            return kwargs["tensor"]
        return args[0] if func is Tensor.normal_ else func(*args, **kwargs)


@contextmanager
def refusing(name: str) -> Iterator[None]:
    """Turn what torch says about the sizes of a network that is made into `ConfigError`."""
    try:
        yield
    except _UNMADE as error:
        raise _unmade(name, error) from error


def _needs_numbers(error: Exception) -> bool:
    """Whether a network of somebody's own looks at the numbers that it is made with."""
    return isinstance(error, NotImplementedError) or "meta tensor" in str(error)


def _unmade(name: str, error: Exception) -> ConfigError:
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    return ConfigError(f"{name}: cannot be made with these settings ({reason})")
