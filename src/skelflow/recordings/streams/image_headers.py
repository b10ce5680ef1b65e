"""What image files say about themselves, checked before anything is decoded."""

import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from skelflow.errors import FormatError
from skelflow.io.bounds import IMAGE
from skelflow.recordings.streams.jpeg import JPEG, is_jpeg_damaged, jpeg_sizes
from skelflow.recordings.streams.other_images import other_sizes

_PNG = b"\x89PNG\r\n\x1a\n"
_CHANNELS = {0: 1, 2: 3, 3: 3, 4: 2, 6: 4}


class PngHeader(NamedTuple):
    """What a PNG says: pixels, bits a sample, channels."""

    height: int
    width: int
    bits: int
    channels: int


def png_header(where: object, content: bytes) -> PngHeader:
    """The header of a complete PNG, whose parts all have the checksum that they should.

    Raises
    ------
    FormatError
        It is no PNG, truncated, damaged, or has more pixels than are read.

    Notes
    -----
    Source: PNG specification, sections 5.3 (chunks) and 11.2.2 (header).
    """
    if not content.startswith(_PNG):
        raise FormatError(f"{where}: no PNG file, it begins with {content[:16]!r}")
    kinds = []
    for kind, start, end in _png_chunks(content):
        if zlib.crc32(content[start - 4 : end]) != int.from_bytes(content[end : end + 4], "big"):
            raise FormatError(f"{where}: damaged PNG (its part {kind!r}): copy it again")
        kinds.append(kind)
    if kinds[-1:] != [b"IEND"]:
        raise FormatError(f"{where}: truncated PNG ({len(content)} bytes): copy it again")
    if kinds[0] != b"IHDR" or b"IDAT" not in kinds or len(content) < 33:
        raise FormatError(f"{where}: damaged PNG ({len(content)} bytes): copy it again")
    width, height, bits, color = struct.unpack(">IIBB", content[16:26])
    check_pixels(where, width, height)
    return PngHeader(height, width, bits, _CHANNELS.get(color, 0))


def check_image(where: object, content: bytes) -> None:
    """Refuse an image that has more pixels than are read, or of a kind whose size is not known.

    Parameters
    ----------
    where : names the image in messages.
    content : of its file.

    Raises
    ------
    FormatError
        It is a damaged PNG or JPEG, says that it is too large, or is none of PNG, JPEG, BMP, TIFF,
        WebP and PNM.
    """
    if content.startswith(_PNG):
        png_header(where, content)
        return
    is_jpeg = content.startswith(JPEG)
    sizes = list(jpeg_sizes(content)) if is_jpeg else other_sizes(content)
    if sizes is None:
        raise FormatError(
            f"{where}: no image of a kind that is read (it begins with {content[:16]!r}, "
            f"{len(content)} bytes), expected PNG, JPEG, BMP, TIFF, WebP or PNM; convert it to PNG"
        )
    for width, height in sizes:
        check_pixels(where, width, height)
    if is_jpeg and is_jpeg_damaged(content):
        raise FormatError(f"{where}: damaged or truncated JPEG: copy it again")


def check_pixels(where: object, width: int, height: int) -> None:
    """Refuse, with `FormatError`, an image without pixels or with more than are read."""
    if not width or not height:
        raise FormatError(f"{where}: damaged image, it says {width}x{height} pixels")
    IMAGE.check(width * height / 1e6, f"{where}: {width}x{height} pixels", FormatError)


def _png_chunks(content: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Kind of each part, and where its data starts and ends; the last one is whole or missing."""
    at = len(_PNG)
    while at + 12 <= len(content):
        start, kind = at + 8, content[at + 4 : at + 8]
        end = start + int.from_bytes(content[at : at + 4], "big")
        if end + 4 > len(content):
            return
        yield kind, start, end
        if kind == b"IEND":
            return
        at = end + 4
