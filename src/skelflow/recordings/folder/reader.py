"""Recordings of one's own: a folder of 16-bit depth images with a `recording.toml`."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from skelflow.errors import FormatError
from skelflow.io.files import is_file, is_folder, refused
from skelflow.recordings.consistency import check_units
from skelflow.recordings.folder.alone import read_alone
from skelflow.recordings.folder.frame_names import check_steps, in_order, match_frames
from skelflow.recordings.folder.settings import Settings, read_settings
from skelflow.recordings.folder.skeleton import read_skeleton
from skelflow.recordings.images import color_shift, read_color, read_depth_png
from skelflow.recordings.reader import Reader
from skelflow.recordings.walk import walk_folders
from skelflow.types import Camera, Color, Depth, Frames, Recording, Skeleton

_SETTINGS, _JOINTS = "recording.toml", "skeleton.csv"
_NEAREST_M, _FARTHEST_M = 0.05, 50.0


def recognizes(path: Path) -> bool:
    """Whether the path is a folder with a `recording.toml`, or that file."""
    return is_file(path / _SETTINGS) or (path.name == _SETTINGS and is_file(path))


def find(folder: Path) -> Iterator[Path]:
    """Every folder with a `recording.toml` below a folder."""
    for base, folders, _ in walk_folders(folder):
        yield from (base / name for name in folders if is_file(base / name / _SETTINGS))


def read(path: Path) -> Recording:
    """Open a recording folder; the first image of each kind is decoded to check it.

    Parameters
    ----------
    path : the folder, or the `recording.toml` in it.

    Returns
    -------
    Recording : color, when there is any, in the depth image's pixels; `infrared` None.

    Raises
    ------
    FormatError
        A file is missing, damaged, of another size or kind, or depth is not in meters after
        `depth_scale`; names the file and, where it has lines, the line.
    """
    folder = path.parent if path.name == _SETTINGS else path
    settings = read_settings(folder / _SETTINGS)
    depth_files = _images(folder / "depth", (".png",))
    if not depth_files and not is_folder(folder / "depth") and is_file(folder / _JOINTS):
        return read_alone(path, folder / _JOINTS, settings)
    if not depth_files:
        raise FormatError(f"{folder / 'depth'}: no frames, expected 16-bit *.png depth images")
    size = _first_size(depth_files[0], settings)
    camera = settings.camera((size[0], size[1]))
    gaps = check_steps(depth_files, frame_rate_hz=settings.frame_rate_hz)
    color, matched = _color_frames(folder / "color", camera, depth_files, settings)
    return Recording(
        name=settings.name,
        path=path,
        camera=camera,
        frame_rate_hz=settings.frame_rate_hz,
        depth=_depth_frames(depth_files, settings, camera),
        color=color,
        skeleton=_skeleton(folder / _JOINTS, settings, camera, len(depth_files)),
        labels=settings.labels,
        mirrored=settings.mirrored,
        repairs=(*gaps, *matched),
        any_depth=settings.any_depth,
        any_joints=settings.any_joints,
    )


def _images(folder: Path, endings: tuple[str, ...]) -> list[Path]:
    """The images of a folder, frame 2 before frame 10; none when there is no folder."""
    if not is_folder(folder):
        return []
    with refused(folder):
        files = [file for file in folder.iterdir() if file.suffix.lower() in endings]
    return in_order([file for file in files if file.name[0] != "."])


def _depth_frames(files: list[Path], settings: Settings, camera: Camera) -> Frames[Depth]:
    size = (camera.height, camera.width)

    def decode(t: int) -> Depth:
        return _read_depth(files[t], settings, size)

    return Frames(len(files), decode)


def _first_size(file: Path, settings: Settings) -> tuple[int, ...]:
    """(height, width) of the first depth image, whose unit is looked at closely."""
    size = _read_depth(file, settings, None).shape
    if not settings.any_depth:
        allow = f"any_depth = true in {settings.file}"
        scale, setting = settings.depth_scale, "depth_scale ="
        check_units(str(file), read_depth_png(file), scale, setting=setting, allow=allow)
    return size


def _read_depth(file: Path, settings: Settings, size: tuple[int, int] | None) -> Depth:
    stored, scale = read_depth_png(file, size=size), settings.depth_scale
    some = stored[stored > 0]
    middle = scale * float(np.median(some)) if some.size else 1.0
    if not _NEAREST_M <= middle <= _FARTHEST_M:
        raise FormatError(
            f"{file}: depth is {middle:g} m in the median, expected {_NEAREST_M:g} to "
            f"{_FARTHEST_M:g} m: correct depth_scale in {settings.file} (meters a unit: 0.001 for "
            f"millimeters; it is {scale:g})"
        )
    return np.asarray(stored * np.float32(scale), np.float32)


def _color_frames(
    folder: Path, camera: Camera, depth_files: list[Path], settings: Settings
) -> tuple[Frames[Color] | None, tuple[str, ...]]:
    """Color by depth frame, and what was done to match and convert it."""
    files = _images(folder, (".png", ".jpg", ".jpeg"))
    if not files:
        return None, ()
    places, said = match_frames(depth_files, files, frame_rate_hz=settings.frame_rate_hz)
    shift = color_shift([files[i] for i in places])
    size = (camera.height, camera.width)

    def decode(t: int) -> Color:
        file = files[places[t]]
        color = read_color(file, shift=shift)
        if color.shape[:2] != size:
            raise FormatError(
                f"{file}: {color.shape[1]}x{color.shape[0]} pixels, depth has "
                f"{size[1]}x{size[0]}; register color to depth first "
                "(skelflow.camera.register.register_color)"
            )
        return color

    decode(0)
    if shift is not None:
        said += (f"{folder.name}/ has 16 bits: shifted by {shift} to 8",)
    return Frames(len(depth_files), decode), said


def _skeleton(file: Path, settings: Settings, camera: Camera, count: int) -> Skeleton | None:
    if not is_file(file):
        return None
    if settings.layout is None:
        raise FormatError(
            f"{settings.file}: [skeleton] layout is missing, and {file.name} is there; "
            'add it, for example layout = "kinect_v2"'
        )
    return read_skeleton(file, settings.layout, camera, count=count)


READER = Reader(
    name="folder",
    expects="a folder with a recording.toml and depth/*.png (16 bit)",
    recognizes=recognizes,
    read=read,
    find=find,
)
