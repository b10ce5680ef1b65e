"""Training and test split of a data set by a label, and held-out subjects."""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from skelflow.errors import ConfigError, DataError
from skelflow.io.files import is_file, read_text
from skelflow.types import Labels


@dataclass(frozen=True)
class Protocol:
    """A split of a data set.

    Parameters
    ----------
    name : str
    divides : which label decides; or the recording's own name.
    training : the numbers of that label, or the names, that train; all others test.
    actions : the numbers of the actions that take part, or how many from 1 on; None = all.
    excluded : names of recordings that take no part: an official list of bad samples.
    published : training and test recordings that its authors state; None = not known.
    """

    name: str
    divides: Literal["subject", "camera", "setup", "name"]
    training: Container[int] | Container[str]
    actions: Container[int] | int | None = None
    excluded: frozenset[str] = frozenset()
    published: tuple[int, int] | None = None

    def trains(self, labels: Labels, name: str = "") -> bool:
        """Whether a recording of these labels, of that name, trains; `DataError` when unknown."""
        key = self._key(labels, name)
        if key is None:
            raise DataError(
                f"protocol {self.name!r} divides by {self.divides}, which is unknown ({labels})"
            )
        return key in self.training

    def knows(self, labels: Labels, name: str) -> bool:
        """Whether what it divides by is known of a recording."""
        return self._key(labels, name) is not None

    def _key(self, labels: Labels, name: str) -> Any:
        return name or None if self.divides == "name" else getattr(labels, self.divides)

    @property
    def listed(self) -> frozenset[str]:
        """The names that it divides by; none where a label decides."""
        if self.divides != "name" or not isinstance(self.training, frozenset):
            return frozenset()
        return frozenset(str(name) for name in self.training)

    def takes(self, name: str, labels: Labels) -> bool:
        """Whether a recording takes part: its action counts, and it is not listed as bad."""
        those = range(1, self.actions + 1) if isinstance(self.actions, int) else self.actions
        if those is not None and labels.action not in those:
            return False
        return name not in self.excluded


def own_protocol(text: str) -> Protocol | None:
    """A split of the user's own: "subjects:1,3,5", "cameras:2,3", "setups:1", or a file of names.

    Parameters
    ----------
    text : a kind of label with the numbers that train, or the path of a text file with the names
        of the recordings that train, one a line; # begins a comment. All others test.

    Returns
    -------
    Protocol, called as the text; None where it is no such text.

    Raises
    ------
    ConfigError
        A number is none, none is given, or the file cannot be read or holds no name.

    Examples
    --------
    >>> own_protocol("cameras:2,3").trains(Labels(camera=1))
    False
    """
    kind, colon, numbers = text.partition(":")
    if colon and kind in _KINDS:
        parts = [part.strip() for part in numbers.split(",")]
        if not all(part.isascii() and part.isdigit() and len(part) < 10 for part in parts):
            raise ConfigError(f"protocol: found {text!r}, expected numbers, such as {kind}:1,3,5")
        return Protocol(text, _KINDS[kind], frozenset(map(int, parts)))
    file = Path(text)
    return Protocol(text, "name", _read_names(file)) if is_file(file) else None


def _read_names(file: Path) -> frozenset[str]:
    text = read_text(file, encoding="utf-8-sig", refusal=ConfigError)
    lines = (line.strip() for line in text.splitlines())
    names = frozenset(line for line in lines if line and not line.startswith("#"))
    if not names:
        raise ConfigError(f"protocol: {file} holds no name of a recording that trains")
    return names


_KINDS: dict[str, Literal["subject", "camera", "setup"]] = {
    "subjects": "subject",
    "cameras": "camera",
    "setups": "setup",
}
ODD_SUBJECTS = Protocol("odd-subjects", "subject", range(1, 100_000, 2))  # of any data set


def split(labels: Mapping[str, Labels], protocol: Protocol) -> tuple[list[str], list[str]]:
    """Names that train and names that test, each sorted; those that take no part are in neither.

    Parameters
    ----------
    labels : who does what, by name.
    protocol : of their data set, see `skelflow.datasets.catalog.find_data_set`.

    Raises
    ------
    DataError
        A recording lacks the label that the protocol divides by, or a name that a protocol of the
        user's own lists is none of theirs; the message names it.
    """
    if protocol.divides == "name" and (unknown := set(protocol.listed) - set(labels)):
        raise DataError(
            f"protocol {protocol.name!r}: no recording is called {min(unknown)!r} "
            f"({len(unknown)} of its names are unknown)"
        )
    sides: dict[bool, list[str]] = {True: [], False: []}
    for name in sorted(labels):
        if protocol.takes(name, labels[name]):
            try:
                sides[protocol.trains(labels[name], name)].append(name)
            except DataError as error:
                raise DataError(f"{name}: {error}") from None
    return sides[True], sides[False]


def trained_names(
    labels: Mapping[str, Labels],
    protocol: Protocol,
    *,
    actions: Container[int],
    without: Container[int] = (),
) -> frozenset[str]:
    """Names of the recordings that a network has seen which was trained under a protocol.

    Parameters
    ----------
    labels : who does what, by name.
    protocol : of their data set.
    actions : that it tells apart.
    without : subjects that were held out.

    Returns
    -------
    Names; a recording of which it is not known who or what it shows is not among them.
    """
    return frozenset(
        name
        for name, told in labels.items()
        if protocol.takes(name, told)
        and protocol.knows(told, name)
        and protocol.trains(told, name)
        and told.action in actions
        and told.subject not in without
    )


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
