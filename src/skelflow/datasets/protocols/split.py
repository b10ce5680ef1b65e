"""Who trains and who tests: the published splits, action names and official counts."""

import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

from skelflow.errors import ConfigError, DataError
from skelflow.types import Labels

_NTU_SUBJECTS = frozenset(
    {1, 2, 4, 5, 8, 9, 13, 14, 15, 16, 17, 18, 19, 25, 27, 28, 31, 34, 35, 38}
)
_NTU_120_SUBJECTS = _NTU_SUBJECTS | frozenset(
    {45, 46, 47, 49, 50, *range(52, 60), 70, 74, 78, *range(80, 87), 89}
    | {*range(91, 96), 97, 98, 100, 103}
)


@dataclass(frozen=True)
class Protocol:
    """A split of a data set.

    Parameters
    ----------
    name : str
    divides : which label decides.
    training : the numbers of that label that train; all others test.
    actions : how many actions take part, from number 1; None = all.
    bad : key of the official list of samples to skip, see `bad_samples`; None = no list.
    published : training and test recordings that its authors state; None = not known.
    """

    name: str
    divides: Literal["subject", "camera", "setup"]
    training: Container[int]
    actions: int | None = None
    bad: Literal["60", "120"] | None = None
    published: tuple[int, int] | None = None

    def trains(self, labels: Labels) -> bool:
        """Whether a recording trains; `DataError` when its label is unknown."""
        number = getattr(labels, self.divides)
        if number is None:
            raise DataError(
                f"protocol {self.name!r} divides by {self.divides}, which is unknown ({labels})"
            )
        return number in self.training

    def takes(self, name: str, labels: Labels) -> bool:
        """Whether a recording takes part: its action counts, and it is not listed as bad."""
        if self.actions is not None and (labels.action is None or labels.action > self.actions):
            return False
        return self.bad is None or name not in bad_samples(self.bad)


_ODD = Protocol("odd-subjects", "subject", range(1, 100_000, 2))
_PROTOCOLS: dict[str, tuple[Protocol, ...]] = {
    "ntu": (
        Protocol("cross-subject", "subject", _NTU_SUBJECTS, 60, "60", (40_091, 16_487)),
        Protocol("cross-view", "camera", frozenset({2, 3}), 60, "60", (37_646, 18_932)),
        Protocol("120-cross-subject", "subject", _NTU_120_SUBJECTS, 120, "120", (63_026, 50_919)),
        Protocol("120-cross-setup", "setup", range(2, 1000, 2), 120, "120", (54_468, 59_477)),
    ),
    "utd_mhad": (Protocol("cross-subject", "subject", frozenset({1, 3, 5, 7})),),
}


def data_sets() -> tuple[str, ...]:
    """The data sets that have protocols of their own, by the names of their readers."""
    return tuple(_PROTOCOLS)


def protocols(source: str) -> tuple[Protocol, ...]:
    """The protocols of a data set, its usual one first; any data set has "odd-subjects".

    Notes
    -----
    Sources: Shahroudy et al. (2016) section 3.2 for cross-subject and cross-view; Liu et al.
    (2019) section 3.3 for the two of NTU RGB+D 120; Chen et al. (2015) for UTD-MHAD.
    """
    return (*_PROTOCOLS.get(source, ()), _ODD)


def find_protocol(name: str, source: str) -> Protocol:
    """The protocol of that name for a data set; `ConfigError` lists the known ones.

    Examples
    --------
    >>> find_protocol("cross-subject", "utd_mhad").trains(Labels(subject=3))
    True
    """
    known = {protocol.name: protocol for protocol in protocols(source)}
    if name not in known:
        raise ConfigError(f"unknown protocol {name!r} for {source}; known: {', '.join(known)}")
    return known[name]


def split(labels: Mapping[str, Labels], protocol: Protocol) -> tuple[list[str], list[str]]:
    """Names that train and names that test, each sorted; those that take no part are in neither.

    Parameters
    ----------
    labels : who does what, by name.
    protocol : see `find_protocol`.

    Raises
    ------
    DataError
        A recording lacks the label that the protocol divides by; the message names it.
    """
    sides: dict[bool, list[str]] = {True: [], False: []}
    for name in sorted(labels):
        if protocol.takes(name, labels[name]):
            try:
                sides[protocol.trains(labels[name])].append(name)
            except DataError as error:
                raise DataError(f"{name}: {error}") from None
    return sides[True], sides[False]


def hold_out(
    names: Sequence[str], labels: Mapping[str, Labels], *, subjects: Iterable[int]
) -> tuple[list[str], list[str]]:
    """Training names without some subjects, and the names of those subjects.

    Raises
    ------
    ConfigError
        A subject has no training recording, or none would be left to train on.
    """
    wanted = set(subjects)
    present = {labels[name].subject for name in names}
    if missing := wanted - present:
        known = ", ".join(str(s) for s in sorted(s for s in present if s is not None))
        raise ConfigError(
            f"held-out subjects {sorted(missing)} do not train; those who do: {known or 'none'}"
        )
    fit = [name for name in names if labels[name].subject not in wanted]
    if names and not fit:
        raise ConfigError(f"holding out subjects {sorted(wanted)} leaves nothing to train on")
    return fit, [name for name in names if labels[name].subject in wanted]


def class_names(source: str) -> dict[int, str]:
    """Action number -> the authors' name for it; empty for a source that has no fixed actions."""
    if source not in _PROTOCOLS:
        return {}
    pairs = (line.split(": ", 1) for line in _lines(source, "actions.txt"))
    return {int(number): name for number, name in pairs}


@cache
def bad_samples(listed: Literal["60", "120"]) -> frozenset[str]:
    """The official NTU RGB+D list of recordings with missing or incomplete skeletons."""
    return frozenset(_lines("ntu", f"missing_skeletons_{listed}.txt"))


def official_names() -> Iterator[tuple[str, Labels]]:
    """Every recording of NTU RGB+D 120 as published: name and labels, bad samples included.

    Setups 1-17 hold actions 1-60, setups 18-32 actions 61-120; every performer of a setup has
    three cameras and two replications.
    """
    for line in _lines("ntu", "performers.txt"):
        setup, *performers = (int(number) for number in re.findall(r"\d+", line))
        first = 1 if setup <= 17 else 61
        for performer in performers:
            for camera in (1, 2, 3):
                for replication in (1, 2):
                    for action in range(first, first + 60):
                        yield (
                            f"S{setup:03d}C{camera:03d}P{performer:03d}"
                            f"R{replication:03d}A{action:03d}",
                            Labels(action, performer, camera, setup, replication),
                        )


def _lines(source: str, name: str) -> list[str]:
    text = files("skelflow.datasets.protocols").joinpath(source, name).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]
