"""Arrays in `.npy` and `.npz` files that others wrote; never pickled objects."""

import math
import struct
import zlib
from collections.abc import Container
from pathlib import Path
from tokenize import TokenError
from typing import Any
from zipfile import BadZipFile, ZipFile

import numpy as np
from jaxtyping import Shaped

from skelflow.errors import FormatError, SkelflowError
from skelflow.io.bounds import MB, NUMBERS
from skelflow.io.files import open_file

Array = Shaped[np.ndarray, "..."]
_ENDING = ".npy"
_HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}
# of numpy and zipfile: encryption is a RuntimeError, an unknown method the last one
ARRAY_ERRORS = (
    ValueError,
    EOFError,
    SyntaxError,
    TypeError,
    LookupError,
    ArithmeticError,
    RecursionError,
    RuntimeError,
    TokenError,
    BadZipFile,
    zlib.error,
    struct.error,
    NotImplementedError,
)


def read_arrays(
    path: str | Path,
    *,
    names: Container[str] | None = None,
    refusal: type[SkelflowError] = FormatError,
) -> dict[str, Array]:
    """The arrays of a file by name; the one of a `.npy` has the name "".

    Parameters
    ----------
    path : told apart by its content.
    names : those that are read; None = all.
    refusal : the error that says what is wrong with the file.

    Raises
    ------
    refusal
        The file cannot be opened, is damaged, or an array is larger than is read, or of objects.
    """
    with open_file(path, refusal=refusal) as stream:
        try:
            if stream.read(2) != b"PK":
                stream.seek(0)
                return {"": _read(stream, path, refusal)}
            return _unzip(stream, path, names, refusal)
        except ARRAY_ERRORS as error:
            if isinstance(error, SkelflowError):
                raise
            raise refusal(f"{path}: no array that can be read ({error})") from error


def _unzip(
    stream: Any, path: str | Path, names: Container[str] | None, refusal: type[SkelflowError]
) -> dict[str, Array]:
    arrays = {}
    with ZipFile(stream) as content:
        for entry in content.infolist():
            name = entry.filename.removesuffix(_ENDING)
            if names is None or name in names:
                with content.open(entry) as member:
                    arrays[name] = _read(member, path, refusal)
    return arrays


def npy_header(stream: Any) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, whether columns come first, and type of a `.npy` stream, which then is at its numbers.

    Raises
    ------
    ValueError
        Or another of `ARRAY_ERRORS`: it is no such stream, or holds objects.
    """
    version = np.lib.format.read_magic(stream)
    if version not in _HEADERS:
        raise ValueError(f"version {version} of the format")
    shape, is_fortran, dtype = _HEADERS[version](stream)
    if dtype.hasobject:
        raise ValueError("it holds objects")
    if any(size < 0 for size in shape):
        raise ValueError(f"its size is {shape}")
    return shape, is_fortran, dtype


def _read(stream: Any, path: str | Path, refusal: type[SkelflowError]) -> Array:
    """One array; its size is known, and bounded, before any of it is read."""
    shape, is_fortran, dtype = npy_header(stream)
    size = math.prod(shape) * dtype.itemsize
    NUMBERS.check(size / MB, path, refusal)
    content: Any = bytearray(stream.read(size))
    if len(content) < size:
        raise ValueError(f"it ends after {len(content)} of {size} bytes")
    values: Array = np.frombuffer(content, dtype, math.prod(shape) if size else 0)
    return values.reshape(shape, order="F" if is_fortran else "C")
