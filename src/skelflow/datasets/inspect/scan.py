"""Open recordings one by one: which open, which needed repairs, which fail."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from skelflow.datasets.catalog import find_data_set
from skelflow.datasets.protocols import Protocol
from skelflow.errors import DataError, SkelflowError
from skelflow.recordings import Reader, find_reader, open_recording
from skelflow.recordings.streams.guard import one_recording
from skelflow.types import Labels, Recording
from skelflow.wording import counted

_SHOWN = 20


@dataclass(frozen=True)
class Opened:
    """A recording that opens.

    Parameters
    ----------
    name, labels : its own.
    frames : how many it has.
    repairs : what the reader mended.
    """

    name: str
    labels: Labels
    frames: int
    repairs: tuple[str, ...]


@dataclass(frozen=True)
class Scan:
    """What opening some recordings showed; several may have one name, so all go by their paths.

    Parameters
    ----------
    sources : how many recordings of each reader.
    opened : those that open.
    failed : why each of the others does not.
    checked : whether frames were looked at, or headers alone.
    """

    sources: Counter[str]
    opened: Mapping[Path, Opened]
    failed: Mapping[Path, str]
    checked: bool = True

    @property
    def frames(self) -> int:
        """Of all of them together."""
        return sum(one.frames for one in self.opened.values())

    @property
    def mended(self) -> dict[Path, tuple[str, ...]]:
        """What the reader mended, of each where it did."""
        return {path: one.repairs for path, one in self.opened.items() if one.repairs}

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values, by path."""
        return {
            "sources": dict(self.sources),
            "open": len(self.opened),
            "frames": self.frames,
            "labels": {str(path): vars(one.labels) for path, one in self.opened.items()},
            "mended": {str(path): list(done) for path, done in self.mended.items()},
            "failed": {str(path): reason for path, reason in self.failed.items()},
            "checked": self.checked,
        }

    def to_text(self) -> str:
        """Counts, protocols of the data set, and what was mended or fails."""
        found = ", ".join(f"{count:,} of {source}" for source, count in self.sources.items())
        mended = [(path, self.opened[path].name, "; ".join(t)) for path, t in self.mended.items()]
        failed = [(path, path.name, reason) for path, reason in self.failed.items()]
        lines = [
            f"{found}: {len(self.opened):,} open ({counted(self.frames, 'frame')}), "
            f"{len(mended):,} of them mended, {len(failed):,} fail",
            *_known([one.labels for one in self.opened.values()]),
            *self._protocols(),
            *_listed("mended", mended),
            *_listed("fails", failed),
            *([] if self.checked else ["  from headers alone; --check looks at frames, too"]),
        ]
        return "\n".join(lines)

    def _protocols(self) -> list[str]:
        if len(self.sources) != 1:
            return []
        lines = []
        for protocol in find_data_set(next(iter(self.sources))).protocols:
            try:
                sides = self._sides(protocol)
            except DataError:
                continue  # labels it divides by are unknown
            lines.append(f"  {protocol.name:18} {sides[True]:,} train, {sides[False]:,} test")
        return lines

    def _sides(self, protocol: Protocol) -> Counter[bool]:
        """How many train (True) and test (False); `DataError` where a label is unknown."""
        everyone = [(one.labels, one.name) for one in self.opened.values()]
        return Counter(protocol.trains(*one) for one in everyone if protocol.takes(one[1], one[0]))


def scan_recordings(
    paths: Sequence[Path],
    *,
    check: bool = True,
    progress: Callable[[int, int, str], None] = lambda *_: None,
) -> Scan:
    """Open recordings, or read their headers.

    Parameters
    ----------
    paths : what `find_recordings` found.
    check : look at some frames of each, and whether its parts agree; else headers alone.
    progress : called after each with (opened, total, name).
    """
    sources: Counter[str] = Counter()
    opened: dict[Path, Opened] = {}
    failed: dict[Path, str] = {}
    for done, path in enumerate(paths, 1):
        reader = find_reader(path)
        sources["an unknown source" if reader is None else reader.name] += 1
        try:
            recording = _read(path, reader, check=check)
        except SkelflowError as error:
            failed[path] = str(error)
        else:
            opened[path] = Opened(
                recording.name, recording.labels, len(recording), recording.repairs
            )
        progress(done, len(paths), path.name)
    return Scan(sources, opened, failed, check)


def _read(path: Path, reader: Reader | None, *, check: bool) -> Recording:
    if check or reader is None:
        return open_recording(path)
    with one_recording(path, reader.name):
        return reader.read(path)


def _known(labels: Sequence[Labels]) -> list[str]:
    """How many actions, subjects, cameras and setups there are."""
    counts = []
    for what in ("action", "subject", "camera", "setup"):
        numbers = {getattr(label, what) for label in labels} - {None}
        if numbers:
            counts.append(f"{len(numbers)} {what}s")
    return [f"  {', '.join(counts)}"] if counts else []


def _listed(what: str, found: Sequence[tuple[Path, str, str]]) -> list[str]:
    """Path, name and text of the first few; by name where it is the only one of that name."""
    names = Counter(name for _, name, _ in found)
    lines = [
        f"  {what}: {name if names[name] == 1 else path}: {text}"
        for path, name, text in found[:_SHOWN]
    ]
    more = len(found) - _SHOWN
    return [*lines, f"  {what}: {more:,} more"] if more > 0 else lines
