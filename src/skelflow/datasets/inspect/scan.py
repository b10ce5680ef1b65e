"""Open recordings one by one: which open, which needed repairs, which fail."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from skelflow.datasets.catalog import find_data_set
from skelflow.datasets.protocols import split
from skelflow.errors import DataError, SkelflowError
from skelflow.recordings import Reader, find_reader, open_recording
from skelflow.types import Labels, Recording
from skelflow.wording import counted

_SHOWN = 20


@dataclass(frozen=True)
class Scan:
    """What opening some recordings showed.

    Parameters
    ----------
    sources : how many recordings of each reader.
    labels : of those that open, by name.
    frames : of all of them together.
    repairs : name -> what the reader mended.
    failed : path -> why it does not open.
    checked : whether frames were looked at, or headers alone.
    """

    sources: Counter[str]
    labels: Mapping[str, Labels]
    frames: int
    repairs: Mapping[str, tuple[str, ...]]
    failed: Mapping[str, str]
    checked: bool = True

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values."""
        return {
            "sources": dict(self.sources),
            "open": len(self.labels),
            "frames": self.frames,
            "labels": {name: vars(labels) for name, labels in self.labels.items()},
            "mended": {name: list(done) for name, done in self.repairs.items()},
            "failed": dict(self.failed),
            "checked": self.checked,
        }

    def to_text(self) -> str:
        """Counts, protocols of the data set, and what was mended or fails."""
        found = ", ".join(f"{count:,} of {source}" for source, count in self.sources.items())
        lines = [
            f"{found}: {len(self.labels):,} open ({counted(self.frames, 'frame')}), "
            f"{len(self.repairs):,} of them mended, {len(self.failed):,} fail",
            *_known(list(self.labels.values())),
            *self._protocols(),
            *_listed("mended", {name: "; ".join(done) for name, done in self.repairs.items()}),
            *_listed("fails", self.failed),
            *([] if self.checked else ["  from headers alone; --check looks at frames, too"]),
        ]
        return "\n".join(lines)

    def _protocols(self) -> list[str]:
        if len(self.sources) != 1:
            return []
        lines = []
        for protocol in find_data_set(next(iter(self.sources))).protocols:
            try:
                train, test = split(self.labels, protocol)
            except DataError:
                continue  # labels it divides by are unknown
            lines.append(f"  {protocol.name:18} {len(train):,} train, {len(test):,} test")
        return lines


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
    labels: dict[str, Labels] = {}
    repairs: dict[str, tuple[str, ...]] = {}
    failed: dict[str, str] = {}
    frames = 0
    for done, path in enumerate(paths, 1):
        reader = find_reader(path)
        sources["an unknown source" if reader is None else reader.name] += 1
        try:
            recording = _read(path, reader, check=check)
        except SkelflowError as error:
            failed[path.name] = str(error)
        else:
            labels[recording.name] = recording.labels
            frames += len(recording)
            if recording.repairs:
                repairs[recording.name] = recording.repairs
        progress(done, len(paths), path.name)
    return Scan(sources, labels, frames, repairs, failed, check)


def _read(path: Path, reader: Reader | None, *, check: bool) -> Recording:
    return open_recording(path) if check or reader is None else reader.read(path)


def _known(labels: Sequence[Labels]) -> list[str]:
    """How many actions, subjects, cameras and setups there are."""
    counts = []
    for what in ("action", "subject", "camera", "setup"):
        numbers = {getattr(label, what) for label in labels} - {None}
        if numbers:
            counts.append(f"{len(numbers)} {what}s")
    return [f"  {', '.join(counts)}"] if counts else []


def _listed(what: str, texts: Mapping[str, str]) -> list[str]:
    lines = [f"  {what}: {name}: {text}" for name, text in list(texts.items())[:_SHOWN]]
    more = len(texts) - _SHOWN
    return [*lines, f"  {what}: {more:,} more"] if more > 0 else lines
