"""Open recordings one by one: which open, which needed repairs, which fail."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from skelflow.datasets.catalog import find_data_set
from skelflow.datasets.protocols import split
from skelflow.errors import DataError, SkelflowError
from skelflow.recordings import find_reader, open_recording
from skelflow.types import Labels

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
    """

    sources: Counter[str]
    labels: Mapping[str, Labels]
    frames: int
    repairs: Mapping[str, tuple[str, ...]]
    failed: Mapping[str, str]

    def to_text(self) -> str:
        """Counts, protocols of the data set, and what was mended or fails."""
        found = ", ".join(f"{count:,} of {source}" for source, count in self.sources.items())
        lines = [
            f"{found}: {len(self.labels):,} open ({self.frames:,} frames), "
            f"{len(self.repairs):,} of them mended, {len(self.failed):,} fail",
            *_known(list(self.labels.values())),
            *self._protocols(),
            *_listed("mended", {name: "; ".join(done) for name, done in self.repairs.items()}),
            *_listed("fails", self.failed),
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
    paths: Sequence[Path], *, progress: Callable[[int, int, str], None] = lambda *_: None
) -> Scan:
    """Open recordings without decoding their frames.

    Parameters
    ----------
    paths : what `find_recordings` found.
    progress : called after each with (opened, total, name).
    """
    sources: Counter[str] = Counter()
    labels: dict[str, Labels] = {}
    repairs: dict[str, tuple[str, ...]] = {}
    failed: dict[str, str] = {}
    frames = 0
    for done, path in enumerate(paths, 1):
        reader = find_reader(path)
        sources["" if reader is None else reader.name] += 1
        try:
            recording = open_recording(path)
        except SkelflowError as error:
            failed[path.name] = str(error)
        else:
            labels[recording.name] = recording.labels
            frames += len(recording)
            if recording.repairs:
                repairs[recording.name] = recording.repairs
        progress(done, len(paths), path.name)
    return Scan(sources, labels, frames, repairs, failed)


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
