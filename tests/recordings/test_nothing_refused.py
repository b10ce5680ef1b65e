"""Files that are odd and right: what other programs write is read as it is meant."""

from pathlib import Path

import numpy as np
import pytest

from skelflow.recordings import find_recordings, open_recording
from tests import tiny_folder, tiny_ntu
from tests.recordings.test_folder import write_csv, write_folder
from tests.recordings.test_nw_ucla import write as write_nw_ucla
from tests.recordings.test_tum import write_tum

BOM = b"\xef\xbb\xbf"  # what Windows puts before UTF-8


def with_bom(*files: Path) -> None:
    for file in files:
        file.write_bytes(BOM + file.read_bytes())


def test_folder_is_read_with_a_byte_order_mark(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "r")
    write_csv(folder, "0,0,head,0.1,-0.2,1.0")
    with_bom(folder / "recording.toml", folder / "skeleton.csv")
    skeleton = open_recording(folder).skeleton
    assert skeleton is not None
    assert np.isfinite(skeleton.joints_m[0, 0]).all(axis=-1).sum() == 1


def test_other_texts_are_read_with_a_byte_order_mark(tmp_path: Path) -> None:
    path = write_nw_ucla(tmp_path / "ucla")
    expected = open_recording(path).skeleton
    tum = write_tum(tmp_path / "desk")
    ntu = tiny_ntu.write_skeleton(tmp_path, tiny_ntu.one_person(2))
    with_bom(path, ntu, tum / "depth.txt", tum / "rgb.txt")
    found = open_recording(path).skeleton
    assert expected is not None and found is not None
    np.testing.assert_array_equal(found.joints_m, expected.joints_m)
    assert open_recording(ntu).skeleton is not None
    recording = open_recording(tum)
    assert (len(recording), recording.color is not None) == (4, True)


def test_what_c_writes_for_no_number_is_a_missing_joint(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "r")
    write_csv(folder, "0,0,head,0.1,-0.2,1.0", "0,0,neck,-1.#IND,-1.#IND00,1.#QNAN")
    skeleton = open_recording(folder).skeleton
    assert skeleton is not None
    assert np.isfinite(skeleton.joints_m[0, 0]).all(axis=-1).sum() == 1


def test_linked_folders_are_found_and_opened_once(tmp_path: Path) -> None:
    tiny_folder.write_recording(tmp_path / "disk" / "wave")
    data = tmp_path / "data"
    data.mkdir()
    (data / "linked").symlink_to(tmp_path / "disk")
    (data / "again").symlink_to(data)  # a circle
    (found,) = find_recordings(data)
    assert len(open_recording(found)) == 5
    (tmp_path / "one").symlink_to(tmp_path / "disk" / "wave")
    assert len(open_recording(tmp_path / "one")) == 5


def test_linked_images_are_read(tmp_path: Path) -> None:
    tiny_folder.write_recording(tmp_path / "wave")
    depth = tmp_path / "wave" / "depth"
    depth.rename(tmp_path / "images")
    depth.symlink_to(tmp_path / "images")
    assert open_recording(tmp_path / "wave").depth[4].any()


@pytest.mark.parametrize("name", ["a:b", "http:", "C:data"])
def test_a_colon_in_a_path_is_no_address(name: str, tmp_path: Path) -> None:
    folder = tmp_path / name
    tiny_folder.write_recording(folder / "wave")
    assert open_recording(folder / "wave").depth[0].any()
    depth = tiny_ntu.write_depth(folder / tiny_ntu.NAME, 2)
    tiny_ntu.write_video(folder / f"{tiny_ntu.NAME}_ir.avi", 2, (512, 424))
    infrared = open_recording(depth).infrared
    assert infrared is not None and infrared[1].any()


@pytest.mark.parametrize("size", [(320, 240), (1440, 1080), (1920, 800)])
def test_squashed_color_is_left_out_of_what_does_not_need_it(
    size: tuple[int, int], tmp_path: Path
) -> None:
    depth = tiny_ntu.write_depth(tmp_path / tiny_ntu.NAME, 2)
    tiny_ntu.write_skeleton(tmp_path, tiny_ntu.one_person(2))
    tiny_ntu.write_video(tmp_path / f"{tiny_ntu.NAME}_rgb.avi", 2, size)
    recording = open_recording(depth)
    assert (recording.color, recording.color_projection) == (None, None)
    assert recording.depth[1].any() and recording.skeleton is not None
    said = f"_rgb.avi has {size[0]}x{size[1]} pixels, no reduced copy of what was recorded"
    assert any(said in repair for repair in recording.repairs)
