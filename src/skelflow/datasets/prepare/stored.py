"""Which recordings of a run are in the store: each of its sequences stands for one path at most."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from skelflow.datasets.prepare.manifest import read_places
from skelflow.datasets.prepare.sampling import low_discrepancy_order
from skelflow.datasets.prepare.task import RecordingStatus
from skelflow.datasets.store.store import Store
from skelflow.errors import FormatError
from skelflow.io.files import is_file, is_folder, open_file

_COMPARED_RECORDINGS = 8  # of two folders; where these are the same, so are all others
_COMPARED_BYTES = 65536


@dataclass(frozen=True)
class Stored:
    """What a store held when a run began, and whose it is.

    Parameters
    ----------
    origins : absolute path -> path below the source folder, of every recording of the run.
    places : name -> where a sequence was prepared from, as far as the history says.
    owners : name -> the path that a sequence stands for, as far as known.
    """

    origins: Mapping[Path, str]
    places: Mapping[str, Path]
    owners: dict[str, Path]
    _compared: dict[tuple[Path, Path], list[bool]] = field(default_factory=dict)

    @classmethod
    def find(cls, store: Store, origins: Mapping[Path, str]) -> "Stored":
        """Find the owners: who lies where a sequence was prepared from, else by its origin."""
        names = store.names()
        known = read_places(store.path)
        found = cls(origins, {name: known[name] for name in names if name in known}, {})
        found.owners.update((name, at) for name, at in found.places.items() if at in origins)
        settled = set(found.owners.values())
        by_origin: dict[str, list[str]] = {}
        for name in names:
            by_origin.setdefault(store.attributes(name)["origin"], []).append(name)
        for path in low_discrepancy_order(list(origins)):
            if path not in settled:
                fitting = by_origin.get(origins[path], ())
                fitting = [one for one in fitting if found._may_be(one, path)]
                found.owners.update((one, path) for one in fitting[:1])
        return found

    def missing(self) -> list[Path]:
        """The paths that no sequence stands for."""
        there = set(self.owners.values())
        return [path for path in self.origins if path not in there]

    def settle(self, path: Path, status: RecordingStatus) -> RecordingStatus:
        """Let a recording fail whose name in the store is another one's; else note its owner."""
        name, there = status.name, status.reason
        if status.state == "done" or (status.state == "skipped" and self._is(path, name, there)):
            self.owners[name] = path
        elif status.state == "skipped":
            at = there if there != status.origin else self.places.get(name, there)
            reason = f"the store already holds {name!r}, prepared from {at}; rename one of the two"
            return replace(status, state="failed", reason=reason)
        return status

    def _is(self, path: Path, name: str, there: str) -> bool:
        """Whether a recording is the sequence, seen from a folder further up or down."""
        origin = self.origins[path]
        if there != origin and there in self._all_origins:
            return False
        near = f"/{origin}".endswith(f"/{there}") or f"/{there}".endswith(f"/{origin}")
        return near and self._may_be(name, path)

    def _may_be(self, name: str, path: Path) -> bool:
        """Whether no other path owns the sequence, and it was not prepared from other files."""
        if name in self.owners:
            return self.owners[name] == path
        place = self.places.get(name)
        return place is None or self._is_copy(place, path)

    def _is_copy(self, place: Path, path: Path) -> bool:
        """Whether two places hold one recording, by some recordings of the folders they are in."""
        compared = self._compared.setdefault(_tops(place, path), [])
        if len(compared) >= _COMPARED_RECORDINGS and all(compared):
            return True
        if not (is_file(place) or is_folder(place)):
            return True
        compared.append(are_same(place, path))
        return compared[-1]

    @cached_property
    def _all_origins(self) -> frozenset[str]:
        return frozenset(self.origins.values())


def _tops(one: Path, other: Path) -> tuple[Path, Path]:
    """The folders below which two paths are called the same."""
    while one.name == other.name and one.name:
        one, other = one.parent, other.parent
    return one, other


def are_same(one: Path, other: Path) -> bool:
    """Whether two recordings are one, or copies: equal names and sizes of files, and some bytes.

    Taken to be so where one of them is no file or folder of its own, or cannot be read.
    """
    with suppress(OSError, FormatError):
        return one.samefile(other) or _signature(one) == _signature(other)
    return True


def _signature(path: Path) -> tuple[list[tuple[str, int]], bytes]:
    """Names and sizes of all files but hidden ones, and bytes from the middle of the largest."""
    if path.is_file():
        sizes = [("", path.stat().st_size)]
    else:
        files = [(file.relative_to(path), file) for file in path.rglob("*") if file.is_file()]
        shown = [(at, file) for at, file in files if not any(p.startswith(".") for p in at.parts)]
        sizes = sorted((at.as_posix(), file.stat().st_size) for at, file in shown)
    if not sizes:
        return sizes, b""
    name, size = max(sizes, key=lambda found: found[1])
    with open_file(path / name) as stream:
        stream.seek(max(0, size - _COMPARED_BYTES) // 2)
        return sizes, stream.read(_COMPARED_BYTES)
