"""A walk over folders of recordings: what is listed, entered and looked up."""

import os
from pathlib import Path

import pytest

from skelflow.recordings.walk import walk_folders
from tests.tiny_ntu import NAME


def test_walk_follows_links_once_and_looks_up_no_folder_of_images(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "depth" / NAME).mkdir(parents=True)
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "again").symlink_to(tmp_path)
    (tmp_path / "own" / "same").symlink_to(tmp_path / "depth")
    looked_up: list[Path] = []

    def note(path: Path) -> str:
        looked_up.append(Path(path))
        return realpath(path)

    realpath = os.path.realpath
    monkeypatch.setattr(os.path, "realpath", note)
    found = {base: folders for base, folders, _ in walk_folders(tmp_path)}
    assert found == {
        tmp_path: ["depth", "own"],
        tmp_path / "depth": [NAME],
        tmp_path / "own": ["again", "same"],
    }
    assert tmp_path / "own" / "again" in looked_up
    assert tmp_path / "depth" / NAME not in looked_up  # of NTU RGB+D there are 56,880
