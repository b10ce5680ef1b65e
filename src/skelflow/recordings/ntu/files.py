"""Locations of the parts of NTU RGB+D recordings: official folders, one folder, several disks."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from skelflow.errors import FormatError
from skelflow.io.files import is_file, is_folder, read_text
from skelflow.recordings.ntu.names import ntu_name

Modality = Literal["depth", "masked depth", "skeleton", "color", "infrared"]

ROOTS_FILE = "skelflow-roots.txt"  # further folders of the same data set, one a line

_MASKED_FOLDERS = ("nturgb+d_depth_masked", "depth_masked")
_DEPTH_FOLDERS = ("nturgb+d_depth", "depth", *_MASKED_FOLDERS)
_FILES: dict[Modality, tuple[tuple[str, ...], str]] = {
    "skeleton": (("nturgb+d_skeletons", "nturgb+d_skeletons120", "skeletons"), ".skeleton"),
    "color": (("nturgb+d_rgb", "rgb"), "_rgb.avi"),
    "infrared": (("nturgb+d_ir", "ir"), "_ir.avi"),
}
_LAYOUT_FOLDERS = {*_DEPTH_FOLDERS, *(name for names, _ in _FILES.values() for name in names)}
MODALITIES: tuple[Modality, ...] = ("depth", "masked depth", *_FILES)  # best to open by first


@dataclass(frozen=True)
class Parts:
    """The parts of one recording that are there; None = not found."""

    depth: Path | None
    skeleton: Path | None
    color: Path | None
    infrared: Path | None

    def __bool__(self) -> bool:
        return any((self.depth, self.skeleton, self.color, self.infrared))


class Part(NamedTuple):
    """A part that `scan` came across."""

    modality: Modality
    name: str
    folder: str
    entry: str


def is_part(path: Path) -> bool:
    """Whether a path that exists is named and shaped like a part of a recording."""
    if ntu_name(path.name) is None:
        return False
    if is_folder(path):
        return not is_file(path / "recording.toml")
    return is_file(path) and path.name.endswith(tuple(ending for _, ending in _FILES.values()))


def locate(path: Path, name: str) -> Parts:
    """The parts of the recording `name`; `path` itself comes first, raw depth before masked."""
    bases = homes(path)
    own = [path] if is_folder(path) else []
    depth = (folder for folder in (*own, *_depth_places(bases, name)) if is_folder(folder))
    skeleton, color, infrared = (
        next((f for f in _file_places(bases, modality, name) if is_file(f)), None)
        for modality in _FILES
    )
    return Parts(next(depth, None), skeleton, color, infrared)


def is_masked(path: Path) -> bool:
    """Whether a path is in one of the folders of masked depth, which set-ups may divide."""
    return any(folder.name in _MASKED_FOLDERS for folder in path.absolute().parents[:2])


def homes(path: Path) -> tuple[Path, ...]:
    """Folders that may hold the layout folders of a part: those above it, and other disks."""
    above = path.absolute().parents[:3]
    return tuple(dict.fromkeys((*above, *(root for base in above for root in other_roots(base)))))


def other_roots(folder: Path) -> list[Path]:
    """The further folders that a folder's `skelflow-roots.txt` names, relative to it.

    Raises
    ------
    FormatError
        One of them is no folder.
    """
    file = folder / ROOTS_FILE
    if not is_file(file):
        return []
    lines = (line.strip() for line in read_text(file).splitlines())
    roots = [folder / line for line in lines if line and not line.startswith("#")]
    for root in roots:
        if not is_folder(root):
            raise FormatError(f"{file}: {root} is no folder: is its disk there? Else mend the line")
    return roots


def depth_places(path: Path, name: str) -> list[Path]:
    """Where `locate` looks for depth, for messages: the official folders first, then those that
    are there.
    """

    def rank(place: Path) -> tuple[bool, bool]:
        return not place.parent.name.startswith("nturgb+d_depth"), not place.parent.is_dir()

    return sorted(_depth_places(homes(path), name), key=rank)


def find_parts(root: Path) -> Iterator[Path]:
    """One path for each recording below a folder: depth if there is, raw before masked.

    A recording with a part on another disk (`skelflow-roots.txt`) is found as `root/NAME`.
    """
    disks = other_roots(root)
    best: dict[tuple[str, str], tuple[int, Path]] = {}
    for disk in (root, *disks):
        for part in scan(disk):
            path = Path(part.folder, part.entry)
            home = str(root if disks else home_of(path.parent))
            candidate = MODALITIES.index(part.modality), root / part.name if disks else path
            best[home, part.name] = min(best.get((home, part.name), candidate), candidate)
    return (path for _, path in best.values())


def home_of(folder: Path) -> Path:
    """The folder above a layout folder (which may be divided by setup), or the folder itself."""
    layouts = (place for place in (folder, folder.parent) if place.name in _LAYOUT_FOLDERS)
    return next((place.parent for place in layouts), folder)


def scan_all(roots: Iterable[Path]) -> Iterator[Part]:
    """Every part below some folders and the further ones they name.

    Raises
    ------
    FormatError
        One of them is no folder.
    """
    disks = dict.fromkeys(disk for root in roots for disk in (root, *other_roots(root)))
    for disk in disks:
        if not is_folder(disk):
            raise FormatError(f"{disk} is no folder; expected one with NTU RGB+D below it")
        yield from scan(disk)


def scan(root: str | Path) -> Iterator[Part]:
    """Every part below a folder, in one pass; folders of images are not entered, links are."""
    todo, linked = [str(root)], {os.path.realpath(root)}
    while todo:
        folder = todo.pop()
        masked = "mask" in Path(folder).name.lower()
        for entry in _entries(folder):
            name = ntu_name(entry.name)
            if name is None:
                if _enters(entry, linked):
                    todo.append(entry.path)
            elif modality := _modality(entry, masked):
                yield Part(modality, name, folder, entry.name)


def _entries(folder: str) -> list["os.DirEntry[str]"]:
    """What a folder holds, by name; nothing where it cannot be read, see `unreadable_folders`."""
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return []


def _enters(entry: "os.DirEntry[str]", linked: set[str]) -> bool:
    """Whether an entry is a folder not seen before; links may lead in circles."""
    if entry.name.startswith(".") or not entry.is_dir():
        return False
    if not entry.is_symlink():
        return True
    place = os.path.realpath(entry.path)
    seen = place in linked
    linked.add(place)
    return not seen


def _modality(entry: "os.DirEntry[str]", masked: bool) -> Modality | None:
    for modality, (_, ending) in _FILES.items():
        if entry.name.endswith(ending):
            return modality if entry.is_file() else None
    if not entry.is_dir() or is_file(Path(entry.path, "recording.toml")):
        return None  # the latter is somebody's own recording of that name
    return "masked depth" if masked or "mask" in entry.name.lower() else "depth"


def _depth_places(bases: tuple[Path, ...], name: str) -> Iterator[Path]:
    """Raw depth in every base, then masked depth in every base."""
    for masked in (False, True):
        for place in _places(bases, _DEPTH_FOLDERS, name):
            for prefix in ("", "raw_", "masked_"):
                depth = place / f"{prefix}{name}"
                if masked == (prefix == "masked_" or is_masked(depth)):
                    yield depth


def _file_places(bases: tuple[Path, ...], modality: Modality, name: str) -> Iterator[Path]:
    folders, ending = _FILES[modality]
    yield from (place / f"{name}{ending}" for place in _places(bases, folders, name))


def _places(bases: tuple[Path, ...], folders: tuple[str, ...], name: str) -> Iterator[Path]:
    """Each base, its layout folders, and their folders of one setup."""
    for base in bases:
        yield base
        for folder in folders:
            yield base / folder
            yield base / folder / name[:4]
