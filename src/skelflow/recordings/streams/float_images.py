"""Images of floating-point depth: PFM and OpenEXR, as renderers and stereo programs write them."""

import re
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32

from skelflow.errors import FormatError, SkelflowError
from skelflow.extras import require
from skelflow.io.bounds import MB, NUMBERS
from skelflow.io.files import library_path, read_bytes
from skelflow.recordings.streams.image_headers import check_pixels

ENDINGS = (".exr", ".pfm")

_PFM = re.compile(rb"(P[Ff])\s+(\d{1,9})\s+(\d{1,9})\s+([-+0-9.eE]{1,32})\s")
_NO_SURFACE = 1e6  # and beyond: where a ray meets nothing, Blender writes 1e10
_DEPTH_NAMES = ("z", "depth", "v", "y")  # of the channel that holds depth


def read_float_depth(path: Path) -> Float32[np.ndarray, "h w"]:
    """The values of a PFM or EXR image; 0 (no reading) where they are none or not positive.

    Parameters
    ----------
    path : ends in `.pfm` or `.exr`. The channel of an EXR image is the one called Z, depth, V or Y
        (after a layer's name and a dot), else its only one.

    Raises
    ------
    FormatError
        The file is missing, damaged, larger than is read, or holds no depth of one channel.
    MissingExtraError
        It is an EXR image, and OpenEXR is not installed.
    """
    values = _read_pfm(path) if path.suffix.lower() == ".pfm" else _read_exr(path)
    there = np.isfinite(values) & (values > 0) & (values < _NO_SURFACE)
    return np.where(there, values, 0).astype(np.float32)


def _read_pfm(path: Path) -> Float32[np.ndarray, "h w"]:
    """Rows of a PFM file come bottom row first; the sign of its scale tells the byte order.

    Notes
    -----
    Source: Debevec, PFM portable float map (http://www.pauldebevec.com/Research/HDR/PFM).
    """
    content = read_bytes(path, bound=NUMBERS)
    found = _PFM.match(content[:256])
    if found is None:
        raise FormatError(f"{path}: no PFM image, it begins with {content[:16]!r}")
    if found[1] == b"PF":
        raise FormatError(f"{path}: a PFM image of three channels, expected one (Pf): depth alone")
    width, height = int(found[2]), int(found[3])
    check_pixels(path, width, height)
    size, there = 4 * width * height, len(content) - found.end()
    if there != size:
        raise FormatError(
            f"{path}: {there} bytes of pixels, expected {size} for {width}x{height}: copy it again"
        )
    order = "<" if found[4].startswith(b"-") else ">"
    rows = np.frombuffer(content, f"{order}f4", width * height, found.end())
    return rows.reshape(height, width)[::-1].astype(np.float32)


def _read_exr(path: Path) -> Float32[np.ndarray, "h w"]:
    """One channel of an OpenEXR image, whose header is looked at before pixels are decoded."""
    require("OpenEXR")
    import OpenEXR

    name = library_path(path, bound=NUMBERS)
    try:
        header = OpenEXR.File(name, header_only=True).header()
        shape, channel = _check_header(path, header)
        pixels = OpenEXR.File(name, separate_channels=True).channels()[channel].pixels
        values = np.asarray(pixels, np.float32)
    except SkelflowError:
        raise
    except Exception as error:  # whatever the library says of damaged files
        raise FormatError(f"{path}: no EXR image that can be read ({error})") from error
    if values.shape != shape:
        raise FormatError(f"{path}: {values.shape} values, expected {shape}: copy it again")
    return values


def _check_header(path: Path, header: dict[str, Any]) -> tuple[tuple[int, int], str]:
    """(height, width) and the channel of depth."""
    (left, top), (right, bottom) = (corner.tolist() for corner in header["dataWindow"])
    whole = [corner.tolist() for corner in header["displayWindow"]]
    channels = [channel.name for channel in header["channels"]]
    width, height = right - left + 1, bottom - top + 1
    if width < 1 or height < 1 or [[left, top], [right, bottom]] != whole:
        raise FormatError(
            f"{path}: pixels from {left, top} to {right, bottom}, its image from "
            f"{tuple(whole[0])} to {tuple(whole[1])}; write all of the image"
        )
    check_pixels(path, width, height)
    NUMBERS.check(4 * width * height * len(channels) / MB, path, FormatError)
    return (height, width), _depth_channel(path, channels)


def _depth_channel(path: Path, channels: list[str]) -> str:
    named = [name for name in channels if name.rpartition(".")[2].lower() in _DEPTH_NAMES]
    if len(named) == 1 or len(channels) == 1:
        return (named or channels)[0]
    raise FormatError(
        f"{path}: channels {', '.join(channels) or 'none'}, expected one, or one called Z or depth"
    )
