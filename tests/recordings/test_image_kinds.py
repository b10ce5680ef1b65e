"""Each kind of image is bounded by its own header before it is decoded, and damage is told."""

import io
import struct
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from skelflow.errors import FormatError
from skelflow.recordings.streams.images import read_color
from skelflow.recordings.streams.jpeg import is_jpeg_damaged

RGB = np.random.default_rng(0).integers(0, 256, (12, 20, 3), np.uint8)
KINDS = {"bmp": {}, "tiff": {}, "webp": {"lossless": True}, "ppm": {}}


def encoded(kind: str, rgb: np.ndarray = RGB, **options: object) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(rgb).save(stream, kind, **options)
    return stream.getvalue()


def tiff(
    width: int, height: int, *, tile: tuple[int, int] | None = None, order: str = "<"
) -> bytes:
    """A TIFF of nothing but a directory."""
    tags = {256: width, 257: height} | ({} if tile is None else {322: tile[0], 323: tile[1]})
    entries = b"".join(struct.pack(f"{order}HHII", tag, 4, 1, tags[tag]) for tag in sorted(tags))
    mark = b"II" if order == "<" else b"MM"
    return mark + struct.pack(f"{order}HIH", 42, 8, len(tags)) + entries + bytes(4)


@pytest.mark.parametrize("kind", KINDS)
def test_read_color_reads_kinds_whose_header_is_known(kind: str, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(encoded(kind, **KINDS[kind]))
    np.testing.assert_array_equal(read_color(tmp_path / "a"), RGB)


HUGE = {
    "bmp": b"BM" + bytes(12) + struct.pack("<Iii", 40, 60_000, -60_000) + bytes(32),
    "tiff": tiff(60_000, 60_000),
    "tiff of Motorola": tiff(60_000, 60_000, order=">"),
    "tiles": tiff(20, 12, tile=(60_000, 60_000)),
    "ppm": b"P6\n# made by hand\n60000 60000\n255\n" + bytes(64),
    "webp": b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0" + bytes(4) + b"\x5f\xea\0" * 2 + bytes(32),
}


@pytest.mark.parametrize("kind", HUGE)
def test_read_color_refuses_what_a_header_declares(kind: str, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(HUGE[kind])
    with pytest.raises(FormatError, match="60000x60000 pixels: 3600 megapixels, at most 64"):
        read_color(tmp_path / "a")


@pytest.mark.parametrize("content", [b"\0\0\0\x0cjP  \r\n\x87\n", b"GIF89a", b"", HUGE["bmp"][:20]])
def test_read_color_refuses_kinds_whose_header_is_not_known(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(content)
    with pytest.raises(FormatError, match=r"a\.jpg: no image of a kind that is read"):
        read_color(tmp_path / "a.jpg")


def jpeg() -> bytes:
    coarse = np.random.default_rng(1).integers(0, 256, (24, 32, 3), np.uint8)
    image = cv2.resize(coarse, (320, 240), interpolation=cv2.INTER_CUBIC)
    return cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 75])[1].tobytes()


@pytest.mark.parametrize("fill", [bytes(512), np.random.default_rng(2).bytes(512)])
def test_nearly_all_jpegs_with_a_sector_that_was_lost_are_told(fill: bytes) -> None:
    """In the coded data no marker need be wrong then; a decoder finds too much or too little."""
    pytest.importorskip("simplejpeg")
    whole = jpeg()
    assert not is_jpeg_damaged(whole)
    places = range(whole.index(b"\xff\xda") + 14, len(whole) - 600, 97)
    told = [is_jpeg_damaged(whole[:at] + fill + whole[at + 512 :]) for at in places]
    assert np.mean(told) > 0.9


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_blocks": 1}])
def test_jpegs_of_all_kinds_are_whole(options: dict[str, object]) -> None:
    content = encoded("jpeg", **options)
    assert not is_jpeg_damaged(content)
    assert not is_jpeg_damaged(content[:-2], needs_end=False)
    assert is_jpeg_damaged(content[:-2])
