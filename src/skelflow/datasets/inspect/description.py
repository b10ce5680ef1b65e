"""Describe in words what a path holds: one recording, or folders of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from skelflow.datasets.catalog import action_name
from skelflow.datasets.catalog.ntu import DATA_SET as NTU
from skelflow.datasets.inspect.inventory import take_inventory
from skelflow.datasets.inspect.scan import scan_recordings
from skelflow.errors import DataError
from skelflow.io.files import is_file, is_folder, trouble
from skelflow.recordings import (
    find_reader,
    find_recordings,
    holds_many,
    open_recording,
    readers,
)
from skelflow.recordings.walk import unreadable_folders
from skelflow.types import Camera, Recording
from skelflow.wording import counted

_CAMERA = ("width", "height", "fx", "fy", "cx", "cy")


@dataclass(frozen=True)
class Description:
    """What a path holds, in words and as plain values."""

    text: str
    facts: dict[str, Any]

    @property
    def holds_nothing_readable(self) -> bool:
        """Whether all recordings were opened, and every one of them failed."""
        opened = self.facts.get("opened")
        if opened is None or ("ntu" in self.facts and not opened["checked"]):
            return False
        return bool(opened["failed"]) and not opened["open"]


def describe(
    paths: Sequence[Path],
    *,
    check: bool = False,
    progress: Callable[[int, int, str], None] = lambda *_: None,
) -> Description:
    """Describe one recording, or many: those of NTU RGB+D by their names, others by their headers.

    Parameters
    ----------
    paths : one recording, or folders and files of many.
    check : open all recordings, those of NTU RGB+D too, and look at some frames of each.
    progress : called after each opened recording with (opened, total, name).

    Raises
    ------
    DataError
        A path is no folder, or holds no recording.
    FormatError
        The recording cannot be read.
    """
    first = paths[0]
    if len(paths) == 1 and not holds_many(first):
        recording = open_recording(first)
        return Description(describe_recording(recording), {"recording": list_facts(recording)})
    for path in paths:
        if not (is_file(path) or is_folder(path)):
            raise DataError(f"{path} is no folder; give one recording, or folders of recordings")
    inventory = take_inventory([path for path in paths if is_folder(path)])
    texts: list[str] = []
    facts: dict[str, Any] = {}
    if inventory.everything:
        unread = [folder for path in paths for folder in unreadable_folders(path)]
        lines = [f"  {folder}: {trouble(folder)}, left out" for folder in unread]
        texts = ["\n".join([inventory.to_text(), *lines])]
        facts = {"ntu": inventory.to_dict() | {"left_out": list(map(str, unread))}}
    if check or not inventory.everything:
        found = [recording for path in paths for recording in find_recordings(path)]
    else:
        found = [recording for path in paths for recording in _of_other_sources(path)]
    if found:
        opened = scan_recordings([*dict.fromkeys(found)], check=check, progress=progress)
        texts, facts = [*texts, opened.to_text()], {**facts, "opened": opened.to_dict()}
    return Description("\n\n".join(texts), facts)


def _of_other_sources(path: Path) -> list[Path]:
    """What readers other than that of NTU RGB+D find; nothing in a file such as its cameras'."""
    if is_file(path):
        return find_recordings(path) if find_reader(path) or holds_many(path) else []
    if find_reader(path) is not None:
        return [path]
    others = [reader for reader in readers() if reader.name != NTU.name]
    found = {recording for reader in others for recording in reader.find(path)}
    return sorted(recording for recording in found if find_reader(recording) in others)


def list_facts(recording: Recording) -> dict[str, Any]:
    """What `describe_recording` says, as plain values."""
    skeleton, camera = recording.skeleton, recording.camera
    return {
        "name": recording.name,
        "path": str(recording.path),
        "source": recording.source,
        "frames": len(recording),
        "frame_rate_hz": recording.frame_rate_hz,
        "camera": {name: getattr(camera, name) for name in _CAMERA},
        "depth": recording.has_depth,
        "color": recording.color is not None,
        "infrared": recording.infrared is not None,
        "skeleton": skeleton
        and {
            "layout": skeleton.layout,
            "bodies": skeleton.joints_m.shape[1],
            "joints": skeleton.joints_m.shape[2],
        },
        "labels": {k: v for k, v in vars(recording.labels).items() if v is not None},
        "action_name": action_name(recording),
        "mended": list(recording.repairs),
    }


def describe_recording(recording: Recording) -> str:
    """Frames, camera, streams, labels, and what the reader mended."""
    skeleton = recording.skeleton
    lines = [
        f"{recording.name}: {counted(len(recording), 'frame')} at {recording.frame_rate_hz:g} Hz",
        f"  depth      {_camera(recording.camera) if recording.has_depth else 'no'}",
        f"  color      {'yes' if recording.color is not None else 'no'}",
        f"  infrared   {'yes' if recording.infrared is not None else 'no'}",
    ]
    if skeleton is not None:
        _, bodies, joints, _ = skeleton.joints_m.shape
        size = f"{counted(bodies, 'body', 'bodies')}, {counted(joints, 'joint')}"
        lines.append(f"  skeleton   {skeleton.layout}, {size}")
    known = {k: str(v) for k, v in vars(recording.labels).items() if v is not None}
    if name := action_name(recording):
        known["action"] += f" ({name})"
    labels = ", ".join(f"{k} {v}" for k, v in known.items())
    lines.append(f"  labels     {labels or 'none'}")
    lines += [f"  mended     {repair}" for repair in recording.repairs]
    return "\n".join(lines)


def _camera(camera: Camera) -> str:
    center = f"center ({camera.cx:.1f}, {camera.cy:.1f})"
    return f"{camera.width} x {camera.height}, fx {camera.fx:.1f}, fy {camera.fy:.1f}, {center}"
