"""Protocols as text: training subjects, and counts beside the published ones."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from skelflow.datasets.catalog import data_sets
from skelflow.datasets.protocols import ODD_SUBJECTS, Protocol, split
from skelflow.types import Labels

_NUMBERS = range(1, 1000)  # of subjects, cameras and setups


def describe_protocols() -> str:
    """Every data set and its protocols, a line each."""
    lines = []
    for data_set in data_sets():
        lines.append(f"{data_set.name}:")
        lines += [f"  {p.name:18} {_who(p)}" for p in data_set.protocols]
    lines.append("any other data set:")
    lines.append(f"  {ODD_SUBJECTS.name:18} {_who(ODD_SUBJECTS)}")
    return "\n".join(lines)


def list_protocols() -> dict[str, list[dict[str, Any]]]:
    """The protocols of each data set, with their training numbers and published counts."""
    return {
        data_set.name: [
            {
                "name": protocol.name,
                "divides": protocol.divides,
                "training": [number for number in _NUMBERS if number in protocol.training],
                "published": protocol.published,
            }
            for protocol in data_set.protocols
        ]
        for data_set in data_sets()
    }


@dataclass(frozen=True)
class Counts:
    """Recordings of some protocols: (training, test) as counted here."""

    counted: dict[Protocol, tuple[int, int]]

    @property
    def agrees(self) -> bool:
        """Whether every count is the published one."""
        return all(found == protocol.published for protocol, found in self.counted.items())

    def to_dict(self) -> dict[str, dict[str, Any]]:
        """Training and test recordings of each protocol, counted and published."""
        return {
            protocol.name: {"counted": found, "published": protocol.published}
            for protocol, found in self.counted.items()
        }

    def to_text(self) -> str:
        """A table: training and test recordings, counted and published."""
        lines = [f"{'protocol':18} {'training':>8} {'test':>8}   {'published':>17}   bad samples"]
        for protocol, (train, test) in self.counted.items():
            published = " ".join(f"{number:>8,}" for number in protocol.published or ())
            verdict = "" if (train, test) == protocol.published else "   DIFFERS"
            lines.append(
                f"{protocol.name:18} {train:>8,} {test:>8,}   {published:>17}   "
                f"{len(protocol.excluded)} left out{verdict}"
            )
        return "\n".join(lines)


def compare_counts() -> Counts:
    """Count each protocol with published counts from its data set's official names and lists."""
    counted: dict[Protocol, tuple[int, int]] = {}
    for data_set in data_sets():
        if data_set.published is not None:
            labels = dict(data_set.published())
            counted |= {p: _count(labels, p) for p in data_set.protocols if p.published}
    return Counts(counted)


def _count(labels: Mapping[str, Labels], protocol: Protocol) -> tuple[int, int]:
    train, test = split(labels, protocol)
    return len(train), len(test)


def _who(protocol: Protocol) -> str:
    numbers = [number for number in _NUMBERS if number in protocol.training]
    series = {"odd": list(_NUMBERS[::2]), "even": list(_NUMBERS[1::2])}
    who = next((word for word, all_ in series.items() if numbers == all_), as_ranges(numbers))
    if not protocol.published:
        return f"{protocol.divides}s {who} train"
    train, test = protocol.published
    return f"{train:,} train, {test:,} test; {protocol.divides}s {who} train"


def as_ranges(numbers: Iterable[int]) -> str:
    """Numbers in few words.

    Examples
    --------
    >>> as_ranges([5, 1, 2, 4, 6])
    '1-2, 4-6'
    """
    known = set(numbers)
    starts = sorted(n for n in known if n - 1 not in known)
    ends = sorted(n for n in known if n + 1 not in known)
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in zip(starts, ends, strict=True))
