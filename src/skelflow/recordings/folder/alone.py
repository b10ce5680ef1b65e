"""A folder without depth: a skeleton alone."""

import csv
from io import StringIO
from pathlib import Path

from skelflow.errors import FormatError
from skelflow.io.files import read_text
from skelflow.io.numbers import parse_whole
from skelflow.recordings.folder.settings import Settings
from skelflow.recordings.folder.skeleton import read_skeleton
from skelflow.types import Frames, Recording

_MOST_FRAMES = 1_000_000  # nine hours


def read_alone(path: Path, file: Path, settings: Settings) -> Recording:
    """The recording of a `skeleton.csv` that no depth stands beside.

    Raises
    ------
    FormatError
        The settings lack the layout or the image's size, or the file is damaged.
    """
    if settings.layout is None or settings.size is None:
        raise FormatError(
            f"{settings.file}: no depth/ beside {file.name}; a skeleton alone needs [skeleton] "
            "layout, and width and height in [camera]"
        )
    count = settings.frames or _count_frames(file)
    camera = settings.camera((settings.size[1], settings.size[0]))
    return Recording(
        name=settings.name,
        path=path,
        camera=camera,
        frame_rate_hz=settings.frame_rate_hz,
        depth=Frames.absent(count, f"{path}: no depth, only a skeleton"),
        skeleton=read_skeleton(file, settings.layout, camera, count=count),
        labels=settings.labels,
        mirrored=settings.mirrored,
    )


def _count_frames(file: Path) -> int:
    """One more than the last frame that has a line."""
    text, last = StringIO(read_text(file, encoding="utf-8-sig"), newline=""), 0
    try:
        for line in csv.DictReader(text):
            last = max(last, parse_whole((line.get("frame") or "").strip()) or 0)
    except csv.Error as error:
        raise FormatError(f"{file}: cannot be read as CSV ({error})") from error
    if last >= _MOST_FRAMES:
        raise FormatError(f"{file}: frame {last}, expected less than {_MOST_FRAMES:,}")
    return last + 1
