"""Recordings that are there without an upload: the bundled ones, or those of a folder."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from skelflow.recordings import find_reader, find_recordings

_TITLES: Mapping[str, str] = {"hand-waving": "hand waving", "kicking": "kicking something"}
_MOST = 200


@dataclass(frozen=True)
class SampleFile:
    """A recording to choose.

    Parameters
    ----------
    name : in addresses.
    title : for people.
    path : a .zip when it is bundled, else what `open_recording` takes.
    """

    name: str
    title: str
    path: Path

    @property
    def is_packed(self) -> bool:
        """Whether it is to be unpacked first."""
        return self.path.suffix == ".zip"


def bundled_samples() -> list[SampleFile]:
    """Synthetic people that come with the package, rendered by `skelflow synth`."""
    folder = Path(str(resources.files(__package__))) / "samples"
    return [
        SampleFile(path.stem, f"{_TITLES.get(path.stem, path.stem)} (synthetic person)", path)
        for path in sorted(folder.glob("*.zip"))
    ]


def folder_samples(folder: Path) -> list[SampleFile]:
    """The recordings below a folder, at most 200; `DataError` when there are none."""
    found = find_recordings(folder)[:_MOST]
    return [SampleFile(str(i), _title(path, folder), path) for i, path in enumerate(found)]


def _title(path: Path, folder: Path) -> str:
    shown = str(path.relative_to(folder)) if path != folder else path.name
    reader = find_reader(path)
    return f"{shown} ({reader.name})" if reader else shown
