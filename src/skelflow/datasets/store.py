"""The store: prepared sequences on disk, one zarr group a recording, whole or not there at all."""

import json
import os
import shutil
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from jaxtyping import Float32
from zarr.codecs import ZstdCodec

from skelflow.datasets.meta import PreparedSequence, StoreMeta
from skelflow.errors import ConfigError, DataError
from skelflow.types import Labels

__all__ = ["PreparedSequence", "Store", "StoreMeta"]

FORMAT = 1
_CHUNK_FRAMES = 16


@dataclass(frozen=True)
class Store:
    """A folder of prepared sequences.

    A sequence is written into a hidden sibling and renamed: a stopped run leaves only whole ones.

    Examples
    --------
    >>> import tempfile
    >>> meta = StoreMeta("folder", None, (4, 4), (4, 4), 3, "paper", "auto", 0.1)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Store.create(Path(folder) / "flow.zarr", meta).names()
    []
    """

    path: Path
    meta: StoreMeta
    _sequences: dict[str, dict[str, Any]] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def create(cls, path: str | Path, meta: StoreMeta, *, exist_ok: bool = False) -> "Store":
        """Make an empty store, or with `exist_ok` go on with one of the same configuration.

        Whatever an interrupted run left half-written is removed: one writer run at a time.

        Raises
        ------
        ConfigError
            The store exists and was made with other settings; the message names them.
        DataError
            `path` exists and is no store, or is one and `exist_ok` is false.
        """
        path = Path(path)
        if path.exists() and not (path.is_dir() and not any(path.iterdir())):
            return cls._continue(path, meta, exist_ok)
        aside = _aside(path)
        attributes = {"skelflow": {"format": FORMAT, **meta.to_json()}}
        zarr.create_group(store=str(aside), attributes=attributes)
        aside.replace(path)
        return cls(path, meta)

    @classmethod
    def _continue(cls, path: Path, meta: StoreMeta, exist_ok: bool) -> "Store":
        store = cls.open(path)
        if not exist_ok:
            raise DataError(f"{path}: a store is already there; choose another path or remove it")
        if differences := store.meta.differences(meta):
            raise ConfigError(
                f"{path}: made with another configuration ({'; '.join(differences)}); "
                "use the same settings or another store"
            )
        for partial in path.glob(".partial-*"):
            shutil.rmtree(partial)
        return store

    @classmethod
    def open(cls, path: str | Path) -> "Store":
        """Open an existing store; `DataError` names the path when it is none."""
        path = Path(path)
        found = _attributes(path).get("skelflow")
        if not isinstance(found, dict):
            raise DataError(
                f"{path}: not a store of prepared sequences; make one with `skelflow prepare`"
            )
        if found.get("format") != FORMAT:
            raise DataError(
                f"{path}: store format {found.get('format')}, this skelflow reads {FORMAT}; "
                "prepare the data again"
            )
        return cls(path, StoreMeta.from_json(found))

    def names(self) -> list[str]:
        """Names of all sequences, sorted."""
        entries = (entry for entry in self.path.iterdir() if not entry.name.startswith("."))
        return sorted(entry.name for entry in entries if (entry / "zarr.json").is_file())

    def has(self, name: str) -> bool:
        """Whether a sequence of that name is there."""
        return not name.startswith(".") and (self.path / name / "zarr.json").is_file()

    def write(self, sequence: PreparedSequence) -> None:
        """Add a sequence; `DataError` when its name is taken or cannot name a folder."""
        name = sequence.name
        if not name or name.startswith(".") or set(name) & set('/\\:*?"<>|'):
            raise DataError(f"{name!r} cannot name a sequence: it must be a plain folder name")
        if self.has(name):
            raise DataError(f"{self.path}: already holds a sequence {name!r}")
        aside = _aside(self.path / name)
        try:
            _write(aside, sequence)
            self._publish(aside, name)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
        self._sequences.pop(name, None)

    def _publish(self, aside: Path, name: str) -> None:
        try:
            aside.replace(self.path / name)
        except OSError as error:
            if self.has(name):
                raise DataError(f"{self.path}: already holds a sequence {name!r}") from error
            raise

    def read(self, name: str) -> PreparedSequence:
        """A whole sequence in memory; see `flow` for parts of one."""
        group = self._group(name)
        found = self.attributes(name)
        return PreparedSequence(
            name=name,
            flow=np.asarray(group["flow"]),
            joints_px=np.asarray(group["joints_px"]),
            joints_m=np.asarray(group["joints_m"]),
            range_m=found["range_m"],
            layout=self.meta.layout,
            labels=Labels(**found["labels"]),
            intensity=found["intensity"],
            origin=found["origin"],
        )

    def flow(self, name: str) -> "zarr.Array[Any]":
        """The colored flow of a sequence, (n, h, w, 3) uint8, decoded where it is indexed."""
        return self._array(name, "flow")

    def joints_px(self, name: str) -> Float32[np.ndarray, "n bodies joints 2"]:
        """Joints in the flow's pixels, one set for each flow frame."""
        return np.asarray(self._array(name, "joints_px"))

    def joints_m(self, name: str) -> Float32[np.ndarray, "frames bodies joints 3"]:
        """Joints of every original frame, meters."""
        return np.asarray(self._array(name, "joints_m"))

    def labels(self) -> dict[str, Labels]:
        """Who does what in every sequence, by name."""
        return {name: Labels(**self.attributes(name)["labels"]) for name in self.names()}

    def lengths(self) -> dict[str, int]:
        """Original frames of every sequence, by name."""
        return {name: int(self.attributes(name)["frames"]) for name in self.names()}

    def bodies(self) -> int:
        """The most bodies any sequence has."""
        return max((int(self.attributes(name)["bodies"]) for name in self.names()), default=0)

    def attributes(self, name: str) -> dict[str, Any]:
        """Everything but the arrays of one sequence; `DataError` when it is not there."""
        if name not in self._sequences:
            if not self.has(name):
                raise DataError(f"{self.path}: holds no sequence {name!r}")
            self._sequences[name] = _attributes(self.path / name)
        return self._sequences[name]

    def _group(self, name: str) -> zarr.Group:
        if not self.has(name):
            raise DataError(f"{self.path}: holds no sequence {name!r}")
        return zarr.open_group(str(self.path / name), mode="r")

    def _array(self, name: str, array: str) -> "zarr.Array[Any]":
        if not self.has(name):
            raise DataError(f"{self.path}: holds no sequence {name!r}")
        return zarr.open_array(str(self.path / name / array), mode="r")


def _aside(path: Path) -> Path:
    return path.with_name(f".partial-{path.name}-{os.getpid()}")


def _write(path: Path, sequence: PreparedSequence) -> None:
    attributes = {
        "labels": asdict(sequence.labels),
        "range_m": sequence.range_m,
        "intensity": sequence.intensity,
        "origin": sequence.origin,
        "frames": sequence.joints_m.shape[0],
        "bodies": sequence.joints_m.shape[1],
    }
    group = zarr.create_group(store=str(path), attributes=attributes, overwrite=True)
    for name in ("flow", "joints_px", "joints_m"):
        data = getattr(sequence, name)
        shape = (_CHUNK_FRAMES if name == "flow" else len(data), *data.shape[1:])
        chunks = tuple(max(1, min(n, size)) for n, size in zip(shape, data.shape, strict=True))
        group.create_array(name, data=data, chunks=chunks, compressors=ZstdCodec(level=5))


def _attributes(path: Path) -> dict[str, Any]:
    try:
        found = json.loads((path / "zarr.json").read_text())
    except (OSError, ValueError):
        return {}
    attributes = found.get("attributes") if isinstance(found, dict) else None
    return attributes if isinstance(attributes, dict) else {}
