"""The depth images of a folder of one's own: PNG, EXR or PFM files, or one `.npy` file of all."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Shaped, UInt16

from skelflow.camera.depth_units import check_meters, without_codes
from skelflow.errors import DataError, FormatError
from skelflow.io.files import is_file, is_folder, refused
from skelflow.recordings.consistency import check_units
from skelflow.recordings.folder.frame_names import in_order
from skelflow.recordings.folder.settings import Settings
from skelflow.recordings.streams.float_images import ENDINGS, read_float_depth
from skelflow.recordings.streams.images import check_size, read_depth_png
from skelflow.recordings.streams.npy_stack import NpyStack
from skelflow.types import Camera, Depth, Frames

EXPECTS = "depth/*.png (16 bit), depth/*.exr, depth/*.pfm or depth.npy"

_NEAREST_M, _FARTHEST_M = 0.05, 50.0

Stored = Shaped[np.ndarray, "h w"]


@dataclass(frozen=True)
class DepthImages:
    """Depth as stored: whole numbers (uint16) or floats, 0 = no reading.

    Parameters
    ----------
    files : of each frame, for its number and for messages.
    read : image t.
    """

    files: Sequence[Path]
    read: Callable[[int], Stored]


def find_depth(folder: Path) -> DepthImages | None:
    """The depth images of a recording folder; None where there are none.

    PNG files go before EXR, these before PFM, and images before `depth.npy`.
    """
    inside = folder / "depth"
    if files := images_in(inside, (".png",)):
        return DepthImages(files, lambda t: read_depth_png(files[t]))
    for ending in ENDINGS:
        if found := images_in(inside, (ending,)):
            return DepthImages(found, lambda t: read_float_depth(found[t]))
    if is_file(folder / "depth.npy"):
        return _stacked(NpyStack.open(folder / "depth.npy"))
    return None


def images_in(folder: Path, endings: tuple[str, ...]) -> list[Path]:
    """The images of a folder, frame 2 before frame 10; none when there is no folder."""
    if not is_folder(folder):
        return []
    with refused(folder):
        files = [file for file in folder.iterdir() if file.suffix.lower() in endings]
    return in_order([file for file in files if file.name[0] != "."])


def first_size(images: DepthImages, settings: Settings) -> tuple[int, int]:
    """(height, width) of the first image, whose unit is looked at closely.

    Raises
    ------
    FormatError
        It is not in meters after `depth_scale`.
    """
    stored, where = images.read(0), str(images.files[0])
    _in_meters(images.files[0], stored, settings)
    if stored.dtype.kind == "f":
        try:
            check_meters(where, np.asarray(stored * settings.depth_scale, np.float32))
        except DataError as error:
            raise FormatError(str(error)) from error
    elif not settings.any_depth:
        _check_units(where, np.asarray(stored, np.uint16), settings)
    return stored.shape[0], stored.shape[1]


def depth_frames(images: DepthImages, settings: Settings, camera: Camera) -> Frames[Depth]:
    """Depth in meters, each image checked as it is decoded."""
    size = (camera.height, camera.width)

    def decode(t: int) -> Depth:
        stored = images.read(t)
        check_size(images.files[t], stored.shape, size)
        return _in_meters(images.files[t], stored, settings)

    return Frames(len(images.files), decode)


def _stacked(stack: NpyStack) -> DepthImages:
    count, whole = stack.shape[0], stack.dtype == np.uint16

    def read(t: int) -> Stored:
        stored = stack.read(t)
        if whole:
            return without_codes(np.asarray(stored, np.uint16))
        return np.where(np.isfinite(stored) & (stored > 0), stored, 0).astype(np.float32)

    return DepthImages([stack.path / f"{t:06d}" for t in range(count)], read)


def _check_units(where: str, stored: UInt16[np.ndarray, "h w"], settings: Settings) -> None:
    allow = f"any_depth = true in {settings.file}"
    check_units(where, stored, settings.depth_scale, setting="depth_scale =", allow=allow)


def _in_meters(file: Path, stored: Stored, settings: Settings) -> Depth:
    some, scale = stored[stored > 0], settings.depth_scale
    middle = scale * float(np.median(some)) if some.size else 1.0
    if not _NEAREST_M <= middle <= _FARTHEST_M:
        unit = "0.001 for millimeters" if stored.dtype == np.uint16 else "1 for meters"
        raise FormatError(
            f"{file}: depth is {middle:g} m in the median, expected {_NEAREST_M:g} to "
            f"{_FARTHEST_M:g} m: correct depth_scale in {settings.file} (meters a unit: {unit}; "
            f"it is {scale:g})"
        )
    return np.asarray(stored * np.float32(scale), np.float32)
