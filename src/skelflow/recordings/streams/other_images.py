"""The size of an image that is neither PNG nor JPEG, by its header."""

import re
import struct
from collections.abc import Callable, Sequence

Sizes = Sequence[tuple[int, int]]

_PNM = re.compile(rb"P[1-6](?:\s|#[^\n]*\n)+(\d{1,9})(?:\s|#[^\n]*\n)+(\d{1,9})\s")
_HEAD = 4096  # bytes of a PNM, comments included, that are searched
_WIDTH, _HEIGHT, _TILE_WIDTH, _TILE_HEIGHT = 256, 257, 322, 323  # tags of TIFF
_SHORT, _LONG = 3, 4  # its types


def other_sizes(content: bytes) -> Sizes | None:
    """Every (width, height) that would be decoded; None where no header says it.

    Parameters
    ----------
    content : of a BMP, TIFF, WebP or PNM file.
    """
    for start, sizes in _KINDS:
        if re.match(start, content, re.DOTALL):
            try:
                return sizes(content)
            except (struct.error, IndexError, KeyError):
                return None
    return None


def _bmp(content: bytes) -> Sizes:
    """A negative height means rows from the top."""
    if struct.unpack_from("<I", content, 14)[0] == 12:  # of OS/2
        return [struct.unpack_from("<HH", content, 18)]
    width, height = struct.unpack_from("<ii", content, 18)
    return [(abs(width), abs(height))]


def _webp(content: bytes) -> Sizes:
    """Source: RFC 9649, sections 2.5 to 2.7."""
    kind = content[12:16]
    if kind == b"VP8X":
        width, height = (int.from_bytes(content[at : at + 3], "little") for at in (24, 27))
        return [(width + 1, height + 1)]
    if kind == b"VP8L":
        bits = struct.unpack_from("<I", content, 21)[0]
        return [(bits % 2**14 + 1, (bits >> 14) % 2**14 + 1)]
    width, height = struct.unpack_from("<HH", content, 26)
    return [(width % 2**14, height % 2**14)]


def _tiff(content: bytes) -> Sizes:
    """Of the first image, and of its tiles, which are decoded whole (TIFF 6.0, section 2)."""
    order = "<" if content[:1] == b"I" else ">"
    (at,) = struct.unpack_from(f"{order}I", content, 4)
    (count,) = struct.unpack_from(f"{order}H", content, at)
    found = {}
    for i in range(count):
        tag, kind, _, value = struct.unpack_from(f"{order}HHI4s", content, at + 2 + 12 * i)
        if kind in (_SHORT, _LONG):
            found[tag] = struct.unpack_from(f"{order}{'H' if kind == _SHORT else 'I'}", value)[0]
    tile = found.get(_TILE_WIDTH, 1), found.get(_TILE_HEIGHT, 1)
    return [(found[_WIDTH], found[_HEIGHT]), tile]


def _pnm(content: bytes) -> Sizes:
    found = _PNM.match(content[:_HEAD])
    if found is None:
        raise KeyError("size")
    return [(int(found[1]), int(found[2]))]


_KINDS: tuple[tuple[bytes, Callable[[bytes], Sizes]], ...] = (
    (rb"BM", _bmp),
    (rb"RIFF....WEBP", _webp),
    (rb"II\*\0|MM\0\*", _tiff),
    (rb"P[1-6]", _pnm),
)
