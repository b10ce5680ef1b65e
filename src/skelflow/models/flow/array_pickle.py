"""Pickles of nested tables of NumPy arrays, read without running code from the file."""

import pickle
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Shaped

from skelflow.errors import WeightsError
from skelflow.io.files import open_file

Array = Shaped[np.ndarray, "..."]

_RECONSTRUCT = np.zeros(0).__reduce__()[0]  # what NumPy's own pickles of arrays call
_ALLOWED: dict[tuple[str, str], Any] = {
    ("numpy.core.multiarray", "_reconstruct"): _RECONSTRUCT,  # NumPy 1
    ("numpy._core.multiarray", "_reconstruct"): _RECONSTRUCT,
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
}
_DAMAGED = (
    pickle.UnpicklingError,
    EOFError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    OverflowError,
    MemoryError,
)


class _ArrayUnpickler(pickle.Unpickler):
    """Knows NumPy's arrays and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        """The parts that an array is made of; everything else is refused before it is imported."""
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}")
        return _ALLOWED[module, name]


def read_arrays(path: str | Path) -> dict[str, Array]:
    """The arrays of a pickle, named by the way to them: "params/Mixed_3b/kernel".

    Parameters
    ----------
    path : of a file that holds dictionaries, in each other, with NumPy arrays of numbers.

    Raises
    ------
    WeightsError
        The file is missing, damaged, or holds anything else; no code of it is run.
    """
    path = Path(path)
    try:
        with open_file(path, refusal=WeightsError) as file:
            content = _ArrayUnpickler(file).load()
    except _DAMAGED as error:
        raise WeightsError(
            f"{path}: refused, expected a pickle of NumPy arrays and nothing else ({error})"
        ) from error
    return dict(_flatten(content, path))


def _flatten(content: Any, path: Path, name: str = "") -> Iterator[tuple[str, Array]]:
    if isinstance(content, np.ndarray) and content.dtype.kind in "fiu":
        yield name, content
    elif isinstance(content, Mapping):
        for key, value in content.items():
            yield from _flatten(value, path, f"{name}/{key}".strip("/"))
    else:
        found = f"an array of {content.dtype}" if isinstance(content, np.ndarray) else repr(content)
        raise WeightsError(f"{path}: {name or 'it'} is {found[:80]}, expected arrays of numbers")
