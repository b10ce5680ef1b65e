"""NTU RGB+D and NTU RGB+D 120: Kinect v2 depth, color, infrared and skeletons."""

import re
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float32, Float64, UInt8

from skelflow.camera.calibrate import fit_color_projection, fit_depth_camera
from skelflow.errors import CalibrationError, FormatError
from skelflow.recordings._images import read_depth_png, video_frames
from skelflow.recordings._names import ntu_labels, ntu_name
from skelflow.recordings._ntu_files import depth_places, find_parts, is_part, locate
from skelflow.recordings._ntu_skeleton import JOINTS, read_tracks
from skelflow.skeleton.tracks import select_bodies
from skelflow.types import Camera, Depth, Frames, Intensity, Projection, Recording, Skeleton

NAME = "ntu"
EXPECTS = (
    "SsssCcccPpppRrrrAaaa of NTU RGB+D: its .skeleton, _rgb.avi or _ir.avi file, or a folder of "
    "its Depth-00000001.png or MDepth-00000001.png images"
)

HEIGHT, WIDTH = 424, 512
COLOR_HEIGHT, COLOR_WIDTH = 1080, 1920
BODIES = 2
FRAME_RATE_HZ = 30.0

# No calibration is published. These stand in where no skeleton determines one: what a Kinect v2
# holds from the factory, and the middle of the fits to five files of the two devices they reveal.
DEPTH_CAMERA = Camera(WIDTH, HEIGHT, 365.48, 365.48, 257.35, 210.35)
COLOR_PROJECTION = Projection(
    COLOR_WIDTH,
    COLOR_HEIGHT,
    np.array([[1058.5, 0, 957.5, 56.0], [0, 1058.0, 553.0, 0]], dtype=np.float32),
)

_DEPTH_IMAGE = re.compile(r"M?Depth-(\d{8})\.png")


def recognizes(path: Path) -> bool:
    """Whether the path is named like NTU RGB+D and is, or stands for, a part of a recording."""
    if path.exists():
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
    masked. Without depth images the recording is as long as its skeleton (or its video) and
    decoding depth raises `FormatError`.

    Parameters
    ----------
    path : a part, or `FOLDER/SsssCcccPpppRrrrAaaa` with the parts below.

    Returns
    -------
    Recording : depth (424, 512) at 30 fps; always two bodies in the `kinect_v2` layout, absent ones
        NaN, the one that moves most first, aligned with the depth frames (cut, or padded with
        NaN). Both cameras are fitted to the recording's own joints.

    Raises
    ------
    FormatError
        A depth image is missing, a part is damaged or not what NTU RGB+D publishes.

    Notes
    -----
    Source: Shahroudy et al., NTU RGB+D, CVPR 2016; Liu et al., NTU RGB+D 120, TPAMI 2019.
    """
    name = ntu_name(path.name)
    parts = locate(path, name) if name else None
    if name is None or not parts:
        raise FormatError(f"{path}: expected {EXPECTS}")
    files = None if parts.depth is None else _depth_files(parts.depth)
    values = None if parts.skeleton is None else _select(read_tracks(parts.skeleton).values)
    count = next((len(part) for part in (files, values) if part is not None), None)
    color_size, infrared_size = (COLOR_HEIGHT, COLOR_WIDTH), (HEIGHT, WIDTH)
    color = parts.color and video_frames(parts.color, count=count, size=color_size)
    infrared = parts.infrared and video_frames(parts.infrared, count=count, size=infrared_size)
    count = count or next(len(video) for video in (color, infrared) if video)
    return Recording(
        name=name,
        path=path,
        camera=_fit_camera(values),
        frame_rate_hz=FRAME_RATE_HZ,
        depth=_no_depth(path, name, count) if files is None else _depth_frames(files),
        color=color or None,
        color_projection=_fit_projection(values) if color else None,
        infrared=_gray_frames(infrared) if infrared else None,
        skeleton=None if values is None else _skeleton(_resize(values, count)),
        labels=ntu_labels(name),
    )


def _depth_files(folder: Path) -> list[Path]:
    """The depth images of a folder in order, raw ones if there are both."""
    names = sorted(entry.name for entry in folder.iterdir() if _DEPTH_IMAGE.fullmatch(entry.name))
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
                f"{folder}: {expected} is missing (next is {name}); expected frames numbered "
                "from 1 without a gap"
            )
    return [folder / name for name in names]


def _depth_frames(files: list[Path]) -> Frames[Depth]:
    def decode(t: int) -> Depth:
        depth_mm = read_depth_png(files[t], size=(HEIGHT, WIDTH))
        return depth_mm * np.float32(0.001)

    return Frames(len(files), decode)


def _no_depth(path: Path, name: str, count: int) -> Frames[Depth]:
    def decode(t: int) -> Depth:
        places = ", ".join(map(str, depth_places(path, name)))
        raise FormatError(f"{path}: no depth for {name} (frame {t + 1}); looked in {places}")

    return Frames(count, decode)


def _gray_frames(video: Frames[UInt8[np.ndarray, "h w 3"]]) -> Frames[Intensity]:
    def decode(t: int) -> Intensity:
        return np.asarray(cv2.cvtColor(video[t], cv2.COLOR_RGB2GRAY), np.float32)

    return Frames(len(video), decode)


def _select(values: Float64[np.ndarray, "t bodies 25 12"]) -> Float64[np.ndarray, "t 2 25 12"]:
    """The bodies that act, y down, and NaN for what the sensor did not track."""
    values = values * np.where(np.arange(12) == 1, -1.0, 1.0)
    bodies = list(select_bodies(values[..., :3].astype(np.float32), keep=BODIES))
    chosen = np.full((len(values), BODIES, JOINTS, 12), np.nan)
    chosen[:, : len(bodies)] = values[:, bodies]
    untracked = ~(chosen[..., 11] > 0)
    chosen[untracked, :7] = np.nan
    _blank_unseen(chosen[..., 3:5])
    _blank_unseen(chosen[..., 5:7])
    return chosen


def _blank_unseen(pixels: Float64[np.ndarray, "t 2 25 2"]) -> None:
    """NaN, in place, where a joint has no pixel: (0, 0) or not finite."""
    pixels[~np.isfinite(pixels).all(axis=-1) | (pixels == 0).all(axis=-1)] = np.nan


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


def _fit_camera(values: Float64[np.ndarray, "t 2 25 12"] | None) -> Camera:
    """The depth camera that explains the recording's own joints, or the factory's."""
    if values is None:
        return DEPTH_CAMERA
    try:
        return fit_depth_camera(values[..., :3], values[..., 3:5], width=WIDTH, height=HEIGHT)
    except CalibrationError:
        return DEPTH_CAMERA


def _fit_projection(values: Float64[np.ndarray, "t 2 25 12"] | None) -> Projection:
    """The color projection that explains the recording's own joints, or a typical one."""
    if values is None:
        return COLOR_PROJECTION
    points_m, pixels = values[..., :3], values[..., 5:7]
    try:
        return fit_color_projection(points_m, pixels, width=COLOR_WIDTH, height=COLOR_HEIGHT)
    except CalibrationError:
        return COLOR_PROJECTION
