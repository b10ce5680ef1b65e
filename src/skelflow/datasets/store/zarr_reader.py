"""Arrays of a store read chunk by chunk: the files zarr wrote, without its machinery a clip."""

import json
import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from jaxtyping import Shaped, UInt8
from numcodecs import Zstd
from zarr.codecs import ZstdCodec

_CODECS = ("bytes", "zstd")
_NONE = np.empty(0, np.uint8)
_zstd = Zstd()
_own = threading.local()


@dataclass(frozen=True)
class Chunks:
    """A zarr array cut along its first axis only; indexing it with a slice decodes that part.

    Parameters
    ----------
    path : folder of the array.
    shape, dtype : of the whole array.
    length : of a chunk, along the first axis.

    Notes
    -----
    Plain zarr reads the same files; here a clip costs one or two file reads and their decoding.
    """

    path: Path
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    length: int

    @classmethod
    def open(cls, path: Path) -> "Chunks":
        """The array in a folder; `OSError` or `ValueError` when it is not what `write` made."""
        found = json.loads((path / "zarr.json").read_text())
        try:
            names = tuple(codec["name"] for codec in found["codecs"])
            shape = tuple(found["shape"])
            length, *rest = found["chunk_grid"]["configuration"]["chunk_shape"]
            dtype = np.dtype(found["data_type"])
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{path / 'zarr.json'}: no array metadata") from error
        if names != _CODECS or any(r < n for r, n in zip(rest, shape[1:], strict=True)):
            raise ValueError(f"{path / 'zarr.json'}: codecs {names}, chunks of {length}, {rest}")
        return cls(path, shape, dtype, length)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, window: slice) -> Shaped[np.ndarray, "..."]:
        """Part of the array; `OSError`, `ValueError` or `RuntimeError` when it is damaged."""
        start, stop, step = window.indices(len(self))
        part = np.empty((max(0, stop - start), *self.shape[1:]), self.dtype)
        if part.size:
            for number in range(start // self.length, (stop - 1) // self.length + 1):
                begin = number * self.length
                first, last = max(start, begin), min(stop, begin + self.length)
                self._decode(number, slice(first - begin, last - begin), part[first - start :])
        return part[::step]

    def _decode(self, number: int, wanted: slice, out: Shaped[np.ndarray, "..."]) -> None:
        """Part of a chunk into the beginning of `out`."""
        content, length = self._file(number).read_bytes(), wanted.stop - wanted.start
        if length == self.length:
            _zstd.decode(content, out=out[:length])
            return
        room = _room(self.length * self.dtype.itemsize * math.prod(self.shape[1:]))
        _zstd.decode(content, out=room)
        chunk = room.view(self.dtype).reshape(self.length, *self.shape[1:])
        out[:length] = chunk[wanted]

    def files(self) -> list[Path]:
        """Every file of the array."""
        count = -(-len(self) // self.length) if self._cut else 0
        return [self.path / "zarr.json", *(self._file(number) for number in range(count))]

    @property
    def _cut(self) -> bool:
        return 0 not in self.shape

    def _file(self, number: int) -> Path:
        return self.path.joinpath("c", str(number), *("0" for _ in self.shape[1:]))


def _room(size: int) -> UInt8[np.ndarray, " size"]:
    """Memory to decode into, this thread's; new memory for each chunk costs more than decoding."""
    if getattr(_own, "room", _NONE).size < size:
        _own.room = np.empty(size, np.uint8)
    room: UInt8[np.ndarray, " size"] = _own.room[:size]
    return room


def write_chunks(
    group: zarr.Group, name: str, data: Shaped[np.ndarray, "..."], length: int
) -> None:
    """Add an array cut into chunks of `length` along its first axis, with checksums."""
    shape: Sequence[int] = (length, *data.shape[1:])
    group.create_array(
        name,
        data=data,
        chunks=tuple(max(1, min(n, size)) for n, size in zip(shape, data.shape, strict=True)),
        compressors=ZstdCodec(level=5, checksum=True),
        config={"write_empty_chunks": True},  # a missing chunk is a damaged one
    )
