"""The kinds of exported files: how each is made, read and run."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np

from skelflow.errors import ConfigError
from skelflow.inference.exported.onnx import Onnx
from skelflow.inference.exported.openvino import OpenVino
from skelflow.inference.exported.program import Program
from skelflow.settings import nearest_name

Precision = Literal["float32", "bfloat16"]
Arrays = Mapping[str, np.ndarray]
Run = Callable[[Arrays], dict[str, np.ndarray]]


@runtime_checkable
class Format(Protocol):
    """A kind of exported file.

    Attributes
    ----------
    name : as in `skelflow export --to NAME`.
    engine : the name of the engine that runs it, see `skelflow.inference.engines`.
    ending : of the file's or folder's name; one with a dot is how such files are known.
    packages : that convert and run.
    """

    name: str
    engine: str
    ending: str
    packages: tuple[str, ...]

    def recognizes(self, path: Path) -> bool:
        """Whether a path is of this kind."""

    def files(self, path: Path) -> tuple[Path, ...]:
        """The files that a network of this kind consists of."""

    def convert(self, program: Program, header: Mapping[str, str]) -> Any:
        """The model that the runtime reads, with a header of texts in it."""

    def write(self, model: Any, path: Path) -> None:
        """Write a model, to a path that nobody else knows yet."""

    def read(self, path: Path) -> tuple[Any, dict[str, str]]:
        """A model and its header; any error for a damaged file."""

    def compile(self, model: Any, precision: Precision) -> Run:
        """A function from arrays by the inputs' names to arrays by the outputs' names."""


_KNOWN: tuple[Format, ...] = (Onnx(), OpenVino())
FORMATS = {each.name: each for each in _KNOWN}


def find_format(name: str) -> Format:
    """The format of that name; `ConfigError` with the nearest one if there is none."""
    if name not in FORMATS:
        raise ConfigError(f"to: found {name!r}; {nearest_name(name, FORMATS)}")
    return FORMATS[name]


def format_of(path: Path) -> Format | None:
    """The format of an exported file or folder; None for anything else."""
    return next((each for each in FORMATS.values() if each.recognizes(path)), None)
