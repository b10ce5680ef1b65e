"""A data set's descriptor: reader, joint layout, protocols, action names, official list."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from importlib.resources import files

from skelflow.datasets.protocols import ODD_SUBJECTS, Protocol, own_protocol
from skelflow.errors import ConfigError
from skelflow.recordings import Reader
from skelflow.skeleton.layouts import Layout
from skelflow.types import Labels


@dataclass(frozen=True)
class DataSet:
    """A data set, in one place.

    Parameters
    ----------
    name : of the data set and of its reader; `Recording.source` of its recordings.
    reader : opens its recordings; None where it is unknown, as for a store from elsewhere.
    layout : joint layout of its skeletons; None = each recording has its own, or none.
    protocols : its splits, the usual one first.
    action_names : number -> the authors' name for it; empty where actions are not fixed.
    mirrored_actions : number -> number of the action that it is in a mirror, None where that is
        none of the set; what is left out stays what it is.
    focal_px, frame_rate_hz : of its depth camera, for networks of earlier versions, which do not
        say what they were trained on; None = recordings differ.
    published : every recording as published, name and labels, bad samples included; None = no
        such list.

    Examples
    --------
    >>> from skelflow.datasets.catalog import find_data_set
    >>> find_data_set("utd_mhad").protocol("cross-subject").trains(Labels(subject=3))
    True
    """

    name: str
    reader: Reader | None = None
    layout: Layout | None = None
    protocols: tuple[Protocol, ...] = (ODD_SUBJECTS,)
    action_names: Mapping[int, str] = field(default_factory=dict)
    mirrored_actions: Mapping[int, int | None] = field(default_factory=dict)
    focal_px: float | None = None
    frame_rate_hz: float | None = None
    published: Callable[[], Iterable[tuple[str, Labels]]] | None = None

    def __post_init__(self) -> None:
        if not self.protocols:
            raise ConfigError(f"data set {self.name!r} has no protocol; give one, or leave it out")
        if self.reader is not None and self.reader.name != self.name:
            raise ConfigError(
                f"data set {self.name!r} is read by a reader named {self.reader.name!r}; "
                "a store knows its data set by its reader: give both one name"
            )

    def protocol(self, name: str | None = None) -> Protocol:
        """The protocol of that name, the usual one by default, or one of the user's own.

        See `own_protocol` for these; `ConfigError` lists the known ones.
        """
        if name is None:
            return self.protocols[0]
        known = {protocol.name: protocol for protocol in self.protocols}
        found = known.get(name) or own_protocol(name)
        if found is None:
            raise ConfigError(
                f"unknown protocol {name!r} for {self.name}; known: {', '.join(known)}; or one's "
                "own: subjects:1,3 cameras:2,3 setups:1 (who trains), or a file of names that train"
            )
        return found

    def mirrored_action(self, number: int) -> int | None:
        """The action that another one is in a mirror; None where the set has none such."""
        return self.mirrored_actions.get(number, number)


def read_action_names(package: str) -> dict[int, str]:
    """Action number -> name, from the lines "NUMBER: NAME" of a package's `actions.txt`."""
    pairs = (line.split(": ", 1) for line in read_lines(package, "actions.txt"))
    return {int(number): name for number, name in pairs}


def read_lines(package: str, file: str) -> list[str]:
    """The lines of a text file beside a package's modules, without comments."""
    text = files(package).joinpath(file).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]
