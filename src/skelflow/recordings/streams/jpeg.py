"""Whether a JPEG is whole: the format has no checksum, and decoders show something for anything."""

import re
import struct
from collections.abc import Iterator

from skelflow.io.bounds import IMAGE

JPEG = b"\xff\xd8"
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # markers with the image's size
_END = 0xD9
_SCAN = 0xDA
_PARTS = frozenset({_SCAN, 0xDB, 0xDC, 0xDD, 0xFE, *range(0xC0, 0xD0), *range(0xE0, 0xF0)})
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")  # stuffed zeros and restarts are none
_ALONE = frozenset(range(0xD0, 0xD8)) | {0x01}  # markers without a length


def is_jpeg_damaged(content: bytes, *, needs_end: bool = True) -> bool:
    """Whether a JPEG was cut or overwritten, as far as that can be told.

    Where simplejpeg is installed (extra `jpeg`), the coded data must decode to all pixels, with no
    code that is none and nothing left over. Without it only the markers are looked at.

    Parameters
    ----------
    content : of the file, or a frame of a Motion JPEG video.
    needs_end : whether the marker of the end must be there; some cameras leave it out of videos.
    """
    end, has_end = _find_end(content)
    if end is None or (needs_end and not has_end):
        return True
    whole = content if has_end else content[:end] + bytes((0xFF, _END))
    return not _decodes(whole)


def jpeg_sizes(content: bytes) -> Iterator[tuple[int, int]]:
    """(width, height) wherever a JPEG says one (ITU T.81, section B.2.2); thumbnails do not."""
    at = len(JPEG)
    while at + 9 < len(content) and content[at] == 0xFF:
        marker = content[at + 1]
        if marker == _SCAN:  # the image itself begins
            return
        if marker in _FRAMES:
            height, width = struct.unpack(">HH", content[at + 5 : at + 9])
            yield width, height
        length = 0 if marker in _ALONE else int.from_bytes(content[at + 2 : at + 4], "big")
        at += 1 if marker == 0xFF else 2 + length


def _find_end(content: bytes) -> tuple[int | None, bool]:
    """Where a JPEG ends, None where its parts cannot be any, and whether it says that it ends.

    Notes
    -----
    Source: ITU T.81, sections B.1.1.2 and B.1.1.5: in coded data, 0xFF is followed by 0 or by a
    restart marker; any other marker ends it, and is that of another part or of the end.
    """
    at, seen = len(JPEG), False
    while at + 2 <= len(content) and content[at] == 0xFF:
        marker, after = content[at + 1], at + 2 + int.from_bytes(content[at + 2 : at + 4], "big")
        if marker == _END:
            return (at if seen else None), True
        if marker not in _PARTS:
            return None, False
        at = after
        if marker == _SCAN:
            seen, found = True, _MARKER.search(content, after)
            at = len(content) if found is None else found.start()
    return (at if seen and at >= len(content) else None), False


def _decodes(content: bytes) -> bool:
    """Whether libjpeg decodes it without a complaint; True where simplejpeg is not installed."""
    try:
        import simplejpeg
    except ModuleNotFoundError:
        return True
    if any(width * height / 1e6 > IMAGE.most for width, height in jpeg_sizes(content)):
        return False
    try:
        simplejpeg.decode_jpeg(content, colorspace="GRAY", strict=True)
    except ValueError:
        return False
    return True
