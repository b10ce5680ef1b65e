"""Which NTU RGB+D recordings some folders hold, against the published list; by names alone."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from skelflow.datasets.catalog.ntu import DATA_SET
from skelflow.datasets.catalog.ntu.official import bad_samples, official_names
from skelflow.datasets.inspect.protocol_tables import as_ranges
from skelflow.datasets.protocols import split
from skelflow.recordings.ntu.files import MODALITIES, Modality, scan_all
from skelflow.recordings.ntu.names import ntu_labels
from skelflow.types import Labels
from skelflow.wording import counted

_SETUPS_60, _ACTIONS_60 = 17, range(1, 61)
_SHOWN = 6  # setups or names in a list

Names = frozenset[str]


@dataclass(frozen=True)
class Inventory:
    """The recordings that are there, by modality.

    Parameters
    ----------
    names : of the recordings that have a part of that kind.
    """

    names: Mapping[Modality, Names]

    @property
    def everything(self) -> Names:
        """Recordings with any part."""
        return frozenset().union(*self.names.values())

    @property
    def streams(self) -> dict[str, Names]:
        """What a protocol can be run on, as far as there is any; raw or masked depth will do."""
        depth = self.names["depth"] | self.names["masked depth"]
        kinds = {"depth": depth, **{kind: self.names[kind] for kind in MODALITIES[2:]}}
        return {kind: names for kind, names in kinds.items() if names}

    def to_dict(self) -> dict[str, Any]:
        """How many recordings have a part of each kind, and their names."""
        return {
            "recordings": len(self.everything),
            "parts": {kind: sorted(names) for kind, names in self.names.items() if names},
        }

    def to_text(self) -> str:
        """What is there and missing, bad samples, and each protocol against its official counts."""
        labels = {name: ntu_labels(name) for name in self.everything}
        extended = any((label.setup or 0) > _SETUPS_60 for label in labels.values())
        official = {
            name: label
            for name, label in official_names()
            if extended or (label.setup or 0) <= _SETUPS_60
        }
        title = "NTU RGB+D 120" if extended else "NTU RGB+D"
        lines = [
            f"{title}: {counted(len(labels), 'recording')} here, {len(official):,} were published",
            *(self._kind(kind, official) for kind in MODALITIES),
            *_unknown_names(labels, official),
            *self._incomplete(),
            *_bad(labels, "120" if extended else "60"),
            "",
            *self._protocols(labels, extended),
        ]
        return "\n".join(lines)

    def _kind(self, kind: Modality, official: Mapping[str, Labels]) -> str:
        names = self.names[kind]
        if not names:
            return f"  {kind:13} none"
        missing = [name for name in official if name not in names]
        text = f"  {kind:13} {len(names):>7,}"
        return text + (
            f"   {len(missing):,} missing: {_where(missing, official)}" if missing else ""
        )

    def _incomplete(self) -> list[str]:
        """Recordings that lack a stream which others have."""
        everything = self.everything
        lacks = {kind: sorted(everything - names) for kind, names in self.streams.items()}
        return [
            f"  without {kind}, of those that have another part: {len(names):,} ({_shorten(names)})"
            for kind, names in lacks.items()
            if names
        ]

    def _protocols(self, labels: Mapping[str, Labels], extended: bool) -> list[str]:
        """A table: training / test recordings as published, with each stream, and with all."""
        columns = dict(self.streams)
        if len(columns) > 1:
            columns["all of these"] = frozenset.intersection(*columns.values())
        heads = "".join(f"{head:>18}" for head in ("published", *columns))
        rows = [f"{'training / test':17}{heads}"]
        for protocol in DATA_SET.protocols:
            if protocol.published and (extended or protocol.actions == _ACTIONS_60):
                sides = [frozenset(side) for side in split(labels, protocol)]
                counts = [[len(side & names) for side in sides] for names in columns.values()]
                cells = "".join(f"{_slash(*pair):>18}" for pair in (protocol.published, *counts))
                rows.append(f"{protocol.name:17}{cells}")
        return rows


def take_inventory(roots: Sequence[Path]) -> Inventory:
    """Look through folders, in one pass over their names, and the further disks they name.

    Raises
    ------
    FormatError
        One of them is no folder.
    """
    names: dict[Modality, set[str]] = {kind: set() for kind in MODALITIES}
    for part in scan_all(roots):
        names[part.modality].add(part.name)
    return Inventory({kind: frozenset(found) for kind, found in names.items()})


def _slash(train: int, test: int) -> str:
    return f"{train:,} / {test:,}"


def _where(missing: Sequence[str], official: Mapping[str, Labels]) -> str:
    """Setups that are missing as a whole, and how many recordings of others."""
    published = Counter(name[:4] for name in official)
    absent = Counter(name[:4] for name in missing)
    whole = [int(setup[1:]) for setup, count in absent.items() if count == published[setup]]
    parts = [f"{setup} {count:,}" for setup, count in absent.items() if count < published[setup]]
    texts = [f"setups {as_ranges(whole)} as a whole"] if whole else []
    return "; ".join((*texts, *([_shorten(parts)] if parts else [])))


def _unknown_names(labels: Iterable[str], official: Mapping[str, Labels]) -> list[str]:
    names = sorted(name for name in labels if name not in official)
    if not names:
        return []
    return [f"  {len(names):,} have names that were not published ({_shorten(names)})"]


def _bad(labels: Mapping[str, Labels], listed: str) -> list[str]:
    bad = bad_samples("120" if listed == "120" else "60")
    here = sum(name in bad for name in labels)
    return [f"  {here:,} are on the official list of {len(bad)} bad samples and take no part"]


def _shorten(texts: Sequence[str]) -> str:
    more = len(texts) - _SHOWN
    return ", ".join(texts[:_SHOWN]) + (f" and {more:,} more" if more > 0 else "")
