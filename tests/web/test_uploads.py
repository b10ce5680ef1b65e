"""What strangers send is refused before anything decodes it."""

from pathlib import Path

import numpy as np
import pytest

from skelflow.errors import FormatError
from skelflow.web.limits import Limits
from skelflow.web.uploads.archive import unpack
from skelflow.web.uploads.screen import check_files
from tests.web.hostile import TOML, exr, packed, png, uploads

SMALL = Limits(files=50, unpacked_bytes=2**20)
DECODED = (  # refused by what decodes them, see test_server.py
    "image without rows",
    "image without pixels",
    "frames larger than memory",
    "list that leads outside",
    "JSON without an end",
    "JSON of something else",
    "text without an end",
    "zip of nothing",
    "deep text",
    "MATLAB cut short",
    "Matroska of nothing",
    "bag of nothing",
    "database of nothing",
    "MCAP of nothing",
    "array larger than memory",
    "pickle that runs a program",
    "pickle that fills the memory",
    "skeleton that is none",
)


def unpacked(content: bytes, tmp_path: Path, limits: Limits = SMALL) -> Path:
    archive, folder = tmp_path / "a.zip", tmp_path / "inner" / "folder"
    archive.write_bytes(content)
    folder.mkdir(parents=True)
    unpack(archive, folder, limits)
    return folder


@pytest.mark.parametrize("wrong", [name for name in uploads() if name not in DECODED])
def test_unpack_and_check_refuse(wrong: str, tmp_path: Path) -> None:
    name, content = uploads()[wrong]
    with pytest.raises(FormatError) as refusal:
        if name == "a.zip":
            check_files(unpacked(content, tmp_path), SMALL)
        else:
            (tmp_path / "inner" / "folder").mkdir(parents=True)
            (tmp_path / "inner" / "folder" / name).write_bytes(content)
            check_files(tmp_path / "inner", SMALL)
    assert "\n" not in str(refusal.value)
    assert str(tmp_path) not in str(refusal.value)
    assert {path.name for path in tmp_path.iterdir()} <= {"a.zip", "inner"}
    assert [path.name for path in (tmp_path / "inner").iterdir()] == ["folder"]


def test_unpack_writes_what_is_there_and_leaves_out_what_systems_put_in(tmp_path: Path) -> None:
    files = {"r/recording.toml": TOML, "__MACOSX/r/._x": b"", "r/.DS_Store": b"", "r/depth/": b""}
    folder = unpacked(packed(files), tmp_path)
    assert [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*.*"))] == [
        "r/recording.toml"
    ]
    assert (folder / "r" / "recording.toml").read_bytes() == TOML


def test_unpack_does_not_believe_what_a_file_says_about_its_size(tmp_path: Path) -> None:
    honest = packed({"r/recording.toml": bytes(3000)})
    lie = honest.replace((3000).to_bytes(4, "little"), (3).to_bytes(4, "little"))
    assert lie != honest
    with pytest.raises(FormatError):
        unpacked(lie, tmp_path, Limits(unpacked_bytes=1000))


def test_check_files_takes_what_recordings_consist_of(tmp_path: Path) -> None:
    (tmp_path / "0.png").write_bytes(png(64, 48))
    (tmp_path / "recording.toml").write_bytes(TOML)
    (tmp_path / "0.exr").write_bytes(exr(64, 48))
    (tmp_path / "0.pfm").write_bytes(b"Pf\n64 48\n-1\n" + bytes(4 * 64 * 48))
    (tmp_path / "rgb.txt").write_text("0.0 rgb/0.png\n")
    (tmp_path / "skelflow-cameras.json").write_text("{}")
    np.save(tmp_path / "depth.npy", np.zeros((2, 48, 64), np.uint16))
    assert check_files(tmp_path, SMALL) == ()


def test_check_files_removes_notes_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "recording.toml").write_bytes(TOML)
    for name in ("README.md", "LICENSE"):
        (tmp_path / name).write_text("of this recording")
    said = check_files(tmp_path, SMALL)
    assert [path.name for path in tmp_path.iterdir()] == ["recording.toml"]
    assert [sentence.split(" ")[0] for sentence in said] == ["LICENSE", "README.md"]


def test_check_files_refuses_a_link(tmp_path: Path) -> None:
    (tmp_path / "0.png").symlink_to("/etc/passwd")
    with pytest.raises(FormatError, match="no plain file"):
        check_files(tmp_path, SMALL)
