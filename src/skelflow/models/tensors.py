"""Tensors in files that others wrote: which ones a network can be filled with."""

from pathlib import Path

import torch
from torch import Tensor

from skelflow.errors import WeightsError
from skelflow.io.bounds import MB, TEXT
from skelflow.io.files import read_head

_FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)


def is_plain(tensor: Tensor) -> bool:
    """Whether it holds numbers: no quantized, complex or 8-bit floats, nothing without memory."""
    number = tensor.dtype in _FLOATS or not (tensor.is_floating_point() or tensor.is_complex())
    return number and not tensor.is_quantized and not tensor.is_meta


def check_header(path: str | Path) -> None:
    """Refuse a safetensors file with a longer header than text may be; it is read as a whole.

    Raises
    ------
    WeightsError
        Names the environment variable that allows it.
    """
    length = int.from_bytes(read_head(path, 8, refusal=WeightsError), "little")
    TEXT.check(length / MB, path, WeightsError)
