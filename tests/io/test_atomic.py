"""Files that are written whole or not at all, and their folders."""

from pathlib import Path

import pytest

from skelflow.errors import StorageError
from skelflow.io.atomic import atomic_write, folder_of


def test_whole_leaves_nothing_when_the_writer_fails(tmp_path: Path) -> None:
    (tmp_path / "kept.txt").write_text("before")
    with pytest.raises(KeyboardInterrupt), atomic_write(tmp_path / "kept.txt") as aside:
        aside.write_text("half")
        raise KeyboardInterrupt
    assert [file.name for file in tmp_path.iterdir()] == ["kept.txt"]
    assert (tmp_path / "kept.txt").read_text() == "before"


def test_folder_of_goes_again_when_nothing_came_of_it(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), folder_of(tmp_path / "new" / "er" / "x.txt"):
        raise KeyboardInterrupt
    assert not list(tmp_path.iterdir())
    with pytest.raises(KeyboardInterrupt), folder_of(tmp_path / "new" / "er" / "x.txt"):
        (tmp_path / "new" / "kept.txt").write_text("kept")
        raise KeyboardInterrupt
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["kept.txt"]
    with (
        pytest.raises(StorageError, match=r"kept\.txt: cannot be written"),
        folder_of(tmp_path / "new" / "kept.txt" / "x.txt"),
    ):
        pass


def test_whole_names_the_file_that_cannot_be_written(tmp_path: Path) -> None:
    with (
        pytest.raises(StorageError, match=r"absent/x\.txt: cannot be written"),
        atomic_write(tmp_path / "absent" / "x.txt") as aside,
    ):
        aside.write_text("x")
