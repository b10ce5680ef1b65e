"""NTU RGB+D and NTU RGB+D 120: Kinect v2 depth, color, infrared and skeletons."""

import re
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float32, Float64, UInt8

from skelflow.camera.calibration.file import SensorCalibration
from skelflow.errors import FormatError
from skelflow.io.files import is_file, is_folder, refused
from skelflow.recordings.ntu.cameras import (
    COLOR_SIZE,
    DEPTH_SIZE,
    find_calibration,
)
from skelflow.recordings.ntu.files import depth_places, find_parts, is_masked, is_part, locate
from skelflow.recordings.ntu.names import ntu_labels, ntu_name
from skelflow.recordings.ntu.skeleton import JOINTS, clean, read_tracks
from skelflow.recordings.reader import Reader
from skelflow.recordings.streams.images import check_size, read_depth_png
from skelflow.recordings.streams.video import VideoFile
from skelflow.skeleton.actors import describe_choice
from skelflow.skeleton.joining import join_tracks, merge_tracks
from skelflow.skeleton.tracks import select_bodies
from skelflow.types import Depth, Frames, Intensity, Projection, Recording, Skeleton
from skelflow.wording import counted

EXPECTS = (
    "SsssCcccPpppRrrrAaaa of NTU RGB+D: its .skeleton, _rgb.avi or _ir.avi file, or a folder of "
    "its Depth-00000001.png or MDepth-00000001.png images"
)
BODIES = 2
FRAME_RATE_HZ = 30.0
_PLACES = 4  # that a message names

_DEPTH_IMAGE = re.compile(r"M?Depth-.*\.png")


def recognizes(path: Path) -> bool:
    """Whether the path is named like NTU RGB+D and is, or stands for, a part of a recording."""
    if is_file(path) or is_folder(path):
        return is_part(path)
    return ntu_name(path.name) == path.name and bool(locate(path, path.name))


def find(folder: Path) -> Iterator[Path]:
    """One path for each recording below a folder, whichever of its parts are there."""
    return find_parts(folder)


def read(path: Path) -> Recording:
    """Open one recording from any of its parts.

    The other parts are looked for in the same folder and in the official sibling folders
    (`nturgb+d_depth`, `nturgb+d_depth_masked`, `nturgb+d_skeletons`, `nturgb+d_rgb`,
    `nturgb+d_ir`). A depth folder given as the path is used; otherwise raw depth goes before
    masked. A color video may be smaller than it was recorded, of the same shape. A video with
    another number of frames than the recording is left out, since nothing says which of them belong
    together. Without depth images the recording is as long as its skeleton (or its video) and
    decoding depth raises `FormatError`.

    Parameters
    ----------
    path : a part, or `FOLDER/SsssCcccPpppRrrrAaaa` with the parts below.

    Returns
    -------
    Recording : depth (424, 512) at 30 fps; always two bodies in the `kinect_v2` layout, absent ones
        NaN, the one that moves most first, aligned with the depth frames (cut, or padded with
        NaN). The cameras are those of `skelflow-cameras.json` beside the data, which
        `skelflow calibrate` makes; without it they are fitted to the recording's own joints.

    Raises
    ------
    FormatError
        A depth image is missing, a part is damaged or not what NTU RGB+D publishes, or the path is
        one of masked depth, where there is only raw depth.

    Notes
    -----
    Source: Shahroudy et al., NTU RGB+D, CVPR 2016; Liu et al., NTU RGB+D 120, TPAMI 2019.
    """
    name = ntu_name(path.name)
    parts = locate(path, name) if name else None
    if name is None or not parts:
        raise FormatError(f"{path}: expected {EXPECTS}")
    if parts.depth is not None and is_masked(path) and not is_masked(parts.depth):
        raise FormatError(
            f"{path}: no such folder, and its depth without a mask is not taken for it; give "
            f"{parts.depth} for that"
        )
    files = None if parts.depth is None else _depth_files(parts.depth)
    values, told = (None, ()) if parts.skeleton is None else _read_actors(parts.skeleton)
    count = next((len(part) for part in (files, values) if part is not None), None)
    color, infrared = (
        VideoFile(file, count=count, size=size[::-1], smaller=smaller, frame_rate_hz=FRAME_RATE_HZ)
        if file
        else None
        for file, size, smaller in (
            (parts.color, COLOR_SIZE, True),
            (parts.infrared, DEPTH_SIZE, False),
        )
    )
    if color and color.size == DEPTH_SIZE[::-1]:  # another camera's
        check_size(color.path, color.size, COLOR_SIZE[::-1])
    count = count or next(video.stored for video in (color, infrared) if video)
    calibration = find_calibration(path, name, values)
    repairs = (*told, *_repairs(values, count, color, infrared))
    color, infrared = (video if video and video.fits else None for video in (color, infrared))
    return Recording(
        name=name,
        path=path,
        camera=calibration.camera,
        frame_rate_hz=FRAME_RATE_HZ,
        depth=_no_depth(path, name, count) if files is None else _depth_frames(files),
        color=color.frames() if color else None,
        color_projection=_projection(calibration, color) if color else None,
        infrared=_gray_frames(infrared.frames()) if infrared else None,
        skeleton=None if values is None else _skeleton(_resize(values, count)),
        labels=ntu_labels(name),
        mirrored=True,
        repairs=repairs,
    )


def _projection(calibration: SensorCalibration, color: VideoFile) -> Projection | None:
    """Into the video's own pixels: many keep it smaller than it was recorded."""
    height, width = color.size
    return calibration.projection and calibration.projection.resized(width, height)


def _depth_files(folder: Path) -> list[Path]:
    """The depth images of a folder in order, raw ones if there are both."""
    with refused(folder):
        entries = [entry.name for entry in folder.iterdir()]
    names = sorted(name for name in entries if _DEPTH_IMAGE.fullmatch(name))
    names = [name for name in names if name.startswith("D")] or names
    if not names:
        raise FormatError(
            f"{folder}: no frames, expected Depth-00000001.png or MDepth-00000001.png"
        )
    prefix = names[0].partition("-")[0]
    for number, name in enumerate(names, 1):
        expected = f"{prefix}-{number:08d}.png"
        if name != expected:
            raise FormatError(
                f"{folder}: {expected} is missing ({name} is in its place); expected frames "
                "numbered from 1 without a gap, eight digits"
            )
    return [folder / name for name in names]


def _repairs(
    values: Float64[np.ndarray, "t 2 25 12"] | None, count: int, *videos: VideoFile | None
) -> tuple[str, ...]:
    """What was mended to make all parts as long as the recording."""
    done = [video.repair() for video in videos if video]
    if values is not None and len(values) != count:
        what = "its end is left out" if len(values) > count else "the rest has no joints"
        done.append(
            f"the skeleton has {counted(len(values), 'frame')}, the recording {count}: {what}"
        )
    return tuple(text for text in done if text)


def _depth_frames(files: list[Path]) -> Frames[Depth]:
    def decode(t: int) -> Depth:
        depth_mm = read_depth_png(files[t], size=DEPTH_SIZE[::-1])
        return depth_mm * np.float32(0.001)

    return Frames(len(files), decode)


def _no_depth(path: Path, name: str, count: int) -> Frames[Depth]:
    places = depth_places(path, name)
    shown = ", ".join(map(str, places[:_PLACES]))
    more = f" and {counted(len(places) - _PLACES, 'more place')}" if len(places) > _PLACES else ""
    return Frames.absent(
        count, f"{path}: no depth for {name} in any of {shown}{more} (docs/ntu.md lists them)"
    )


def _gray_frames(video: Frames[UInt8[np.ndarray, "h w 3"]]) -> Frames[Intensity]:
    def decode(t: int) -> Intensity:
        return np.asarray(cv2.cvtColor(video[t], cv2.COLOR_RGB2GRAY), np.float32)

    return Frames(len(video), decode)


def _read_actors(file: Path) -> tuple[Float64[np.ndarray, "t 2 25 12"], tuple[str, ...]]:
    """The bodies that act, NaN for those that are not there; and what was joined or left out."""
    values = clean(read_tracks(file).values)
    groups = join_tracks(values[..., :3].astype(np.float32))
    values = merge_tracks(values, groups)
    joints_m = values[..., :3].astype(np.float32)
    bodies = list(select_bodies(joints_m, keep=BODIES))
    chosen = np.full((len(values), BODIES, JOINTS, 12), np.nan)
    chosen[:, : len(bodies)] = values[:, bodies]
    return chosen, describe_choice(joints_m, groups, bodies)


def _resize(
    values: Float64[np.ndarray, "t 2 25 12"], count: int
) -> Float64[np.ndarray, "t2 2 25 12"]:
    """As many frames as there are depth images: cut, or padded with NaN."""
    padding = np.full((max(count - len(values), 0), *values.shape[1:]), np.nan)
    return np.concatenate((values[:count], padding))


def _skeleton(values: Float64[np.ndarray, "t 2 25 12"]) -> Skeleton:
    joints_m: Float32[np.ndarray, "t 2 25 3"] = values[..., :3].astype(np.float32)
    return Skeleton(
        layout="kinect_v2",
        joints_m=joints_m,
        joints_px=values[..., 3:5].astype(np.float32),
        tracking=np.nan_to_num(values[..., 11]).astype(np.uint8),
    )


READER = Reader("ntu", EXPECTS, recognizes, read, find, published=True)
