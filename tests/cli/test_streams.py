"""What the command line prints: one line, escaped, whatever the streams and the surroundings."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from skelflow.cli.streams import printable
from tests.waiting import PATIENCE_S

PYTHON = [sys.executable, "-m", "skelflow"]


def run(*words: str, **options: object) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(
        [*PYTHON, *words], capture_output=True, timeout=PATIENCE_S, check=False, **options
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("wave", "wave"),
        ("wäve 😀", "wäve 😀"),
        ("\x1b[31mred\r", "\\x1b[31mred\\r"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
        ("\udcff", "\\udcff"),
        ("\u202e", "\\u202e"),
    ],
)
def test_printable_escapes_what_a_terminal_would_obey(text: str, expected: str) -> None:
    assert printable(text) == expected


def test_cli_is_one_line_for_environments_and_names_that_cannot_be(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONUTF8": "0", "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"}
    for words, extra, expected in (
        (("models",), {"RANK": "abc"}, b"RANK: found 'abc'"),
        (("models",), {"RANK": "1"}, b"RANK: found 1, expected less than WORLD_SIZE, which is not"),
        (("models",), {"RANK": "2", "WORLD_SIZE": "2"}, b"RANK: found 2, expected less than"),
        (("models",), {"WORLD_SIZE": "0"}, b"WORLD_SIZE: found '0'"),
        (("models",), {"NUMBA_NUM_THREADS": "0"}, b"NUMBA_NUM_THREADS: found '0'"),
        (("info", "a" * 300), {}, b"File name too long"),
        (("info", "\x1b[31mw\u00e4ve"), {}, b"\\x1b[31mw"),
    ):
        done = run(*words, env={**environment, **extra}, cwd=tmp_path)
        assert done.returncode == 2, done.stderr
        assert expected in done.stderr
        assert done.stderr.count(b"\n") == 1
        assert b"\x1b[31m" not in done.stderr


def test_help_is_laid_out_at_once_for_a_terminal_of_one_column() -> None:
    narrow, least = (
        run("predict", "--help", env={**os.environ, "COLUMNS": text}).stdout for text in ("1", "10")
    )
    assert narrow == least


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_cli_says_when_its_output_cannot_be_written() -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*PYTHON, "protocols"],
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=PATIENCE_S,
            check=False,
        )
    assert done.returncode == 2
    assert done.stderr == b"skelflow: No space left on device\n"


def test_cli_works_with_closed_streams() -> None:
    command = " ".join(PYTHON)
    for closed in (">&-", "2>&-", ">&- 2>&- <&-"):
        done = subprocess.run(
            f"{command} protocols {closed}",
            shell=True,
            capture_output=True,
            timeout=PATIENCE_S,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert done.stderr == b""
