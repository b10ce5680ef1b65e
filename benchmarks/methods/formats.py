"""The same prepared sequences in the formats a user would choose instead of the store."""

from functools import cached_property
from pathlib import Path
from typing import Any, cast

import cv2
import h5py
import numpy as np
import zarr

from skelflow.datasets.store import Store

JPEG_QUALITY = 95
_ARRAYS = ("flow", "joints_px", "joints_m")


class Format:
    """Sequences of a store in another format; what is opened is opened once a process."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.store, self.path, self.meta = store, folder, store.meta
        self.attributes, self.bodies = store.attributes, store.bodies

    def write(self) -> None:
        """From the store."""
        raise NotImplementedError

    def array(self, name: str, array: str, window: slice) -> np.ndarray:
        """Part of an array."""
        raise NotImplementedError

    def flow_bytes(self) -> int:
        """Size of all flow on disk."""
        raise NotImplementedError

    def flow(self, name: str, start: int = 0, stop: int | None = None) -> np.ndarray:
        """Flow frames from start to before stop."""
        return self.array(name, "flow", slice(start, stop))

    def joints_px(self, name: str) -> np.ndarray:
        """Joints in pixels."""
        return self.array(name, "joints_px", slice(None))

    def joints_m(self, name: str) -> np.ndarray:
        """Joints in meters."""
        return self.array(name, "joints_m", slice(None))


class JpegFiles(Format):
    """A JPEG file a frame, and .npy files of the joints."""

    def write(self) -> None:
        """From the store; JPEG loses some of it."""
        for name in self.store.names():
            (self.path / name).mkdir(parents=True)
            for t, frame in enumerate(self.store.flow(name)):
                quality = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
                cv2.imwrite(str(self.path / name / f"{t:04d}.jpg"), frame, quality)
            for array in _ARRAYS[1:]:
                np.save(self.path / name / array, getattr(self.store, array)(name))

    def array(self, name: str, array: str, window: slice) -> np.ndarray:
        """Part of an array."""
        if array != "flow":
            return np.load(self.path / name / f"{array}.npy")
        count = len(range(0, self.attributes(name)["frames"] - 1, self.meta.flow.stride))
        times = range(*window.indices(count))
        paths = (str(self.path / name / f"{t:04d}.jpg") for t in times)
        return np.stack([np.asarray(cv2.imread(path)) for path in paths])

    def flow_bytes(self) -> int:
        """Of all frames."""
        return sum(file.stat().st_size for file in self.path.rglob("*.jpg"))


class Hdf5File(Format):
    """One HDF5 file, its chunks as long as a clip; `compression` as h5py has it."""

    compression: str | None = "gzip"

    def write(self) -> None:
        """From the store."""
        self.path.mkdir(parents=True)
        with h5py.File(self.path / "all.h5", "w") as file:
            for name in self.store.names():
                for array in _ARRAYS:
                    data = getattr(self.store, array)(name)
                    chunks = (min(16, len(data)), *data.shape[1:]) if array == "flow" else None
                    file.create_dataset(
                        f"{name}/{array}", data=data, chunks=chunks, compression=self.compression
                    )

    @cached_property
    def file(self) -> h5py.File:
        """Opened by the process that reads it."""
        return h5py.File(self.path / "all.h5", "r")

    def array(self, name: str, array: str, window: slice) -> np.ndarray:
        """Part of an array."""
        return self.file[f"{name}/{array}"][window]

    def flow_bytes(self) -> int:
        """Of all frames."""
        with h5py.File(self.path / "all.h5", "r") as file:
            return sum(file[f"{n}/flow"].id.get_storage_size() for n in self.store.names())


class PlainHdf5File(Hdf5File):
    """The same without compression."""

    compression = None


class BigNpy(Format):
    """All frames in one .npy, all joints in another, mapped into memory."""

    def write(self) -> None:
        """From the store."""
        self.path.mkdir(parents=True)
        for array in _ARRAYS:
            parts = [getattr(self.store, array)(name) for name in self.store.names()]
            np.save(self.path / array, np.concatenate(parts))

    @cached_property
    def mapped(self) -> dict[str, tuple[Any, dict[str, int]]]:
        """Arrays and where each sequence begins in them."""
        found = {}
        lengths = self.store.lengths()
        for array in _ARRAYS:
            at, first = {}, 0
            for name in self.store.names():
                at[name] = first
                pairs = len(range(0, lengths[name] - 1, self.meta.flow.stride))
                first += lengths[name] if array == "joints_m" else pairs
            at[""] = first
            found[array] = np.load(self.path / f"{array}.npy", mmap_mode="r"), at
        return found

    def array(self, name: str, array: str, window: slice) -> np.ndarray:
        """Part of an array."""
        values, at = self.mapped[array]
        frames = self.attributes(name)["frames"]
        count = frames if array == "joints_m" else len(range(0, frames - 1, self.meta.flow.stride))
        start, stop, _ = window.indices(count)
        return np.asarray(values[at[name] + start : at[name] + stop])

    def flow_bytes(self) -> int:
        """Of all frames."""
        return (self.path / "flow.npy").stat().st_size


class PlainZarr(Format):
    """The store's own files, read by zarr."""

    def __init__(self, store: Store, _: Path) -> None:
        super().__init__(store, store.path)

    def write(self) -> None:
        """Nothing: they are there."""

    @cached_property
    def arrays(self) -> dict[tuple[str, str], zarr.Array]:
        """Opened by the process that reads them."""
        group = zarr.open_group(str(self.path), mode="r")
        keys = [(name, array) for name in self.store.names() for array in _ARRAYS]
        return {key: cast(zarr.Array, group["/".join(key)]) for key in keys}

    def array(self, name: str, array: str, window: slice) -> np.ndarray:
        """Part of an array."""
        return np.asarray(self.arrays[name, array][window])

    def flow_bytes(self) -> int:
        """Of all frames."""
        return sum(f.stat().st_size for f in self.path.glob("*/flow/**/*") if f.is_file())


PEERS = {
    "zarr itself": PlainZarr,
    "JPEG files": JpegFiles,
    "HDF5, gzip": Hdf5File,
    "HDF5, plain": PlainHdf5File,
    "one .npy": BigNpy,
}
