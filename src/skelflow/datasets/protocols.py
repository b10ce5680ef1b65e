"""Training and test split of a data set by a label, and held-out subjects."""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from skelflow.errors import ConfigError, DataError
from skelflow.types import Labels


@dataclass(frozen=True)
class Protocol:
    """A split of a data set.

    Parameters
    ----------
    name : str
    divides : which label decides.
    training : the numbers of that label that train; all others test.
    actions : how many actions take part, from number 1; None = all.
    excluded : names of recordings that take no part: an official list of bad samples.
    published : training and test recordings that its authors state; None = not known.
    """

    name: str
    divides: Literal["subject", "camera", "setup"]
    training: Container[int]
    actions: int | None = None
    excluded: frozenset[str] = frozenset()
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
        return name not in self.excluded


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
