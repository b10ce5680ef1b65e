"""Image files, decoded and checked."""

import re
import struct
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import UInt16

from skelflow.errors import FormatError
from skelflow.types import Color

_PNG = b"\x89PNG\r\n\x1a\n"


def read_depth_png(path: Path, *, size: tuple[int, int] | None = None) -> UInt16[np.ndarray, "h w"]:
    """The values of a 16-bit gray PNG as stored; `size` is (height, width) or None for any.

    Raises
    ------
    FormatError
        The file is missing, no complete PNG, not 16 bit gray, or of another size.
    """
    content = _read_bytes(path)
    bits, channels = png_kind(path, content)
    if bits != 16 or channels != 1:
        raise FormatError(
            f"{path}: {bits}-bit PNG with {channels} channels, expected 16-bit gray depth; "
            "8 bits cannot hold depth: export it again with 16 bits"
        )
    image = _decode(path, content, cv2.IMREAD_UNCHANGED)
    check_size(path, image.shape[:2], size)
    return np.asarray(image, np.uint16)


def read_color(path: Path, *, size: tuple[int, int] | None = None) -> Color:
    """An image file as RGB; `size` is (height, width) or None for any.

    Raises
    ------
    FormatError
        The file is missing, no complete image, or of another size.
    """
    content = _read_bytes(path)
    if path.suffix.lower() == ".png":
        png_kind(path, content)
    image = _decode(path, content, cv2.IMREAD_COLOR)
    check_size(path, image.shape[:2], size)
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))


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
    with path.open("rb") as stream:
        head = stream.read(24)
    if len(head) < 24 or not head.startswith(_PNG):
        raise FormatError(f"{path}: no PNG file, it begins with {head[:16]!r}")
    width, height = struct.unpack(">II", head[16:24])
    return height, width


def natural_order(path: Path) -> list[tuple[int, str]]:
    """Sorting key by which frame 2 comes before frame 10."""
    return [(int(part or 0), text) for text, part in re.findall(r"(\D*)(\d*)", path.name)]


def check_size(path: Path, found: tuple[int, ...], size: tuple[int, int] | None) -> None:
    """Refuse, with `FormatError`, an image that is not of the (height, width) expected."""
    if size is not None and found != size:
        raise FormatError(
            f"{path}: {found[1]}x{found[0]} pixels, expected {size[1]}x{size[0]}: are these "
            "another camera's images, or resized?"
        )


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise FormatError(f"{path}: cannot be read ({error.strerror})") from error


def _decode(path: Path, content: bytes, mode: int) -> np.ndarray:
    image = None
    if content:
        image = cv2.imdecode(np.frombuffer(content, np.uint8), mode)
    if image is None:
        raise FormatError(f"{path}: damaged image, or none ({len(content)} bytes)")
    return np.asarray(image)
