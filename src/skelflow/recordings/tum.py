"""Folders of RGB-D benchmarks: TUM's two lists of times, and ScanNet's numbered images."""

from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import numpy as np
from jaxtyping import Float64

from skelflow.errors import ConfigError, FormatError
from skelflow.io.files import is_file, is_folder, read_text, refused
from skelflow.io.numbers import parse_real, parse_whole
from skelflow.recordings.folder.frame_names import in_order
from skelflow.recordings.reader import Reader
from skelflow.recordings.streams.images import read_color, read_depth_png
from skelflow.recordings.streams.timing import describe_far, describe_gaps, frame_rate, match_times
from skelflow.recordings.walk import walk_folders
from skelflow.types import Camera, Color, Depth, Frames, Projection, Recording
from skelflow.wording import counted

EXPECTS = (
    "a folder with depth.txt and rgb.txt (TUM RGB-D), or intrinsic/intrinsic_depth.txt (ScanNet)"
)

# The intrinsics that TUM recommends: its depth is registered to color by the sensor's own driver.
_TUM_CAMERA = Camera(640, 480, 525.0, 525.0, 319.5, 239.5)
_TUM_SCALE, _SCANNET_SCALE = 1 / 5000, 1 / 1000  # meters a unit
_SCANNET_RATE_HZ = 30.0
_LISTS = "depth.txt"
_MATRIX = "intrinsic/intrinsic_depth.txt"


_Image = TypeVar("_Image")


def recognizes(path: Path) -> bool:
    """Whether the path is a folder of one of both kinds."""
    return is_file(path / _LISTS) or is_file(path / _MATRIX)


def find(folder: Path) -> Iterator[Path]:
    """Every such folder below a folder."""
    for base, _, files in walk_folders(folder):
        if _LISTS in files and base != folder:
            yield base
        if base.name == "intrinsic" and "intrinsic_depth.txt" in files and base.parent != folder:
            yield base.parent


def read(path: Path) -> Recording:
    """Open a folder.

    Parameters
    ----------
    path : of the folder.

    Returns
    -------
    Recording : of TUM, one frame a line of depth.txt at its time, color (already in the depth
        image's pixels) the one nearest in time, the camera the one that TUM recommends; of
        ScanNet, frames by their numbers, both cameras from its matrices.

    Raises
    ------
    FormatError
        A list, a matrix or an image is missing, damaged or of another size.

    Notes
    -----
    Source: Sturm et al., A Benchmark for the Evaluation of RGB-D SLAM Systems, IROS 2012; Dai et
    al., ScanNet, CVPR 2017 (as its SensReader writes it).
    """
    return _read_tum(path) if is_file(path / _LISTS) else _read_scannet(path)


def _read_tum(folder: Path) -> Recording:
    times_s, files = _read_list(folder / _LISTS)
    rate_hz = frame_rate(times_s)
    repairs = [describe_gaps(times_s, rate_hz=rate_hz)]
    color = None
    if is_file(folder / "rgb.txt"):
        color_s, color_files = _read_list(folder / "rgb.txt")
        matches = match_times(times_s, color_s, rate_hz=rate_hz)
        repairs.append(describe_far("color image", matches))
        size = (_TUM_CAMERA.height, _TUM_CAMERA.width)
        color = _color([color_files[i] for i in matches.index], size)
    return Recording(
        name=folder.resolve().name,
        path=folder,
        camera=_TUM_CAMERA,
        frame_rate_hz=rate_hz,
        depth=_depth(files, _TUM_CAMERA, _TUM_SCALE),
        color=color,
        repairs=tuple(text for text in repairs if text),
    )


def _read_list(file: Path) -> tuple[Float64[np.ndarray, " frames"], list[Path]]:
    """Times, rising, and files of a list "time name" a line."""
    lines = read_text(file, encoding="utf-8-sig").splitlines()
    entries = []
    for number, line in enumerate(lines, 1):
        words = line.split("#")[0].split()
        if not words:
            continue
        time_s = parse_real(words[0])
        if len(words) < 2 or time_s is None or time_s != time_s:
            raise FormatError(f"{file}, line {number}: {line[:80]!r}, expected a time and a file")
        entries.append((time_s, _below(file.parent, words[1])))
    if not entries:
        raise FormatError(f"{file}: no images, expected a time and a file a line")
    entries.sort()
    return np.array([time_s for time_s, _ in entries]), [path for _, path in entries]


def _below(folder: Path, name: str) -> Path:
    """A file that a list names; lists name none outside their folder."""
    if Path(name).is_absolute() or ".." in Path(name).parts:
        raise FormatError(f"{folder}: its list names {name!r}, expected a file below the folder")
    return folder / name


def _read_scannet(folder: Path) -> Recording:
    depth, color = (_numbered(folder / kind) for kind in ("depth", "color"))
    if not depth:
        raise FormatError(f"{folder / 'depth'}: no frames, expected 0.png, 1.png, ...")
    numbers = sorted(depth)
    size = read_depth_png(depth[numbers[0]]).shape
    camera = _camera(folder / _MATRIX, (size[0], size[1]))
    gaps = numbers[-1] - numbers[0] + 1 - len(numbers)
    missing = counted(gaps, "frame is", "frames are")
    repairs = [f"{missing} missing between the others"] if gaps else []
    shared = [number for number in numbers if number in color]
    if color and len(shared) < len(numbers):
        lone = counted(len(numbers) - len(shared), "frame has", "frames have")
        repairs.append(f"{lone} no color: left out")
        numbers = shared
    if not numbers:
        raise FormatError(f"{folder}: no number has both depth and color")
    frames, projection = None, None
    if color:
        size = read_color(color[numbers[0]]).shape
        lens = _camera(folder / "intrinsic" / "intrinsic_color.txt", (size[0], size[1]))
        projection = Projection(lens.width, lens.height, _matrix(lens))
        frames = _color([color[number] for number in numbers], (lens.height, lens.width))
    return Recording(
        name=folder.resolve().name,
        path=folder,
        camera=camera,
        frame_rate_hz=_SCANNET_RATE_HZ,
        depth=_depth([depth[number] for number in numbers], camera, _SCANNET_SCALE),
        color=frames,
        color_projection=projection,
        repairs=tuple(repairs),
    )


def _numbered(folder: Path) -> dict[int, Path]:
    """The images of a folder by their number."""
    if not is_folder(folder):
        return {}
    with refused(folder):
        files = in_order(list(folder.glob("*.*")))
    numbers = ((parse_whole(file.stem), file) for file in files)
    return {number: file for number, file in numbers if number is not None}


def _camera(file: Path, size: tuple[int, int]) -> Camera:
    """A camera from the 3x3 or 4x4 matrix in a text."""
    try:
        numbers = np.array([[float(word) for word in line.split()] for line in _lines(file)])
        if numbers.shape not in ((3, 3), (4, 4)):
            raise ValueError(f"a matrix of {numbers.shape}")
        height, width = size
        return Camera(width, height, numbers[0, 0], numbers[1, 1], numbers[0, 2], numbers[1, 2])
    except (ValueError, ConfigError) as error:
        raise FormatError(f"{file}: no camera matrix of 3x3 or 4x4 numbers ({error})") from error


def _lines(file: Path) -> list[str]:
    return [line for line in read_text(file, encoding="utf-8-sig").splitlines() if line.strip()]


def _matrix(lens: Camera) -> np.ndarray:
    """The projection of a camera that stands where the depth camera stands."""
    return np.array([[lens.fx, 0, lens.cx, 0], [0, lens.fy, lens.cy, 0]], np.float32)


def _depth(files: list[Path], camera: Camera, scale: float) -> Frames[Depth]:
    def decode(t: int) -> Depth:
        stored = read_depth_png(files[t], size=(camera.height, camera.width))
        return stored * np.float32(scale)

    return _checked(Frames(len(files), decode))


def _color(files: list[Path], size: tuple[int, int]) -> Frames[Color]:
    return _checked(Frames(len(files), lambda t: read_color(files[t], size=size)))


def _checked(frames: Frames[_Image]) -> Frames[_Image]:
    """The same frames, whose first one can be decoded."""
    _ = frames[0]
    return frames


READER = Reader(name="tum", expects=EXPECTS, recognizes=recognizes, read=read, find=find)
