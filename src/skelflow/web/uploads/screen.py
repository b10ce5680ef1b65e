"""Look at files before anything decodes them: only kinds that readers know, of bounded size."""

import re
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

from skelflow.errors import FormatError
from skelflow.io.arrays import ARRAY_ERRORS, npy_header
from skelflow.recordings.ntu.files import ROOTS_FILE
from skelflow.web.limits import Limits

_HEAD = 4096
_TEXT_BYTES = 64 * 2**20
_PNG, _JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"
_ARRAYS_BYTES = 1024 * 2**20  # of a .npz, unpacked
_COUNTED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_PFM = re.compile(rb"Pf\s+(\d{1,9})\s+(\d{1,9})\s")
_EXR, _EXR_HEAD, _EXR_PARTS = b"\x76\x2f\x31\x01", 2**16, 0x1800  # flags: deep, several parts
_NOTES = ("", ".md", ".rst", ".pdf")  # endings of what people put beside recordings
_SIZED_JPEG_MARKERS = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}

Check = Callable[[Path, bytes], tuple[int, int] | None]  # width and height, where it has some


def check_files(folder: Path, limits: Limits) -> tuple[str, ...]:
    """Refuse, with `FormatError`, a folder in which a file is not what its ending says.

    Parameters
    ----------
    folder : with everything that was sent; notes such as a README are removed from it.
    limits : of the pixels of an image.

    Returns
    -------
    A sentence for each file that was removed.
    """
    left_out = []
    for path in sorted(folder.rglob("*")):
        if path.is_dir() and not path.is_symlink():
            continue
        if path.is_symlink() or not path.is_file():
            raise FormatError(f"{path.name}: no plain file")
        if path.suffix.lower() in _NOTES:
            path.unlink()
            left_out.append(f"{path.name} is no part of a recording: left out")
        else:
            _check(path, limits)
    return tuple(left_out)


def known_endings() -> tuple[str, ...]:
    """Endings of the files that recordings consist of."""
    return tuple(_CHECKS)


def _check(path: Path, limits: Limits) -> None:
    check = _CHECKS.get(path.suffix.lower())
    if check is None:
        raise FormatError(
            f"{path.name}: recordings hold no such files; expected {', '.join(_CHECKS)}"
        )
    with path.open("rb") as stream:
        size = check(path, stream.read(_HEAD))
    if size is not None and not (min(size) > 0 and size[0] * size[1] <= limits.image_pixels):
        raise FormatError(
            f"{path.name}: {size[0]}x{size[1]} pixels, expected at most {limits.image_pixels} "
            "together"
        )


def _png(path: Path, head: bytes) -> tuple[int, int]:
    if not head.startswith(_PNG) or head[12:16] != b"IHDR" or len(head) < 24:
        raise FormatError(f"{path.name}: no PNG image, or a damaged one")
    width, height = struct.unpack(">II", head[16:24])
    return width, height


def _jpeg(path: Path, head: bytes) -> tuple[int, int]:
    """Size from the first frame header (ITU T.81, B.2.2)."""
    content, at = path.read_bytes(), 2
    if not head.startswith(_JPEG):
        raise FormatError(f"{path.name}: no JPEG image")
    while at + 9 <= len(content) and content[at] == 0xFF:
        marker, length = content[at + 1], int.from_bytes(content[at + 2 : at + 4], "big")
        if marker in _SIZED_JPEG_MARKERS:
            height, width = struct.unpack(">HH", content[at + 5 : at + 9])
            return width, height
        at += 2 + max(length, 2)
    raise FormatError(f"{path.name}: a JPEG image without a size; it is damaged")


def _avi(path: Path, head: bytes) -> tuple[int, int]:
    if head[:4] != b"RIFF" or head[8:12] != b"AVI " or head[24:28] != b"avih" or len(head) < 72:
        raise FormatError(f"{path.name}: no AVI video, or a damaged one")
    width, height = struct.unpack("<II", head[64:72])
    return width, height


def _mat(path: Path, head: bytes) -> None:
    if not head.startswith(b"MATLAB 5.0 MAT-file"):
        raise FormatError(f"{path.name}: no MATLAB 5 file; save it with -v6 or -v7")


def _text(path: Path, head: bytes) -> None:
    if path.name.lower() == ROOTS_FILE:
        raise FormatError(f"{path.name}: names further folders; send one folder without it")
    if b"\0" in head:
        raise FormatError(f"{path.name}: expected text, found binary data")
    if path.stat().st_size > _TEXT_BYTES:
        raise FormatError(f"{path.name}: text of more than {_TEXT_BYTES // 2**20} MiB")


def _pfm(path: Path, head: bytes) -> tuple[int, int]:
    found = _PFM.match(head)
    if found is None:
        raise FormatError(f"{path.name}: no PFM image of one channel, or a damaged one")
    return int(found[1]), int(found[2])


def _exr(path: Path, head: bytes) -> tuple[int, int]:
    """Size of the data window (OpenEXR File Layout), of a file of one part with flat pixels."""
    if not head.startswith(_EXR) or int.from_bytes(head[4:8], "little") & _EXR_PARTS:
        raise FormatError(f"{path.name}: no EXR image of one part with flat pixels")
    with path.open("rb") as stream:
        content, at = stream.read(_EXR_HEAD), 8
    while at < len(content):  # name, kind, size and value of each attribute
        name, _, rest = content[at : at + 512].partition(b"\0")
        kind, _, rest = rest.partition(b"\0")
        begin = at + len(name) + len(kind) + 6
        if not name or len(rest) < 4:
            break
        if name == b"dataWindow" and begin + 16 <= len(content):
            left, top, right, bottom = struct.unpack_from("<4i", content, begin)
            return right - left + 1, bottom - top + 1
        at = begin + int.from_bytes(rest[:4], "little")
    raise FormatError(f"{path.name}: an EXR image without a size; it is damaged")


def _npy(path: Path, head: bytes) -> tuple[int, int]:  # noqa: ARG001
    """Images of all frames; that the file is as long as it says is checked by what reads it."""
    with path.open("rb") as stream:
        try:
            shape, _, _ = npy_header(stream)
        except ARRAY_ERRORS as error:
            raise FormatError(f"{path.name}: no array that can be read") from error
    if len(shape) != 3:
        raise FormatError(f"{path.name}: its array is {shape}, expected (frames, height, width)")
    return shape[2], shape[1]


def _begins(*heads: bytes, what: str) -> Check:
    """A check of the first bytes; what is inside is decoded within bounds, or refused, later."""

    def check(path: Path, head: bytes) -> None:
        if not head.startswith(heads):
            raise FormatError(f"{path.name}: no {what}, or a damaged one")

    return check


def _npz(path: Path, head: bytes) -> None:  # noqa: ARG001
    """Arrays alone, no more than is allowed; what one says of its size is checked by NumPy."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise FormatError(f"{path.name}: no .npz file, or a damaged one") from error
    if not all(
        each.filename.endswith(".npy") and each.compress_type in _COUNTED for each in members
    ):
        raise FormatError(f"{path.name}: holds other things than arrays; save it by numpy.savez")
    if sum(each.file_size for each in members) > _ARRAYS_BYTES:
        raise FormatError(
            f"{path.name}: unpacks to more than {_ARRAYS_BYTES // 2**20} MiB, which is the most"
        )


_CHECKS: dict[str, Check] = {
    ".png": _png,
    ".jpg": _jpeg,
    ".jpeg": _jpeg,
    ".exr": _exr,
    ".pfm": _pfm,
    ".npy": _npy,
    ".avi": _avi,
    ".mat": _mat,
    ".skeleton": _text,
    ".csv": _text,
    ".txt": _text,
    ".json": _text,
    ".toml": _text,
    ".yaml": _text,
    ".npz": _npz,
    ".mkv": _begins(b"\x1a\x45\xdf\xa3", what="Matroska file"),
    ".bag": _begins(b"#ROSBAG V2.0", what="bag of ROS 1"),
    ".db3": _begins(b"SQLite format 3\0", what="bag of ROS 2"),
    ".mcap": _begins(b"\x89MCAP0\r\n", what="MCAP file"),
    ".pkl": _begins(*(bytes((0x80, version)) for version in range(2, 6)), what="pickle"),
}
