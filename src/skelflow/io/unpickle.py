"""Pickles that others wrote, read as plain values and arrays; no code of theirs can run.

Python's own unpickler calls whatever a file names. This one knows the handful of names that NumPy
arrays are pickled by, and answers each with a stand-in of its own; everything else is refused. It
is the unpickler in Python, not the one in C, whose memo a few bytes can make fill the memory.
"""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, ClassVar

import numpy as np
from jaxtyping import Shaped

from skelflow.errors import FormatError
from skelflow.io.files import check_file, open_file

_KINDS = "biuf"  # of numbers in arrays: no objects, no text


def read_pickle(path: Path) -> Any:
    """The content of a pickle of plain values and NumPy arrays.

    Arrays come as `PickledArray`, whose `values` is checked and taken when it is asked for.

    Raises
    ------
    FormatError
        The file is missing or damaged, or holds anything else; the name that it asks for is said.
    """
    try:
        with open_file(path) as stream:
            return _Unpickler(_Bounded(stream, check_file(path))).load()
    except FormatError:
        raise
    except Exception as error:  # a damaged pickle raises nearly anything
        raise FormatError(
            f"{path}: no pickle of plain values and arrays ({type(error).__name__}: {error})"
        ) from error


class PickledDtype:
    """What a pickle says of an array's numbers."""

    def __init__(self, code: str, *_: object) -> None:
        self.code, self.order = code, "|"

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.order = state[1]

    def to_dtype(self) -> np.dtype[Any]:
        """The type; `FormatError` unless it is one of plain numbers."""
        dtype = np.dtype(str(self.code))
        if dtype.kind not in _KINDS:
            raise FormatError(f"an array of {dtype}, expected numbers")
        if self.order in "|=":
            return dtype
        return dtype.newbyteorder("<" if self.order == "<" else ">")


class PickledArray:
    """An array as it stands in a pickle.

    Examples
    --------
    >>> import io
    >>> content = pickle.dumps(np.float32([[1, 2]]))
    >>> _Unpickler(_Bounded(io.BytesIO(content), len(content))).load().values
    array([[1., 2.]], dtype=float32)
    """

    def __init__(self) -> None:
        self._state: tuple[Any, ...] = ()

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self._state = state

    @property
    def values(self) -> Shaped[np.ndarray, "..."]:
        """The array, not to be written to; `FormatError` when its parts do not fit each other."""
        try:
            shape, dtype, fortran, content = self._state[-4:]
            flat = np.frombuffer(content, dtype.to_dtype())
            return flat.reshape(shape, order="F" if fortran else "C")
        except (ValueError, TypeError, AttributeError) as error:
            raise FormatError(f"a damaged array ({error})") from error


def _reconstruct(*_: object) -> PickledArray:
    return PickledArray()


def _from_buffer(content: object, dtype: PickledDtype, shape: object, order: str) -> PickledArray:
    array = PickledArray()
    array.__setstate__((shape, dtype, order == "F", content))
    return array


def _scalar(dtype: PickledDtype, content: bytes) -> float | int | bool:
    found: float | int | bool = np.frombuffer(content, dtype.to_dtype(), count=1)[0].item()
    return found


def _encode(text: str, encoding: str) -> bytes:
    if encoding != "latin1":
        raise ValueError(f"text encoded as {encoding!r}")
    return text.encode("latin1")


_KNOWN: dict[tuple[str, str], Callable[..., Any]] = {
    ("numpy", "dtype"): PickledDtype,
    ("numpy", "ndarray"): PickledArray,
    ("_codecs", "encode"): _encode,  # bytes of Python 2
    ("collections", "OrderedDict"): dict,
}
for _core in ("numpy.core", "numpy._core"):
    _KNOWN[f"{_core}.multiarray", "_reconstruct"] = _reconstruct
    _KNOWN[f"{_core}.multiarray", "scalar"] = _scalar
    _KNOWN[f"{_core}.numeric", "_frombuffer"] = _from_buffer


class _Bounded:
    """A stream that is never asked for more than it has, which would be allocated at once."""

    def __init__(self, stream: BinaryIO, size: int) -> None:
        self._stream, self._left = stream, size

    def read(self, count: int) -> bytes:
        if not 0 <= count <= self._left:
            raise EOFError("it ends early")
        self._left -= count
        return self._stream.read(count)

    def readline(self) -> bytes:
        line = self._stream.readline()
        self._left -= len(line)
        return line

    def readinto(self, room: bytearray) -> int:
        content = self.read(len(room))
        room[:] = content
        return len(content)


# the one written in Python, whose steps can be changed
_PythonUnpickler: Any = vars(pickle)["_Unpickler"]


class _Unpickler(_PythonUnpickler):  # type: ignore[misc] # it stands in no stub
    dispatch: ClassVar[dict[int, Any]] = dict(_PythonUnpickler.dispatch)

    def find_class(self, module: str, name: str) -> Callable[..., Any]:
        if (module, name) not in _KNOWN:
            raise pickle.UnpicklingError(
                f"asks for {module}.{name}; pickles may bring NumPy arrays and plain values only"
            )
        return _KNOWN[module, name]

    def load_build(self) -> None:
        """Give a stand-in its state; nothing else takes one."""
        state, made = self.stack.pop(), self.stack[-1]
        if not isinstance(made, PickledArray | PickledDtype):
            raise pickle.UnpicklingError(f"gives a state to {type(made).__name__}")
        made.__setstate__(state)

    dispatch[pickle.BUILD[0]] = load_build

    def load_bytearray8(self) -> None:
        """A byte array whose size is in the file as well."""
        count = int.from_bytes(self.read(8), "little")
        self.append(bytearray(self.read(count)))  # as long as the file is, at most

    dispatch[pickle.BYTEARRAY8[0]] = load_bytearray8
