"""Arrays of real numbers in MATLAB files (level 5), read without trusting what the file says.

SciPy reads them too, but takes memory as a damaged file asks for it, and can crash.
"""

import math
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Num, UInt16

from skelflow.errors import FormatError
from skelflow.io.bounds import MB, NUMBERS
from skelflow.io.files import read_bytes

_HEADER = 128  # bytes
_MATRIX, _COMPRESSED, _INT8, _INT32, _UINT32 = 14, 15, 1, 5, 6
_STORED = {  # how numbers lie in the file
    1: "i1",
    2: "u1",
    3: "i2",
    4: "u2",
    5: "i4",
    6: "u4",
    7: "f4",
    9: "f8",
    12: "i8",
    13: "u8",
}
_NUMERIC = frozenset(range(6, 16))  # classes of arrays: double, single, int8 ... uint64
_COMPLEX, _LOGICAL = 0x0800, 0x0200  # flags of an array
_ENDS = "it ends within an array"
_DESCRIPTION = 2**16  # uncompressed bytes that hold the description of any array
_UINT16, _UINT16_CLASS = 4, 11
_FASTEST = 1  # level of compression


class Element(NamedTuple):
    """Where an array lies in a file, perhaps compressed; `start` counts uncompressed bytes."""

    content: memoryview
    compressed: bool
    start: int = 0


class MatArray(NamedTuple):
    """One array of a file, of which only the description is read yet.

    Parameters
    ----------
    shape : as in MATLAB.
    dtype : in which the file holds its numbers; None where they are no real numbers.
    element : where they are.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[np.generic] | None
    element: Element

    def values(self, path: Path) -> Num[np.ndarray, "..."]:
        """The numbers, in MATLAB's own order of axes.

        Raises
        ------
        FormatError
            There are too few of them, or they are no real numbers.
        """
        if self.dtype is None:
            raise FormatError(f"{path}: an array holds no real numbers")
        content, compressed, start = self.element
        stop = start + math.prod(self.shape) * self.dtype.itemsize
        with _refusing(path):
            stored = _inflate_whole(content, stop) if compressed else content
            if len(stored) < stop:
                raise ValueError(_ENDS)
            values = np.frombuffer(stored[start:stop], self.dtype).reshape(self.shape, order="F")
            return values.astype(self.dtype.newbyteorder("="), copy=False)


def read_mat(path: Path) -> dict[str, MatArray]:
    """The arrays of a MATLAB file by name; others than of real numbers are named only.

    Raises
    ------
    FormatError
        The file is no MATLAB 5 file, truncated or damaged, or larger than is read.

    Notes
    -----
    Source: MATLAB, MAT-File Format, R2019b, chapter 1, level 5.
    """
    content = read_bytes(path, bound=NUMBERS)
    with _refusing(path):
        return dict(_arrays(path, memoryview(content)))


def mat_content(name: str, values: UInt16[np.ndarray, "..."]) -> bytes:
    """The content of a MATLAB file with one array, compressed; the same array gives the same bytes.

    Parameters
    ----------
    name : of the array, ASCII.
    values : of two axes at least.
    """
    parts = (
        (_UINT32, struct.pack("<II", _UINT16_CLASS, 0)),
        (_INT32, np.array(values.shape, "<i4").tobytes()),
        (_INT8, name.encode("ascii")),
        (_UINT16, values.astype("<u2", copy=False).tobytes(order="F")),
    )
    matrix = b"".join(
        struct.pack("<II", kind, len(data)) + data + bytes(-len(data) % 8) for kind, data in parts
    )
    whole = zlib.compress(struct.pack("<II", _MATRIX, len(matrix)) + matrix, _FASTEST)
    about = b"MATLAB 5.0 MAT-file, written by skelflow".ljust(_HEADER - 4)
    return (
        about
        + struct.pack("<H", 0x0100)
        + b"IM"
        + struct.pack("<II", _COMPRESSED, len(whole))
        + whole
    )


@contextmanager
def _refusing(path: Path) -> Iterator[None]:
    try:
        yield
    except (ValueError, struct.error, zlib.error) as error:
        raise FormatError(
            f"{path}: truncated, or no MATLAB 5 file ({error}); "
            "expected a .mat file of UTD-MHAD: copy or download it again"
        ) from error


def _arrays(path: Path, content: memoryview) -> Iterator[tuple[str, MatArray]]:
    order = {b"IM": "<", b"MI": ">"}.get(bytes(content[126:128]))
    if len(content) < _HEADER + 8 or order is None:
        raise ValueError("its header is none")
    rest = content[_HEADER:]
    while len(rest) >= 8:
        kind, length = struct.unpack(f"{order}II", rest[:8])
        part, rest = _cut(rest[8:], length)
        element = Element(part, compressed=kind == _COMPRESSED)
        if element.compressed:
            part = _inflate(part, _DESCRIPTION)
            kind, part = struct.unpack(f"{order}I", part[:4])[0], part[8:]
        if kind == _MATRIX and len(part):
            name, array = _describe(part, order, element)
            size = 0 if array.dtype is None else array.dtype.itemsize
            NUMBERS.check(math.prod(array.shape) * size / MB, path, FormatError)
            yield name, array


def _inflate(content: memoryview, most: int) -> memoryview:
    """At most so many bytes of what is compressed."""
    return memoryview(zlib.decompressobj().decompress(content, most))


def _inflate_whole(content: memoryview, size: int) -> memoryview:
    """So many bytes of an element, whose checksum at its end is checked."""
    inflater = zlib.decompressobj()
    body = inflater.decompress(content, max(size, 1))
    inflater.decompress(inflater.unconsumed_tail, 8)  # at most 7 bytes of padding, the checksum
    if not inflater.eof:
        raise ValueError(_ENDS if len(body) < size else "an array is longer than it says")
    return memoryview(body)


def _describe(content: memoryview, order: str, element: Element) -> tuple[str, MatArray]:
    """Name and kind of an array (section "Numeric array and character array")."""
    flags, rest = _part(content, order, _UINT32)
    shape_bytes, rest = _part(rest, order, _INT32)
    name_bytes, rest = _part(rest, order, _INT8)
    flag = int(np.frombuffer(flags, f"{order}u4")[0])
    shape = tuple(np.frombuffer(shape_bytes, f"{order}i4").tolist())
    name = bytes(name_bytes).decode("ascii", "backslashreplace")[:64]
    if len(shape) < 2 or min(shape) < 0:
        raise ValueError(f"{name!r} has the size {shape}")
    if flag & 0xFF not in _NUMERIC or flag & (_COMPLEX | _LOGICAL):
        return name, MatArray(shape, None, element)
    code, start, length = _tag(rest, order)
    if code not in _STORED:
        raise ValueError(f"{name!r} is of the unknown data type {code}")
    dtype = np.dtype(order + _STORED[code])
    if length < math.prod(shape) * dtype.itemsize:
        raise ValueError(_ENDS)
    start += len(content) - len(rest) + (8 if element.compressed else 0)
    return name, MatArray(shape, dtype, element._replace(start=start))


def _part(content: memoryview, order: str, expected: int) -> tuple[memoryview, memoryview]:
    """Data of the element of the kind that must be here, and what comes after it."""
    kind, start, length = _tag(content, order)
    if kind != expected or not (length or expected == _INT8):
        raise ValueError(f"found an element of kind {kind}, expected {expected}")
    data, _ = _cut(content[start:], length)
    return data, content[8 if start == 4 else start + length + -length % 8 :]


def _tag(content: memoryview, order: str) -> tuple[int, int, int]:
    """Kind, start and length of an element; one of up to 4 bytes has them within its tag."""
    if len(content) < 8:
        raise ValueError(_ENDS)
    first, length = struct.unpack(f"{order}II", content[:8])
    if first >> 16:
        return first & 0xFFFF, 4, min(first >> 16, 4)
    return first, 8, length


def _cut(content: memoryview, length: int) -> tuple[memoryview, memoryview]:
    if length > len(content):
        raise ValueError(_ENDS)
    return content[:length], content[length:]
