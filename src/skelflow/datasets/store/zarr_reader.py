"""Read arrays of a store chunk by chunk, faster than zarr does."""

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

from skelflow.errors import FormatError
from skelflow.io.bounds import MB, NUMBERS, STACK
from skelflow.io.documents import read_json
from skelflow.io.files import read_bytes

_EXPECTED = {
    "zarr_format": 3,
    "node_type": "array",
    "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
}
_CODECS = ("bytes", "zstd")
_EMPTY = np.empty(0, np.uint8)
_zstd = Zstd()
_own = threading.local()


@dataclass(frozen=True)
class ZarrReader:
    """A zarr array cut along its first axis only; indexing it with a slice decodes that part.

    What zarr checks is checked here: the description, each chunk's checksum, and that it decodes
    to as many bytes as it must.

    Parameters
    ----------
    path : folder of the array.
    shape, dtype : of the whole array.
    length : of a chunk, along the first axis.

    Notes
    -----
    zarr itself reads the same files, but a clip then costs 1.7 times as much processor time, joints
    and augmentation included: 7.2 ms instead of 4.3 ms (`python -m benchmarks.loading STORE --runs
    1` on 20 sequences of 40 frames of 160 x 120 pixels, on a busy machine).
    """

    path: Path
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    length: int

    @classmethod
    def open(cls, path: Path, dtype: np.dtype[Any]) -> "ZarrReader":
        """The array in a folder.

        Raises
        ------
        FormatError, ValueError
            It is not there, or is not what `write_array` makes of that type; names the file.
        """
        file = path / "zarr.json"
        found = read_json(file)
        try:
            shape = tuple(found["shape"])
            length, *rest = found["chunk_grid"]["configuration"]["chunk_shape"]
            facts = {name: found[name] for name in _EXPECTED} | _codec_facts(found["codecs"])
            facts |= {"data_type": found["data_type"], "chunk_grid": found["chunk_grid"]["name"]}
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{file}: no array metadata") from error
        expected = _EXPECTED | {"codecs": _CODECS, "endian": "little"}
        expected |= {"data_type": dtype.name, "chunk_grid": "regular"}
        for name, value in expected.items():
            if facts[name] != value:
                raise ValueError(f"{file}: {name} is {facts[name]!r}, expected {value!r}")
        if not all(isinstance(size, int) and size >= 0 for size in (*shape, length, *rest)):
            raise ValueError(f"{file}: its shape {shape} or its chunks are none")
        if rest != [max(1, size) for size in shape[1:]] or length < 1:
            raise ValueError(f"{file}: chunks of {length}, {rest} do not cut {shape} along time")
        return cls(path, shape, dtype, length)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, window: slice) -> Shaped[np.ndarray, "..."]:
        """Part of the array; `FormatError` or `ValueError` when it is damaged."""
        start, stop, step = window.indices(len(self))
        plane = self.dtype.itemsize * math.prod(self.shape[1:]) / MB
        NUMBERS.check(plane * self.length, f"{self.path}: a chunk", FormatError)
        STACK.check(plane * (stop - start), self.path, FormatError)
        part = np.empty((max(0, stop - start), *self.shape[1:]), self.dtype)
        if part.size:
            for number in range(start // self.length, (stop - 1) // self.length + 1):
                begin = number * self.length
                first, last = max(start, begin), min(stop, begin + self.length)
                self._decode(number, slice(first - begin, last - begin), part[first - start :])
        return part[::step]

    def _decode(self, number: int, wanted: slice, out: Shaped[np.ndarray, "..."]) -> None:
        """Part of a chunk into the beginning of `out`."""
        file, length = self._file(number), wanted.stop - wanted.start
        content = read_bytes(file)
        size = self.length * self.dtype.itemsize * math.prod(self.shape[1:])
        if (found := frame_size(content)) != size:
            raise ValueError(f"{file}: decodes to {found} bytes, expected {size}")
        whole = length == self.length
        room = out[:length] if whole else _room(size)
        try:
            _zstd.decode(content, out=room)
        except (ValueError, RuntimeError) as error:
            raise ValueError(f"{file}: {error}") from error
        if not whole:
            chunk = room.view(self.dtype).reshape(self.length, *self.shape[1:])
            out[:length] = chunk[wanted]

    def files(self) -> list[Path]:
        """Every file of the array."""
        count = 0 if 0 in self.shape else -(-len(self) // self.length)
        return [self.path / "zarr.json", *(self._file(number) for number in range(count))]

    def _file(self, number: int) -> Path:
        return self.path.joinpath("c", str(number), *("0" for _ in self.shape[1:]))


def frame_size(content: bytes) -> int | None:
    """How many bytes a zstd frame decodes to; None where it is no frame, or does not say so.

    Notes
    -----
    Source: RFC 8878, section 3.1.1.1 (frame header). A decoder given more room than that would
    leave the rest of it as it was.

    Examples
    --------
    >>> frame_size(_zstd.encode(np.zeros(1000, np.uint8)))
    1000
    """
    if len(content) < 6 or content[:4] != b"\x28\xb5\x2f\xfd":
        return None
    descriptor = content[4]
    single_segment = descriptor >> 5 & 1
    at = 5 + (1 - single_segment) + (0, 1, 2, 4)[descriptor & 3]
    size = (single_segment, 2, 4, 8)[descriptor >> 6]
    if not size:
        return None
    return int.from_bytes(content[at : at + size], "little") + (256 if size == 2 else 0)


def _codec_facts(codecs: list[dict[str, Any]]) -> dict[str, Any]:
    """Names of the codecs, and in which order numbers keep their bytes; one byte has no order."""
    configurations = (codec.get("configuration", {}) for codec in codecs)
    endian = next((found["endian"] for found in configurations if "endian" in found), "little")
    return {"codecs": tuple(codec["name"] for codec in codecs), "endian": endian}


def _room(size: int) -> UInt8[np.ndarray, " size"]:
    """Memory to decode into, this thread's; new memory for each chunk costs more than decoding."""
    if getattr(_own, "room", _EMPTY).size < size:
        _own.room = np.empty(size, np.uint8)
    room: UInt8[np.ndarray, " size"] = _own.room[:size]
    return room


def write_array(group: zarr.Group, name: str, data: Shaped[np.ndarray, "..."], length: int) -> None:
    """Add an array cut into chunks of `length` along its first axis, with checksums."""
    shape: Sequence[int] = (length, *data.shape[1:])
    group.create_array(
        name,
        data=data,
        chunks=tuple(max(1, min(n, size)) for n, size in zip(shape, data.shape, strict=True)),
        compressors=ZstdCodec(level=5, checksum=True),
        config={"write_empty_chunks": True},  # a missing chunk is a damaged one
    )
