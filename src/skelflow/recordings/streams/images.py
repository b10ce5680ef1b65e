"""Image files, decoded and checked."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import UInt16

from skelflow.camera.depth_units import without_codes
from skelflow.errors import FormatError
from skelflow.io.bounds import NUMBERS
from skelflow.io.files import read_bytes
from skelflow.recordings.streams.image_headers import check_image, png_header
from skelflow.types import Color


def read_depth_png(path: Path, *, size: tuple[int, int] | None = None) -> UInt16[np.ndarray, "h w"]:
    """The values of a 16-bit gray PNG, as stored but for codes of "no reading", which become 0.

    `size` is (height, width) or None for any.

    Raises
    ------
    FormatError
        The file is missing, no complete PNG, not 16 bit gray, or of another size.
    """
    content = read_bytes(path, bound=NUMBERS)
    header = png_header(path, content)
    if header.bits != 16 or header.channels != 1:
        raise FormatError(
            f"{path}: {header.bits}-bit PNG with {header.channels} channels, expected 16-bit gray "
            "depth; 8 bits cannot hold depth: export it again with 16 bits"
        )
    check_size(path, header[:2], size)
    image = _decode(path, content, cv2.IMREAD_UNCHANGED)
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
    image = _read_image(path)
    check_size(path, image.shape[:2], size)
    return _to_rgb(path, _to_8_bits(path, image, shift))


def color_shift(files: Sequence[Path]) -> int | None:
    """By how many bits images of 16 bits are shifted to 8, all alike; None for images of 8 bits.

    A few of the images say how many bits their camera uses, so that 10, 12, 14 and 16 bits keep
    256 levels and all images the same brightness.
    """
    chosen = {files[i] for i in np.linspace(0, len(files) - 1, 5).astype(int)} if files else set()
    images = [_read_image(file) for file in sorted(chosen)]
    largest = max((int(image.max()) for image in images if image.dtype == np.uint16), default=None)
    return None if largest is None else max(0, largest.bit_length() - 8)


def _read_image(path: Path) -> np.ndarray:
    """An image as stored, once its header says that it is no larger than is read."""
    content = read_bytes(path, bound=NUMBERS)
    check_image(path, content)
    return _decode(path, content, cv2.IMREAD_UNCHANGED)


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


def check_size(path: Path, found: tuple[int, ...], size: tuple[int, int] | None) -> None:
    """Refuse, with `FormatError`, an image that is not of the (height, width) expected."""
    if size is not None and found != size:
        raise FormatError(
            f"{path}: {found[1]}x{found[0]} pixels, expected {size[1]}x{size[0]}: are these "
            "another camera's images, or resized?"
        )


def _decode(path: Path, content: bytes, mode: int) -> np.ndarray:
    image = None
    with suppress(cv2.error, MemoryError):
        if content:
            image = cv2.imdecode(np.frombuffer(content, np.uint8), mode)
    if image is None:
        raise FormatError(f"{path}: damaged image, or none ({len(content)} bytes)")
    return np.asarray(image)
