"""Image files, decoded and checked."""

import struct
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import UInt16

from skelflow.camera.depth_units import without_codes
from skelflow.errors import FormatError
from skelflow.io.files import read_bytes, read_head
from skelflow.types import Color

_PNG = b"\x89PNG\r\n\x1a\n"


def read_depth_png(path: Path, *, size: tuple[int, int] | None = None) -> UInt16[np.ndarray, "h w"]:
    """The values of a 16-bit gray PNG, as stored but for codes of "no reading", which become 0.

    `size` is (height, width) or None for any.

    Raises
    ------
    FormatError
        The file is missing, no complete PNG, not 16 bit gray, or of another size.
    """
    content = read_bytes(path)
    bits, channels = png_kind(path, content)
    if bits != 16 or channels != 1:
        raise FormatError(
            f"{path}: {bits}-bit PNG with {channels} channels, expected 16-bit gray depth; "
            "8 bits cannot hold depth: export it again with 16 bits"
        )
    image = _decode(path, content, cv2.IMREAD_UNCHANGED)
    check_size(path, image.shape[:2], size)
    return without_codes(np.asarray(image, np.uint16))


def read_color(
    path: Path, *, size: tuple[int, int] | None = None, shift: int | None = None
) -> Color:
    """An image file as RGB, its pixels as stored: EXIF does not turn them, depth has none.

    Parameters
    ----------
    path : PNG, JPEG or another format of OpenCV; gray becomes three equal channels.
    size : (height, width), None = any.
    shift : bits that a 16-bit image is shifted by, see `color_shift`.

    Raises
    ------
    FormatError
        The file is missing, no complete image, of another size, has transparent pixels, or has
        16 bits and `shift` is not given.
    """
    content = read_bytes(path)
    if path.suffix.lower() == ".png":
        png_kind(path, content)
    image = _decode(path, content, cv2.IMREAD_UNCHANGED)
    check_size(path, image.shape[:2], size)
    return _to_rgb(path, _to_8_bits(path, image, shift))


def color_shift(files: Sequence[Path]) -> int | None:
    """By how many bits images of 16 bits are shifted to 8, all alike; None for images of 8 bits.

    A few of the images say how many bits their camera uses, so that 10, 12, 14 and 16 bits keep
    256 levels and all images the same brightness.
    """
    chosen = {files[i] for i in np.linspace(0, len(files) - 1, 5).astype(int)} if files else set()
    images = [_decode(file, read_bytes(file), cv2.IMREAD_UNCHANGED) for file in sorted(chosen)]
    largest = max((int(image.max()) for image in images if image.dtype == np.uint16), default=None)
    return None if largest is None else max(0, largest.bit_length() - 8)


def _to_8_bits(path: Path, image: np.ndarray, shift: int | None) -> np.ndarray:
    if image.dtype == np.uint8:
        return image
    if image.dtype != np.uint16 or shift is None:
        raise FormatError(
            f"{path}: {image.dtype} samples, expected 8 bits; convert all images by one factor"
        )
    return np.asarray(np.minimum(image >> shift, 255), np.uint8)


def _to_rgb(path: Path, image: np.ndarray) -> Color:
    channels = 1 if image.ndim == 2 else image.shape[2]
    if channels == 4 and (image[..., 3] < 255).any():
        raise FormatError(
            f"{path}: has transparent pixels, whose color means nothing; export it without alpha"
        )
    change = {1: cv2.COLOR_GRAY2RGB, 3: cv2.COLOR_BGR2RGB, 4: cv2.COLOR_BGRA2RGB}
    return np.asarray(cv2.cvtColor(image, change[channels]))


def png_kind(path: Path, content: bytes) -> tuple[int, int]:
    """Bits a sample and channels of a complete PNG (PNG specification, section 11.2.2)."""
    if not content.startswith(_PNG):
        raise FormatError(f"{path}: no PNG file, it begins with {content[:16]!r}")
    if len(content) < 45 or content[-8:-4] != b"IEND":
        raise FormatError(f"{path}: truncated PNG ({len(content)} bytes): copy it again")
    channels = {0: 1, 2: 3, 3: 3, 4: 2, 6: 4}
    return content[24], channels.get(content[25], 0)


def png_size(path: Path) -> tuple[int, int]:
    """(height, width) of a PNG, from its header alone."""
    head = read_head(path, 24)
    if len(head) < 24 or not head.startswith(_PNG):
        raise FormatError(f"{path}: no PNG file, it begins with {head[:16]!r}")
    width, height = struct.unpack(">II", head[16:24])
    return height, width


def check_size(path: Path, found: tuple[int, ...], size: tuple[int, int] | None) -> None:
    """Refuse, with `FormatError`, an image that is not of the (height, width) expected."""
    if size is not None and found != size:
        raise FormatError(
            f"{path}: {found[1]}x{found[0]} pixels, expected {size[1]}x{size[0]}: are these "
            "another camera's images, or resized?"
        )


def _decode(path: Path, content: bytes, mode: int) -> np.ndarray:
    image = None
    if content:
        image = cv2.imdecode(np.frombuffer(content, np.uint8), mode)
    if image is None:
        raise FormatError(f"{path}: damaged image, or none ({len(content)} bytes)")
    return np.asarray(image)
