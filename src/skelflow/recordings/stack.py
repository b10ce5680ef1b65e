"""A recording as one NumPy file: `.npz` with depth, camera, and what else there is."""

import math
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float64, Shaped

from skelflow.camera.depth_units import check_meters, without_codes
from skelflow.camera.pinhole import project
from skelflow.errors import ConfigError, FormatError
from skelflow.io.arrays import ARRAY_ERRORS
from skelflow.io.bounds import MB, STACK
from skelflow.io.files import is_file, open_file
from skelflow.recordings.reader import Reader
from skelflow.recordings.streams.timing import describe_gaps, frame_rate
from skelflow.recordings.walk import walk_folders
from skelflow.skeleton.layouts import layouts
from skelflow.skeleton.plausible import check_joints
from skelflow.types import LARGEST_LABEL, Camera, Color, Depth, Frames, Labels, Recording, Skeleton

EXPECTS = "NAME.npz with depth (t, h, w) and camera (fx, fy, cx, cy)"

_Shapes = Mapping[str, tuple[tuple[int, ...], np.dtype[Any]]]
_NEAREST_M, _FARTHEST_M = 0.05, 50.0
_KNOWN = {"depth", "camera", "depth_scale", "times_s", "frame_rate_hz", "color", "joints_m"}
_KNOWN |= {"layout", "action", "subject", "mirrored"}


def recognizes(path: Path) -> bool:
    """Whether the path is a `.npz` file with a stack of depth images."""
    if path.suffix.lower() != ".npz" or not is_file(path):
        return False
    try:
        return len(_shapes(path).get("depth", ((), np.dtype(float)))[0]) == 3
    except FormatError:
        return False


def find(folder: Path) -> Iterator[Path]:
    """Every such file below a folder."""
    for base, _, files in walk_folders(folder):
        paths = (base / name for name in files if name.lower().endswith(".npz"))
        yield from (path for path in paths if recognizes(path))


def read(path: Path) -> Recording:
    """Open a file; all of its arrays are read, whole.

    Parameters
    ----------
    path : of the `.npz` file, whose arrays are `depth` (t, h, w), meters as floats or units of
        `depth_scale` as integers; `camera` fx, fy, cx, cy; and, where known, `times_s` or
        `frame_rate_hz`, `color` (t, h, w, 3) uint8 in the depth image's pixels, `joints_m` (t,
        bodies, joints, 3) with `layout`, `action`, `subject`, and `mirrored`, whether images are as
        in a mirror (a Kinect's are).

    Raises
    ------
    FormatError
        An array is missing, unknown, damaged, or not of the shape or kind it must be.
    DataError
        Depth is not in meters; see `skelflow.camera.depth_units`.
    """
    shapes = _shapes(path)
    if unknown := sorted(set(shapes) - _KNOWN):
        raise FormatError(
            f"{path}: unknown arrays {', '.join(unknown)}; known: {', '.join(sorted(_KNOWN))}"
        )
    values = {name: _load(path, name) for name in shapes if name not in ("depth", "color")}
    depth = _load(path, "depth")
    if depth.ndim != 3 or not depth.size:
        raise FormatError(f"{path}: depth is {depth.shape}, expected (frames, height, width)")
    count, height, width = depth.shape
    camera = _camera(path, values, width, height)
    times_s = _times_s(path, values, count)
    rate_hz = frame_rate(times_s) if times_s is not None else _number(path, values, "frame_rate_hz")
    gaps = None if times_s is None else describe_gaps(times_s, rate_hz=rate_hz)
    return Recording(
        name=path.stem,
        path=path,
        camera=camera,
        frame_rate_hz=rate_hz,
        depth=_depth_frames(path, depth, values),
        color=_color_frames(path, shapes, camera, count),
        skeleton=_skeleton(path, values, camera, count),
        mirrored=_truth(path, values, "mirrored"),
        labels=Labels(*(_label(path, values, name) for name in ("action", "subject"))),
        repairs=(gaps,) if gaps else (),
    )


def _shapes(path: Path) -> _Shapes:
    """Shape and type of each array, from their headers: no values are read."""
    try:
        with open_file(path) as stream, zipfile.ZipFile(stream) as archive:
            return {
                name.removesuffix(".npy"): _header(archive, name)
                for name in archive.namelist()
                if name.endswith(".npy")
            }
    except ARRAY_ERRORS as error:
        raise FormatError(f"{path}: no NumPy archive that can be read ({error})") from error


def _header(archive: zipfile.ZipFile, name: str) -> tuple[tuple[int, ...], np.dtype[Any]]:
    with archive.open(name) as stream:
        if np.lib.format.read_magic(stream) != (1, 0):
            raise ValueError(f"{name} is no array of format 1.0")
        shape, _, dtype = np.lib.format.read_array_header_1_0(stream)
        return shape, dtype


def _load(path: Path, name: str) -> Shaped[np.ndarray, "..."]:
    """An array, read whole once its size is known to be in the file."""
    try:
        with open_file(path) as stream, zipfile.ZipFile(stream) as entries:
            size = entries.getinfo(f"{name}.npy").file_size
            shape, dtype = _header(entries, f"{name}.npy")
            needed = math.prod(shape) * dtype.itemsize
            if min(shape, default=0) < 0 or needed > size:
                raise ValueError(f"{name} of {shape} in {size:,} bytes")
            STACK.check(needed / MB, f"{path}: {name}", FormatError)
            with entries.open(f"{name}.npy") as array:
                return np.asarray(np.lib.format.read_array(array, allow_pickle=False))
    except ARRAY_ERRORS as error:
        raise FormatError(f"{path}: array {name} cannot be read ({error})") from error


def _number(path: Path, values: Mapping[str, np.ndarray], name: str) -> float:
    if name not in values or values[name].size != 1 or values[name].dtype.kind not in "uif":
        raise FormatError(f"{path}: {name} is missing or no number")
    return float(values[name].item())


def _times_s(
    path: Path, values: Mapping[str, np.ndarray], count: int
) -> Float64[np.ndarray, " t"] | None:
    """Of each frame; None where they are not there."""
    if "times_s" not in values:
        return None
    found = values["times_s"]
    if found.shape != (count,) or found.dtype.kind not in "uif":
        raise FormatError(
            f"{path}: times_s is {found.dtype} {found.shape}, expected ({count},) rising seconds"
        )
    times_s = found.astype(np.float64)
    if not np.isfinite(times_s).all() or not (np.diff(times_s) > 0).all():
        raise FormatError(f"{path}: times_s falls or stays, expected ({count},) rising seconds")
    return times_s


def _label(path: Path, values: Mapping[str, np.ndarray], name: str) -> int | None:
    """A whole number from 0; None where it is not there."""
    if name not in values:
        return None
    number = _number(path, values, name)
    if not 0 <= number <= LARGEST_LABEL or number != int(number):
        raise FormatError(
            f"{path}: {name} is {number:g}, expected a whole number from 0 to "
            f"{LARGEST_LABEL:,}; leave it out where it is unknown"
        )
    return int(number)


def _truth(path: Path, values: Mapping[str, np.ndarray], name: str) -> bool:
    """One of yes and no; no where it is not there."""
    found = values.get(name, np.False_)
    if found.size != 1 or found.dtype.kind != "b":
        raise FormatError(f"{path}: {name} is {found.dtype} {found.shape}, expected True or False")
    return bool(found.item())


def _camera(path: Path, values: Mapping[str, np.ndarray], width: int, height: int) -> Camera:
    found = values.get("camera", np.zeros(0))
    if found.shape != (4,) or found.dtype.kind not in "uif":
        raise FormatError(f"{path}: camera is {found.shape}, expected fx, fy, cx, cy in pixels")
    try:
        return Camera(width, height, *map(float, found))
    except ConfigError as error:
        raise FormatError(f"{path}: {error}") from error


def _depth_frames(
    path: Path, stored: Shaped[np.ndarray, "t h w"], values: Mapping[str, np.ndarray]
) -> Frames[Depth]:
    """Depth in meters; the first image tells whether the unit is right."""
    whole = stored.dtype.kind in "ui"
    if not whole and stored.dtype.kind != "f":
        raise FormatError(f"{path}: depth holds {stored.dtype}, expected numbers")
    scale = _number(path, values, "depth_scale") if whole else 1.0
    if not 0 < scale < np.inf:
        raise FormatError(f"{path}: depth_scale is {scale:g}, expected meters a unit")

    def decode(t: int) -> Depth:
        image = without_codes(stored[t]) if stored.dtype == np.uint16 else stored[t]
        return np.asarray(image * np.float32(scale), np.float32)

    first = decode(0)
    check_meters(f"{path}: depth", first)
    some = first[first > 0]
    middle = float(np.median(some)) if some.size else 1.0
    if not _NEAREST_M <= middle <= _FARTHEST_M:
        raise FormatError(
            f"{path}: depth is {middle:g} m in the median, expected {_NEAREST_M:g} to "
            f"{_FARTHEST_M:g} m: correct depth_scale, meters a unit (0.001 for millimeters)"
        )
    return Frames(len(stored), decode)


def _color_frames(path: Path, shapes: _Shapes, camera: Camera, count: int) -> Frames[Color] | None:
    if "color" not in shapes:
        return None
    expected = (count, camera.height, camera.width, 3)
    shape, dtype = shapes["color"]
    if (shape, dtype) != (expected, np.dtype(np.uint8)):
        raise FormatError(f"{path}: color is {dtype} {shape}, expected uint8 {expected}")
    color = _load(path, "color")
    return Frames(count, lambda t: color[t])


def _skeleton(
    path: Path, values: Mapping[str, np.ndarray], camera: Camera, count: int
) -> Skeleton | None:
    if "joints_m" not in values:
        return None
    name = str(values.get("layout", ""))
    if name not in layouts():
        raise FormatError(f"{path}: layout is {name!r}, expected one of {', '.join(layouts())}")
    joints_m = values["joints_m"]
    joints = len(layouts()[name])
    if joints_m.ndim != 4 or (joints_m.shape[0], *joints_m.shape[2:]) != (count, joints, 3):
        raise FormatError(
            f"{path}: joints_m is {joints_m.shape}, expected ({count}, bodies, {joints}, 3)"
        )
    if joints_m.dtype.kind != "f":
        raise FormatError(f"{path}: joints_m holds {joints_m.dtype}, expected meters as floats")
    check_joints(path, joints_m, refusal=FormatError)
    joints_m = joints_m.astype(np.float32)
    tracked = np.isfinite(joints_m).all(axis=-1)
    tracking = np.where(tracked, 2, 0).astype(np.uint8)
    return Skeleton(name, joints_m, project(joints_m, camera), tracking)


READER = Reader(name="stack", expects=EXPECTS, recognizes=recognizes, read=read, find=find)
