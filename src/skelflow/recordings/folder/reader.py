"""Recordings of one's own: a folder of depth images with a `recording.toml`."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from skelflow.errors import FormatError
from skelflow.io.files import is_file, is_folder
from skelflow.recordings.folder.alone import read_alone
from skelflow.recordings.folder.depth import (
    EXPECTS,
    depth_frames,
    find_depth,
    first_size,
    images_in,
)
from skelflow.recordings.folder.frame_names import check_steps, match_frames
from skelflow.recordings.folder.settings import Settings, read_settings
from skelflow.recordings.folder.skeleton import read_skeleton
from skelflow.recordings.reader import Reader
from skelflow.recordings.streams.images import color_shift, read_color
from skelflow.recordings.walk import walk_folders
from skelflow.types import Camera, Color, Frames, Recording, Skeleton

_SETTINGS, _JOINTS = "recording.toml", "skeleton.csv"


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
    images = find_depth(folder)
    if images is None and not is_folder(folder / "depth") and is_file(folder / _JOINTS):
        return read_alone(path, folder / _JOINTS, settings)
    if images is None:
        raise FormatError(f"{folder / 'depth'}: no frames, expected {EXPECTS}")
    camera = settings.camera(first_size(images, settings))
    gaps = check_steps(images.files, frame_rate_hz=settings.frame_rate_hz)
    color, matched = _color_frames(folder / "color", camera, images.files, settings)
    return Recording(
        name=settings.name,
        path=path,
        camera=camera,
        frame_rate_hz=settings.frame_rate_hz,
        depth=depth_frames(images, settings, camera),
        color=color,
        skeleton=_skeleton(folder / _JOINTS, settings, camera, len(images.files)),
        labels=settings.labels,
        mirrored=settings.mirrored,
        repairs=(*gaps, *matched),
        any_depth=settings.any_depth,
        any_joints=settings.any_joints,
    )


def _color_frames(
    folder: Path, camera: Camera, depth_files: Sequence[Path], settings: Settings
) -> tuple[Frames[Color] | None, tuple[str, ...]]:
    """Color by depth frame, and what was done to match and convert it."""
    files = images_in(folder, (".png", ".jpg", ".jpeg"))
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
    expects=f"a folder with a recording.toml and {EXPECTS}",
    recognizes=recognizes,
    read=read,
    find=find,
)
