"""Where the parts of an NTU RGB+D recording lie: the official folders, or all in one."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from skelflow.recordings._names import ntu_name, walk

_DEPTH_FOLDERS = ("nturgb+d_depth", "depth", "nturgb+d_depth_masked", "depth_masked")
_FILES = {
    "skeleton": (("nturgb+d_skeletons", "skeletons"), ".skeleton"),
    "color": (("nturgb+d_rgb", "rgb"), "_rgb.avi"),
    "infrared": (("nturgb+d_ir", "ir"), "_ir.avi"),
}
_LAYOUT_FOLDERS = {*_DEPTH_FOLDERS, *(name for names, _ in _FILES.values() for name in names)}


@dataclass(frozen=True)
class Parts:
    """The parts of one recording that are there; None = not found."""

    depth: Path | None
    skeleton: Path | None
    color: Path | None
    infrared: Path | None

    def __bool__(self) -> bool:
        return any((self.depth, self.skeleton, self.color, self.infrared))


def is_part(path: Path) -> bool:
    """Whether a path that exists is named and shaped like a part of a recording."""
    if ntu_name(path.name) is None:
        return False
    if path.is_dir():
        return not (path / "recording.toml").exists()
    return path.is_file() and path.name.endswith(tuple(ending for _, ending in _FILES.values()))


def locate(path: Path, name: str) -> Parts:
    """The parts of the recording `name`; `path` itself comes first, raw depth before masked."""
    bases = (path.parent, path.parent.parent)
    own = [path] if path.is_dir() else []
    depth = (folder for folder in (*own, *_depth_places(bases, name)) if folder.is_dir())
    files = {
        kind: next((f for f in _file_places(bases, folders, name + ending) if f.is_file()), None)
        for kind, (folders, ending) in _FILES.items()
    }
    return Parts(depth=next(depth, None), **files)


def depth_places(path: Path, name: str) -> list[Path]:
    """Where `locate` looks for depth, for messages."""
    return list(_depth_places((path.parent, path.parent.parent), name))


def find_parts(root: Path) -> Iterator[Path]:
    """One part of each recording below a folder: depth if there is, raw before masked."""
    best: dict[tuple[Path, str], tuple[int, Path]] = {}
    for base, folders, files in walk(root):
        home = base.parent if base.name in _LAYOUT_FOLDERS else base
        for entry in (*folders, *files):
            name = ntu_name(entry)
            if name is None or not is_part(base / entry):
                continue
            candidate = (_rank(base / entry), base / entry)
            best[home, name] = min(best.get((home, name), candidate), candidate)
    return (path for _, path in best.values())


def _depth_places(bases: tuple[Path, ...], name: str) -> Iterator[Path]:
    for base in bases:
        for prefix in ("", "raw_", "masked_"):
            yield base / f"{prefix}{name}"
            for folder in _DEPTH_FOLDERS:
                yield base / folder / f"{prefix}{name}"


def _file_places(bases: tuple[Path, ...], folders: tuple[str, ...], file: str) -> Iterator[Path]:
    for base in bases:
        yield base / file
        yield from (base / folder / file for folder in folders)


def _rank(path: Path) -> int:
    """Lower is better to open a recording by."""
    if path.is_dir():
        return 1 if "mask" in path.name.lower() or "mask" in path.parent.name.lower() else 0
    return 2 + [path.name.endswith(ending) for _, ending in _FILES.values()].index(True)
