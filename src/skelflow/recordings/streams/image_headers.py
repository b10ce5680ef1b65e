"""What image files say about themselves, checked before anything is decoded."""

import re
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from skelflow.errors import FormatError
from skelflow.io.bounds import IMAGE

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8"
_CHANNELS = {0: 1, 2: 3, 3: 3, 4: 2, 6: 4}
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # markers with the image's size
_JPEG_END = 0xD9
_JPEG_SCAN = 0xDA
_JPEG_PARTS = frozenset(
    {_JPEG_SCAN, 0xDB, 0xDC, 0xDD, 0xFE, *range(0xC0, 0xD0), *range(0xE0, 0xF0)}
)
_JPEG_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")  # stuffed zeros and restarts are none
_JPEG_ALONE = frozenset(range(0xD0, 0xD8)) | {0x01}  # markers without a length


class PngHeader(NamedTuple):
    """What a PNG says: pixels, bits a sample, channels."""

    height: int
    width: int
    bits: int
    channels: int


def png_header(path: Path, content: bytes) -> PngHeader:
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
        raise FormatError(f"{path}: no PNG file, it begins with {content[:16]!r}")
    kinds = []
    for kind, start, end in _png_chunks(content):
        if zlib.crc32(content[start - 4 : end]) != int.from_bytes(content[end : end + 4], "big"):
            raise FormatError(f"{path}: damaged PNG (its part {kind!r}): copy it again")
        kinds.append(kind)
    if kinds[-1:] != [b"IEND"]:
        raise FormatError(f"{path}: truncated PNG ({len(content)} bytes): copy it again")
    if kinds[0] != b"IHDR" or b"IDAT" not in kinds or len(content) < 33:
        raise FormatError(f"{path}: damaged PNG ({len(content)} bytes): copy it again")
    width, height, bits, color = struct.unpack(">IIBB", content[16:26])
    check_pixels(path, width, height)
    return PngHeader(height, width, bits, _CHANNELS.get(color, 0))


def check_image(path: Path, content: bytes) -> None:
    """Refuse a PNG or JPEG that is damaged, or has more pixels than are read.

    Raises
    ------
    FormatError
        As `png_header`; other kinds of images are not looked into.
    """
    if content.startswith(_PNG) or path.suffix.lower() == ".png":
        png_header(path, content)
    elif content.startswith(_JPEG):
        for width, height in _jpeg_sizes(content):
            check_pixels(path, width, height)
        if is_jpeg_damaged(content):
            raise FormatError(f"{path}: damaged or truncated JPEG: copy it again")


def is_jpeg_damaged(content: bytes, *, needs_end: bool = True) -> bool:
    """Whether a JPEG was cut or overwritten, as far as that can be told.

    JPEG has no checksums, and its decoders show something for whatever they find.

    Parameters
    ----------
    content : of the file, or a frame of a Motion JPEG video.
    needs_end : whether the marker of the end must be there; some cameras leave it out of videos.

    Notes
    -----
    Source: ITU T.81, sections B.1.1.2 and B.1.1.5: in coded data, 0xFF is followed by 0 or by a
    restart marker; any other marker ends it, and is that of another part or of the end.
    """
    at, seen = len(_JPEG), False
    while at + 2 <= len(content) and content[at] == 0xFF:
        marker, after = content[at + 1], at + 2 + int.from_bytes(content[at + 2 : at + 4], "big")
        if marker == _JPEG_END:
            return not seen
        if marker not in _JPEG_PARTS:
            return True
        at = after
        if marker == _JPEG_SCAN:
            seen, found = True, _JPEG_MARKER.search(content, after)
            at = len(content) if found is None else found.start()
    return at < len(content) or needs_end or not seen


def check_pixels(path: Path, width: int, height: int) -> None:
    """Refuse, with `FormatError`, an image without pixels or with more than are read."""
    if not width or not height:
        raise FormatError(f"{path}: damaged image, it says {width}x{height} pixels")
    IMAGE.check(width * height / 1e6, f"{path}: {width}x{height} pixels", FormatError)


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


def _jpeg_sizes(content: bytes) -> Iterator[tuple[int, int]]:
    """(width, height) wherever a JPEG says one (ITU T.81, section B.2.2); thumbnails do not."""
    at = len(_JPEG)
    while at + 9 < len(content) and content[at] == 0xFF:
        marker = content[at + 1]
        if marker == 0xDA:  # the image itself begins
            return
        if marker in _JPEG_FRAMES:
            height, width = struct.unpack(">HH", content[at + 5 : at + 9])
            yield width, height
        length = 0 if marker in _JPEG_ALONE else int.from_bytes(content[at + 2 : at + 4], "big")
        at += 1 if marker == 0xFF else 2 + length
