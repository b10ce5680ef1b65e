"""The store: prepared sequences on disk, one zarr group a recording, written atomically."""

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from jaxtyping import Float32, Int, Shaped, UInt8

from skelflow.datasets.store.schema import PreparedSequence, SequenceFacts, StoreMeta, checksum
from skelflow.datasets.store.zarr_exit import end_quietly
from skelflow.datasets.store.zarr_reader import ZarrReader, write_array
from skelflow.errors import ConfigError, DataError, FormatError
from skelflow.io.atomic import atomic_write, remove_partials, storage_errors, sync, temp_sibling
from skelflow.io.documents import read_json
from skelflow.io.files import is_file, is_folder, refused, trouble
from skelflow.settings import SettingsError
from skelflow.skeleton.plausible import check_joints
from skelflow.types import Labels, Window
from skelflow.version import __version__

__all__ = ["PreparedSequence", "Store", "StoreMeta"]

FORMAT = 1
RESERVED = ("zarr.json", "manifest.jsonl", "history.jsonl")  # files of the store itself
_LONGEST_NAME = 200  # bytes; a hidden sibling's name is longer
_CHUNK_FRAMES = 16  # a clip's: any clip lies in one chunk or two
_ARRAYS: dict[str, np.dtype[Any]] = {
    "flow": np.dtype(np.uint8),
    "joints_px": np.dtype(np.float32),
    "joints_m": np.dtype(np.float32),
}

end_quietly()


@dataclass(frozen=True)
class Store:
    """A folder of prepared sequences.

    A sequence is written into a hidden sibling, forced to the disk and renamed: whatever stops a
    run leaves only whole ones. It is plain zarr; one writer at a time, see
    `skelflow.io.atomic.only_writer`.

    Examples
    --------
    >>> import tempfile
    >>> from skelflow.datasets.settings import FlowSettings
    >>> meta = StoreMeta("folder", None, FlowSettings(range_m=0.1))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Store.create(Path(folder) / "flow.zarr", meta).names()
    []
    """

    path: Path
    meta: StoreMeta
    _sequences: dict[str, dict[str, Any]] = field(default_factory=dict, repr=False, compare=False)
    _arrays: dict[tuple[str, str], ZarrReader] = field(
        default_factory=dict, repr=False, compare=False
    )

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
        if not can_create_store(path):
            return cls._continue(path, meta, exist_ok)
        attributes = {"skelflow": {"format": FORMAT, **meta.to_json()}}
        with storage_errors(path):
            path.mkdir(parents=True, exist_ok=True)
            made = temp_sibling(path / "root")
            zarr.create_group(store=str(made), attributes=attributes, overwrite=True)
            sync([made / "zarr.json"])
            (made / "zarr.json").replace(path / "zarr.json")
            made.rmdir()
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
        remove_partials(path)
        return store

    @classmethod
    def open(cls, path: str | Path) -> "Store":
        """Open an existing store; `DataError` names the path when it is none."""
        path = Path(path)
        if is_folder(path) and (reason := trouble(path)):
            raise DataError(f"{path}: {reason}")
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
        try:
            return cls(path, StoreMeta.from_json(found))
        except (SettingsError, LookupError, TypeError) as error:
            raise DataError(f"{path / 'zarr.json'}: damaged ({error}); prepare again") from error

    def with_class_names(self, names: Mapping[int, str]) -> "Store":
        """The store with these names of actions, written where they differ from what it says.

        Raises
        ------
        StorageError
            It cannot be written; then the names are as before.
        """
        if dict(names) == dict(self.meta.class_names):
            return self
        meta = replace(self.meta, class_names=dict(names))
        file = self.path / "zarr.json"
        said = read_json(file)
        said["attributes"]["skelflow"]["class_names"] = meta.to_json()["class_names"]
        with atomic_write(file) as partial:
            partial.write_text(json.dumps(said, indent=2), encoding="utf-8")
        return replace(self, meta=meta)

    def names(self) -> list[str]:
        """Names of all sequences, sorted; `DataError` where one may not be looked at."""
        with refused(self.path, DataError):
            entries = [entry for entry in self.path.iterdir() if not entry.name.startswith(".")]
        found = [entry for entry in entries if is_file(entry / "zarr.json")]
        for entry in set(entries).difference(found):
            if is_folder(entry) and (reason := trouble(entry)):
                raise DataError(f"{entry}: {reason}")
        return sorted(entry.name for entry in found)

    def has(self, name: str) -> bool:
        """Whether a sequence of that name is there."""
        return not name.startswith(".") and is_file(self.path / name / "zarr.json")

    def write(self, sequence: PreparedSequence) -> None:
        """Add a sequence, whole or not at all.

        Raises
        ------
        DataError
            Its name is taken or cannot name a folder.
        StorageError
            There is no room for it, or no permission.
        """
        name = sequence.name
        check_sequence_name(name)
        if self.has(name):
            raise DataError(f"{self.path}: already holds a sequence {name!r}")
        partial = temp_sibling(self.path / name)
        try:
            with storage_errors(self.path):
                _write(partial, sequence)
                self._publish(partial, name)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
        self._sequences.pop(name, None)

    def _publish(self, partial: Path, name: str) -> None:
        try:
            partial.replace(self.path / name)
        except OSError as error:
            if self.has(name):
                raise DataError(f"{self.path}: already holds a sequence {name!r}") from error
            raise
        sync([self.path])

    def read(self, name: str) -> PreparedSequence:
        """A whole sequence in memory, its checksum checked; see `flow` for parts of one."""
        found = self.attributes(name)
        arrays = {array: self._read(name, array) for array in _ARRAYS}
        if found["sha256"] not in ("", checksum(_attributes(self.path / name), arrays)):
            raise self._damaged(name, "its checksum is another one")
        return PreparedSequence(
            name=name,
            **arrays,
            range_m=found["range_m"],
            layout=self.meta.layout,
            labels=Labels(**found["labels"]),
            intensity=found["intensity"],
            origin=found["origin"],
            window=None if found["window"] is None else Window(*found["window"]),
            estimated_from=found.get("estimated_from", ""),
        )

    def flow(
        self, name: str, start: int = 0, stop: int | None = None
    ) -> UInt8[np.ndarray, "n h w 3"]:
        """Flow frames from start to before stop; a clip's cost one or two chunks."""
        return self._read(name, "flow", start, stop)

    def flow_at(self, name: str, frames: Int[np.ndarray, " n"]) -> UInt8[np.ndarray, "n h w 3"]:
        """These flow frames, ascending."""
        first, stop = int(frames[0]), int(frames[-1]) + 1
        return np.asarray(self.flow(name, first, stop)[frames - first], np.uint8)

    def joints_px(self, name: str) -> Float32[np.ndarray, "n bodies joints 2"]:
        """Joints in the flow's pixels, one set for each flow frame."""
        return self._read(name, "joints_px")

    def joints_m(self, name: str) -> Float32[np.ndarray, "frames bodies joints 3"]:
        """Joints of every original frame, meters."""
        return self._read(name, "joints_m")

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
        """Everything but the arrays of one sequence; `DataError` when it is not there, or damaged.

        The keys are those of `SequenceFacts`.
        """
        if name not in self._sequences:
            if not self.has(name):
                raise DataError(f"{self.path}: holds no sequence {name!r}")
            self._sequences[name] = self._facts(name)
        return self._sequences[name]

    def _facts(self, name: str) -> dict[str, Any]:
        try:
            facts = SequenceFacts.from_mapping(_attributes(self.path / name)).model_dump()
        except ConfigError as error:
            raise self._damaged(name, f"its zarr.json: {error}") from error
        shape = self._array(name, "joints_m").shape
        if len(shape) != 4 or shape[3] != 3 or shape[:2] != (facts["frames"], facts["bodies"]):
            raise self._damaged(name, f"its zarr.json says otherwise than its joints of {shape}")
        return facts | {"version": facts["version"] or self.meta.version}

    def _read(
        self, name: str, array: str, start: int = 0, stop: int | None = None
    ) -> Shaped[np.ndarray, "..."]:
        reader = self._array(name, array)
        self._check_shape(name, array, reader.shape)
        try:
            values = reader[start:stop]
        except (FormatError, ValueError) as error:
            raise self._damaged(name, f"{array}: {error}") from error
        if array == "joints_m":
            self._check_joints(name, values)
        return values

    def _check_joints(self, name: str, joints_m: Float32[np.ndarray, "t bodies joints 3"]) -> None:
        """Refuse, with `DataError`, joints that no sensor reports."""
        try:
            check_joints("joints_m", joints_m, refusal=FormatError, in_front=False)
        except FormatError as error:
            raise self._damaged(name, str(error)) from error

    def _check_shape(self, name: str, array: str, found: tuple[int, ...]) -> None:
        """Refuse, with `DataError`, arrays of other sizes than the metadata say."""
        if array == "joints_m":
            return  # `attributes` follow from it
        frames, bodies = (self.attributes(name)[key] for key in ("frames", "bodies"))
        pairs = len(range(0, frames - 1, self.meta.flow.stride)) if self.meta.has_flow else 0
        width, height = self.meta.flow.size
        expected = (pairs, height, width, 3)
        if array == "joints_px":
            expected = (pairs, bodies, *self._array(name, "joints_m").shape[2:3], 2)
        if found != expected:
            raise self._damaged(name, f"{array} has the size {found}, expected {expected}")

    def _array(self, name: str, array: str) -> ZarrReader:
        """The reader of one array; `DataError` where its description is damaged."""
        key = name, array
        try:
            if key not in self._arrays:
                self._arrays[key] = ZarrReader.open(self.path / name / array, _ARRAYS[array])
            return self._arrays[key]
        except (FormatError, ValueError) as error:
            if not self.has(name):
                raise DataError(f"{self.path}: holds no sequence {name!r}") from error
            raise self._damaged(name, f"{array}: {error}") from error

    def _damaged(self, name: str, how: str) -> DataError:
        return DataError(
            f"{self.path}: sequence {name!r} is damaged ({how}); remove the folder "
            f"{self.path / name} and run the same `skelflow prepare` again"
        )


def check_sequence_name(name: str) -> None:
    """Refuse, with `DataError`, a name that no folder can have, or that a store's own file has."""
    plain = name and name[0] != "." and name.isprintable() and not set(name) & set('/\\:*?"<>|')
    if not plain or name.lower() in RESERVED or len(os.fsencode(name)) > _LONGEST_NAME:
        raise DataError(
            f"{name[:40]!r} cannot name a sequence: it must be a plain folder name of at most "
            f"{_LONGEST_NAME} bytes, and none of {', '.join(RESERVED)}; rename the recording"
        )


def can_create_store(path: Path) -> bool:
    """Whether a store can be made here: nothing is there, or a folder of hidden files only."""
    if not path.is_dir():
        return not path.exists()
    return all(entry.name.startswith(".") for entry in path.iterdir())


def _write(path: Path, sequence: PreparedSequence) -> None:
    attributes: dict[str, Any] = {
        "labels": asdict(sequence.labels),
        "range_m": float(sequence.range_m),
        "intensity": sequence.intensity,
        "origin": sequence.origin,
        "window": sequence.window,
        "frames": sequence.joints_m.shape[0],
        "bodies": sequence.joints_m.shape[1],
        "version": __version__,
    }
    if sequence.estimated_from:
        attributes["estimated_from"] = sequence.estimated_from
    data_of = {name: getattr(sequence, name) for name in _ARRAYS}
    SequenceFacts.from_mapping(attributes)
    attributes["sha256"] = checksum(attributes, data_of)
    group = zarr.create_group(store=str(path), attributes=attributes, overwrite=True)
    for name, data in data_of.items():
        write_array(group, name, data, _CHUNK_FRAMES if name == "flow" else len(data))
    arrays = (ZarrReader.open(path / name, dtype) for name, dtype in _ARRAYS.items())
    files = [file for array in arrays for file in array.files()]
    sync([path / "zarr.json", *files, path])


def _attributes(path: Path) -> dict[str, Any]:
    try:
        found = read_json(path / "zarr.json")
    except FormatError:
        return {}
    attributes = found.get("attributes") if isinstance(found, dict) else None
    return attributes if isinstance(attributes, dict) else {}
