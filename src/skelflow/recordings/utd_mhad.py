"""UTD-MHAD: Kinect v1 depth and skeletons as MATLAB files, one action a pair of files."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Integer, Num, UInt16

from skelflow.camera.depth_units import without_codes
from skelflow.camera.pinhole import project
from skelflow.errors import FormatError
from skelflow.io.atomic import atomic_write, storage_errors
from skelflow.io.bounds import NUMBERS
from skelflow.io.files import is_file, read_bytes
from skelflow.recordings.consistency import check_units
from skelflow.recordings.reader import Reader
from skelflow.recordings.streams.mat_file import MatArray, mat_content, read_mat
from skelflow.recordings.walk import walk_folders
from skelflow.skeleton.plausible import check_joints
from skelflow.types import Camera, Depth, Frames, Labels, Recording, Skeleton

_FARTHEST_M = 20.0
EXPECTS = "aA_sS_tT_depth.mat, aA_sS_tT_skeleton.mat or aA_sS_tT of UTD-MHAD"

# The data set comes without calibration. Of f = 240, 242.5, ... 297.5, f = 260 puts the most
# joints onto depth that agrees with their own within 0.2 m: 93.7 % (31 recordings, every fifth
# frame, 8,820 joints); 250 and 280 give 93.4 % and 93.3 %, 295 gives 88.4 %.
CAMERA = Camera(width=320, height=240, fx=260.0, fy=260.0, cx=160.0, cy=120.0)
FRAME_RATE_HZ = 30.0

_NAME = re.compile(r"(a(\d+)_s(\d+)_t(\d+))(?:_(?:depth|skeleton)\.mat)?")


def recognizes(path: Path) -> bool:
    """Whether the path is named like UTD-MHAD and a file of that recording exists."""
    match = _NAME.fullmatch(path.name)
    return match is not None and any(_locate(path, match[1], kind) for kind in _FOLDERS)


def find(folder: Path) -> Iterator[Path]:
    """Every depth file below a folder."""
    for base, _, files in walk_folders(folder):
        for name in files:
            if name.endswith("_depth.mat") and _NAME.fullmatch(name):
                yield base / name


def read(path: Path) -> Recording:
    """Open one recording; depth is decoded at the first frame that is asked for.

    Parameters
    ----------
    path : the depth file, the skeleton file, or the name without either ending.

    Returns
    -------
    Recording : depth (240, 320) at 30 fps; one body in the `kinect_v1` layout when the skeleton
        file is there; no color. Where the two files differ in length, the shorter counts
        (they agree in all 861 published recordings).

    Raises
    ------
    FormatError
        A file is truncated, lacks its array, or the array has another shape or other units.

    Notes
    -----
    Source: Chen, Jafari and Kehtarnavaz, UTD-MHAD, ICIP 2015.
    """
    match = _NAME.fullmatch(path.name)
    if match is None:
        raise FormatError(f"{path}: expected {EXPECTS}")
    name = match[1]
    depth_file = _locate(path, name, "depth")
    if depth_file is None:
        raise FormatError(f"{path}: no {name}_depth.mat beside it or in a folder depth/ beside")
    count = _depth_count(depth_file)
    skeleton_file = _locate(path, name, "skeleton")
    joints_m = None if skeleton_file is None else _read_joints(skeleton_file)
    if joints_m is not None:
        count = min(count, len(joints_m))
    return Recording(
        name=name,
        path=path,
        camera=CAMERA,
        frame_rate_hz=FRAME_RATE_HZ,
        depth=_depth_frames(depth_file, count),
        skeleton=None if joints_m is None else _skeleton(joints_m[:count]),
        mirrored=True,
        labels=Labels(action=int(match[2]), subject=int(match[3]), replication=int(match[4])),
    )


def written(path: Path, out: Path) -> Path:
    """Where `write_with_depth` puts the depth of the recording at a path, below a folder."""
    match = _NAME.fullmatch(path.name)
    if match is None:
        raise FormatError(f"{path}: expected {EXPECTS}")
    return out / "depth" / f"{match[1]}_depth.mat"


def write_with_depth(path: Path, out: Path, depth_mm: UInt16[np.ndarray, "t 240 320"]) -> None:
    """Write a recording once more, with other depth; its skeleton is copied.

    The depth file comes last: where it is, all is there.

    Parameters
    ----------
    path : the recording, as for `read`.
    out : the folder to put it in, `depth` and `skeleton`.
    depth_mm : of as many frames as `read` finds, whole millimeters, 0 = no reading.

    Raises
    ------
    StorageError
        A file cannot be written.
    """
    file = written(path, out)
    name = file.name.removesuffix("_depth.mat")
    skeleton = _locate(path, name, "skeleton")
    parts = {file: mat_content("d_depth", np.moveaxis(depth_mm, 0, 2))}
    if skeleton is not None:
        copy = out / "skeleton" / f"{name}_skeleton.mat"
        parts = {copy: read_bytes(skeleton, bound=NUMBERS), **parts}
    for place, content in parts.items():
        with storage_errors(place):
            place.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(place) as aside:
            aside.write_bytes(content)


_FOLDERS = {"depth": ("depth", "Depth"), "skeleton": ("skeleton", "Skeleton")}


def _locate(path: Path, name: str, kind: str) -> Path | None:
    """The depth or skeleton file: in the same folder, a folder below, or a sibling folder."""
    above = path.absolute().parents
    parents = [path.parent]
    for base in above[:2]:
        parents += [base / folder for folder in _FOLDERS[kind]]
    files = (parent / f"{name}_{kind}.mat" for parent in parents)
    return next((file for file in files if is_file(file)), None)


def _depth_count(file: Path) -> int:
    """Frames of a depth file: no image is converted."""
    return _check_shape(file, read_mat(file), "d_depth", (CAMERA.height, CAMERA.width))


def _check_shape(file: Path, arrays: dict[str, MatArray], key: str, plane: tuple[int, int]) -> int:
    """Frames of the array `key`, whose first axes must be `plane` (MATLAB drops a last 1)."""
    if key not in arrays:
        raise FormatError(f"{file}: no array {key!r}, found {', '.join(arrays) or 'nothing'}")
    if arrays[key].dtype is None:
        raise FormatError(f"{file}: {key} holds no real numbers")
    shape = arrays[key].shape
    if len(shape) not in (2, 3) or shape[:2] != plane:
        raise FormatError(f"{file}: {key} is {shape}, expected ({plane[0]}, {plane[1]}, frames)")
    count = shape[2] if len(shape) == 3 else 1
    if count == 0:
        raise FormatError(f"{file}: {key} has no frames")
    return count


def _load(file: Path, key: str, plane: tuple[int, int]) -> Num[np.ndarray, "t rows columns"]:
    """The array of a file, time first."""
    arrays = read_mat(file)
    count = _check_shape(file, arrays, key, plane)
    values = arrays[key].values(file)
    return np.ascontiguousarray(np.moveaxis(values.reshape(*plane, count), 2, 0))


def _load_depth_mm(file: Path) -> UInt16[np.ndarray, "t h w"]:
    """All depth images of a file, with their units checked."""
    values = _load(file, "d_depth", (CAMERA.height, CAMERA.width))
    if values.dtype == np.uint16:
        values = without_codes(values)
    top = float(np.nan_to_num(values, nan=np.inf).max())
    whole = values.dtype.kind in "ui" or bool((values == np.rint(values)).all())
    if not whole or values.min() < 0 or not (top == 0 or 100 <= top <= 20_000):
        raise FormatError(
            f"{file}: d_depth holds {values.dtype} from {values.min():g} to {top:g}, expected "
            "whole millimeters, 0 = no reading (meters? multiply by 1000)"
        )
    stored = values.astype(np.uint16)
    check_units(f"{file}: d_depth", stored[:: max(1, len(stored) // 5)], 0.001)
    return stored


def _depth_frames(file: Path, count: int) -> Frames[Depth]:
    """Frames of one file, which is decoded whole at the first of them and kept."""

    @cache
    def depth_mm() -> Integer[np.ndarray, "t h w"]:
        return _load_depth_mm(file)

    return Frames(count, lambda t: depth_mm()[t] * np.float32(0.001))


def _read_joints(file: Path) -> Float32[np.ndarray, "t 20 3"]:
    """Joints of a skeleton file, meters, y turned from up to down."""
    values = _load(file, "d_skel", (20, 3))
    stored_m = values.astype(np.float64)
    check_joints(f"{file}: d_skel", stored_m, refusal=FormatError, farthest_m=_FARTHEST_M)
    joints_m = values.astype(np.float32)
    joints_m[..., 1] *= -1
    return joints_m


def _skeleton(joints_m: Float32[np.ndarray, "t 20 3"]) -> Skeleton:
    """One body, every joint tracked."""
    bodies = joints_m[:, None]
    return Skeleton(
        layout="kinect_v1",
        joints_m=bodies,
        joints_px=project(bodies, CAMERA),
        tracking=np.full(bodies.shape[:3], 2, np.uint8),
    )


READER = Reader("utd_mhad", EXPECTS, recognizes, read, find, published=True)
