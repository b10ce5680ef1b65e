"""Describe in words what a path holds: one recording, or folders of them."""

from collections.abc import Callable, Sequence
from pathlib import Path

from skelflow.datasets.inspect.inventory import take_inventory
from skelflow.datasets.inspect.scan import scan_recordings
from skelflow.errors import DataError
from skelflow.io.files import is_file, is_folder, trouble
from skelflow.recordings import find_reader, find_recordings, open_recording
from skelflow.recordings.walk import unreadable_folders
from skelflow.types import Camera, Recording


def describe(
    paths: Sequence[Path],
    *,
    check: bool = False,
    progress: Callable[[int, int, str], None] = lambda *_: None,
) -> str:
    """Describe one recording, or folders: NTU RGB+D by its names, others by opening them.

    Parameters
    ----------
    paths : one recording, or folders.
    check : open the recordings of NTU RGB+D too.
    progress : called after each opened recording with (opened, total, name).

    Raises
    ------
    DataError
        A path is no folder, or holds no recording.
    FormatError
        The recording cannot be read.
    """
    first = paths[0]
    if len(paths) == 1 and (find_reader(first) or not is_folder(first)):
        return describe_recording(open_recording(first))
    for path in paths:
        if not (is_file(path) or is_folder(path)):
            raise DataError(f"{path} is no folder; give one recording, or folders of recordings")
    inventory = take_inventory([path for path in paths if is_folder(path)])
    if inventory.everything and not check:
        unread = [folder for path in paths for folder in unreadable_folders(path)]
        lines = [f"  {folder}: {trouble(folder)}, left out" for folder in unread]
        return "\n".join([inventory.to_text(), *lines])
    found = [recording for path in paths for recording in find_recordings(path)]
    opened = scan_recordings(found, progress=progress).to_text()
    return f"{inventory.to_text()}\n\n{opened}" if inventory.everything else opened


def describe_recording(recording: Recording) -> str:
    """Frames, camera, streams, labels, and what the reader mended."""
    skeleton = recording.skeleton
    lines = [
        f"{recording.name}: {len(recording)} frames at {recording.frame_rate_hz:g} Hz",
        f"  depth      {_camera(recording.camera) if recording.has_depth else 'no'}",
        f"  color      {'yes' if recording.color is not None else 'no'}",
        f"  infrared   {'yes' if recording.infrared is not None else 'no'}",
    ]
    if skeleton is not None:
        _, bodies, joints, _ = skeleton.joints_m.shape
        lines.append(f"  skeleton   {skeleton.layout}, {bodies} bodies, {joints} joints")
    known = {k: v for k, v in vars(recording.labels).items() if v is not None}
    labels = ", ".join(f"{k} {v}" for k, v in known.items())
    lines.append(f"  labels     {labels or 'none'}")
    lines += [f"  mended     {repair}" for repair in recording.repairs]
    return "\n".join(lines)


def _camera(camera: Camera) -> str:
    center = f"center ({camera.cx:.1f}, {camera.cy:.1f})"
    return f"{camera.width} x {camera.height}, fx {camera.fx:.1f}, fy {camera.fy:.1f}, {center}"
