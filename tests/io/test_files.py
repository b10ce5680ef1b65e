"""Files are opened only where they are files, and no larger than asked for."""

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from skelflow.errors import ConfigError, DataError, FormatError
from skelflow.io.bounds import TEXT
from skelflow.io.documents import parse_json, read_json, read_toml
from skelflow.io.files import (
    absolute_text,
    check_file,
    is_file,
    is_folder,
    library_path,
    open_file,
    read_bytes,
    read_head,
    read_text,
    trouble,
)

LONG = "a" * 300


def test_read_bytes_reads_a_file_and_a_link_to_it(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"0123")
    (tmp_path / "link").symlink_to("f")
    assert read_bytes(tmp_path / "link") == b"0123"
    assert read_head(tmp_path / "f", 2) == b"01"
    assert check_file(tmp_path / "f") == 4


def make_pipe(path: Path) -> None:
    os.mkfifo(path)


def make_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(os.path.relpath(path))


def make_loop(path: Path) -> None:
    path.symlink_to(path.name)


def make_nothing(path: Path) -> None:
    path.parent.mkdir(exist_ok=True)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (make_pipe, "is a pipe, expected a file"),
        (make_socket, "is a socket, expected a file"),
        (make_loop, "cannot be read"),
        (Path.mkdir, "is a folder, expected a file"),
        (make_nothing, r"cannot be read \(does not exist\)"),
    ],
)
def test_open_file_refuses_whatever_is_no_file(
    make: Callable[[Path], object],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    make(tmp_path / "f")
    for read in (read_bytes, read_text, check_file, library_path, read_json, read_toml):
        with pytest.raises(FormatError, match=f"f: {message}"):
            read(tmp_path / "f")
    assert not is_file(tmp_path / "f")


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/null"])
def test_open_file_refuses_devices(path: str) -> None:
    with pytest.raises(DataError, match="is a device"):
        read_bytes(path, refusal=DataError)


@pytest.mark.parametrize("name", [LONG, "a/" * 2500, "a\0b", "f/g"])
def test_impossible_names_are_no_files(name: str, tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"")
    path = f"{tmp_path}/{name}"
    assert not is_file(path)
    assert not is_folder(path)
    assert trouble(path)
    with pytest.raises(FormatError), open_file(path):
        pass


def test_errors_while_reading_name_the_file(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"1")
    refused = pytest.raises(DataError, match=r"f: cannot be read \(disk gone\)")
    with refused, open_file(tmp_path / "f", refusal=DataError):
        raise OSError(5, "disk gone")


def test_a_bound_can_be_raised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (tmp_path / "f").open("wb") as stream:
        stream.truncate(65 * 2**20)
    with pytest.raises(FormatError, match=r"65 MB of text, at most 64 .*SKELFLOW_MAX_TEXT_MB=65"):
        read_text(tmp_path / "f")
    monkeypatch.setenv(TEXT.variable, "65")
    assert len(read_text(tmp_path / "f")) == 65 * 2**20


@pytest.mark.parametrize("text", ["0", "²", "-1", "x", "9" * 5000])
def test_a_bound_that_is_none_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TEXT.variable, text)
    with pytest.raises(ConfigError, match=TEXT.variable):
        TEXT.check(1, "f")


def test_absolute_text_is_no_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "http:").mkdir()
    monkeypatch.chdir(tmp_path)
    assert absolute_text("http:/x/a.avi") == f"{tmp_path}/http:/x/a.avi"
    assert absolute_text("ä😀") == f"{tmp_path}/ä😀"
    with pytest.raises(FormatError, match="no UTF-8"):
        absolute_text(os.fsdecode(b"\xff"))


@pytest.mark.parametrize(
    "text", ["[" * 100_000, "9" * 5000, "NaN", "-Infinity", "1e999", "{", "\ud800", ""]
)
def test_parse_json_refuses_what_no_reader_can_use(text: str) -> None:
    with pytest.raises(DataError, match="where: no JSON"):
        parse_json(text, "where", refusal=DataError)


@pytest.mark.parametrize(
    "content", [b"a = " + b"[" * 50_000, b"a = " + b"9" * 5000, b"\xff", b"a", b"a = 1\na = 2"]
)
def test_read_toml_refuses_what_no_reader_can_use(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(content)
    with pytest.raises(FormatError, match="f: no "):
        read_toml(tmp_path / "f")
