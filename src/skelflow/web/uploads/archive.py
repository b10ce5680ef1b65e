"""Unpack a .zip that may be hostile: bounded, plain files only, nothing outside the folder."""

import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from skelflow.errors import FormatError
from skelflow.web.limits import Limits

_DEEPEST = 12
_LONGEST_NAME = 200
_COUNTED_DEFLATE = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_BLOCK = 2**18
_LEFT_BY_SYSTEMS = ("__MACOSX", "Thumbs.db", "desktop.ini")


def unpack(archive: Path, folder: Path, limits: Limits) -> None:
    """Unpack into a folder that is there.

    Raises
    ------
    FormatError
        It is no .zip or damaged, holds too much, a link, an encrypted file, or a name that leads
        outside; says which.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            _unpack(opened, folder, limits)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError) as error:
        raise FormatError("the .zip is damaged; pack it again") from error


def _unpack(opened: zipfile.ZipFile, folder: Path, limits: Limits) -> None:
    members = [member for member in opened.infolist() if not _is_litter(member.filename)]
    files = [member for member in members if not member.is_dir()]
    if len(files) > limits.files:
        raise FormatError(f"the .zip holds {len(files)} files, expected at most {limits.files}")
    left = limits.unpacked_bytes
    if sum(member.file_size for member in files) > left:
        raise FormatError(f"the .zip unpacks to more than {left // 2**20} MiB, which is the most")
    for member in files:
        target = folder / _inner_path(member)
        if target.exists():
            raise FormatError(f"the .zip holds {target.name!r} twice at the same place")
        left -= _write(opened, member, target, left)


def _is_litter(name: str) -> bool:
    """Whether a system put it there, or it is hidden."""
    return any(
        part in _LEFT_BY_SYSTEMS or (part[:1] == "." and part[1:2] not in ("", "."))
        for part in name.split("/")
    )


def _inner_path(member: zipfile.ZipInfo) -> PurePosixPath:
    """Where a member goes below the folder; refused unless it is a plain file there."""
    name, kind = member.filename, stat.S_IFMT(member.external_attr >> 16)
    path = PurePosixPath(name)
    outside = path.is_absolute() or ".." in path.parts or ":" in name or "\\" in name
    if outside or not name.isprintable():
        raise FormatError("the .zip holds a name that leads outside of it; pack it again")
    if len(path.parts) > _DEEPEST or any(len(p.encode()) > _LONGEST_NAME for p in path.parts):
        raise FormatError("the .zip holds a name that is too long or too deep; rename it")
    if kind not in (0, stat.S_IFREG):
        raise FormatError(f"the .zip holds {path.name!r}, a link or device; pack plain files")
    if member.flag_bits & 0x1:
        raise FormatError("the .zip is encrypted; pack it without a password")
    if member.compress_type not in _COUNTED_DEFLATE:
        raise FormatError("the .zip is packed by another method than deflate; pack it again")
    return path


def _write(opened: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path, left: int) -> int:
    """Bytes written; what a member says about its own size is not believed."""
    written = 0
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError:
        raise FormatError("the .zip holds a file where it also holds a folder") from None
    with opened.open(member) as packed, target.open("xb") as plain:
        while block := packed.read(_BLOCK):
            written += len(block)
            if written > left:
                raise FormatError("the .zip unpacks to more than it says; pack it again")
            plain.write(block)
    return written
