"""NTU RGB+D: damaged and mixed-up files, each answered with what is wrong where."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from skelflow.errors import FormatError
from skelflow.recordings import open_recording
from tests.tiny_ntu import NAME, one_person, person, write_depth, write_skeleton, write_video


def corrupt(path: Path, line: int, text: str | None) -> None:
    """Replace a line (from 1), or cut the file before it."""
    lines = path.read_text().splitlines()
    kept = lines[: line - 1]
    path.write_text("\n".join(kept if text is None else [*kept, text, *lines[line:]]))


@pytest.mark.parametrize(
    ("line", "text", "message"),
    [
        (1, "0", "line 1: 0 frames"),
        (1, "twenty", "line 1: found 'twenty', expected a frame count"),
        (1, "-3", "line 1: found '-3', expected a frame count"),
        (1, "21", "line 562: the text ends where a body count is expected"),
        (1, "19", "line 534: found '1' after the last frame"),
        (2, "-1", "line 2: found '-1', expected a body count"),
        (2, "65", r"line 2: 65 bodies in one frame, expected at most 64 \(a Kinect v2 tracks 6"),
        (3, "1 2 3", "line 3: 3 numbers, expected the 10 of a body"),
        (4, "20", "line 4: 20 joints, expected 25"),
        (
            7,
            "a b c d e f g h i j k l",
            "line 7: could not convert .* the 12 numbers of joint 3 of 25",
        ),
        (7, "٣ 2 3 4 5 6 7 8 9 10 11 12", "line 7: found '٣ 2 3 .*the 12 numbers of joint 3 of 25"),
        (8, "1 2 3", "line 8: 3 numbers, expected the 12 of joint 4 of 25"),
        (
            201,
            None,
            "line 201: the text ends where joint 1 of 25 is expected; the file is truncated",
        ),
        (1, None, "line 1: the text ends where a frame count"),
    ],
)
def test_ntu_fails_when_the_skeleton_is_damaged(
    tmp_path: Path, line: int, text: str | None, message: str
) -> None:
    path = write_skeleton(tmp_path, one_person())
    corrupt(path, line, text)
    with pytest.raises(FormatError, match=rf"{NAME}\.skeleton, {message}"):
        open_recording(path)


def test_ntu_says_truncated_when_the_skeleton_ends_within_a_line(tmp_path: Path) -> None:
    path = write_skeleton(tmp_path, one_person())
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(FormatError, match=r"line \d+: .* the last line, the file is truncated"):
        open_recording(path)


def test_ntu_fails_when_a_body_comes_twice(tmp_path: Path) -> None:
    path = write_skeleton(tmp_path, [{1: person(0), 2: person(0)}])
    path.write_text(path.read_text().replace("72057594037931002", "72057594037931001"))
    with pytest.raises(FormatError, match=r"line 30: body 72057594037931001 a second time"):
        open_recording(path)


def test_ntu_fails_when_the_skeleton_is_binary_or_missing(tmp_path: Path) -> None:
    path = write_skeleton(tmp_path, one_person())
    path.write_bytes(bytes(range(128, 256)))
    with pytest.raises(FormatError, match=r"\.skeleton: no UTF-8 text"):
        open_recording(path)
    path.unlink()
    with pytest.raises(FormatError, match=r"\.skeleton does not exist"):
        open_recording(path)


def test_ntu_fails_when_a_depth_frame_is_missing(tmp_path: Path) -> None:
    folder = write_depth(tmp_path / NAME, 4)
    (folder / "Depth-00000002.png").unlink()
    with pytest.raises(FormatError, match=rf"{NAME}: Depth-00000002\.png is missing"):
        open_recording(folder)


def test_ntu_fails_when_the_depth_folder_is_empty(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=rf"{NAME}: no frames"):
        open_recording(write_depth(tmp_path / NAME, 0))


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.zeros((424, 512), np.uint8), "8-bit PNG with 1 channels"),
        (np.zeros((424, 512, 3), np.uint16), "16-bit PNG with 3 channels"),
        (np.zeros((240, 320), np.uint16), "320x240 pixels, expected 512x424"),
        (None, "no PNG file, it begins with b'just text'"),
    ],
)
def test_ntu_fails_when_a_depth_image_is_something_else(
    tmp_path: Path, image: np.ndarray | None, message: str
) -> None:
    folder = write_depth(tmp_path / NAME, 2)
    file = folder / "Depth-00000002.png"
    if image is None:
        file.write_text("just text")
    else:
        cv2.imwrite(str(file), image)
    recording = open_recording(folder)
    with pytest.raises(FormatError, match=rf"Depth-00000002\.png: {message}"):
        _ = recording.depth[1]


def test_ntu_fails_when_25_joints_are_announced_and_24_given(tmp_path: Path) -> None:
    path = write_skeleton(tmp_path, one_person(2))
    lines = path.read_text().splitlines()
    del lines[10]
    path.write_text("\n".join(lines))
    with pytest.raises(FormatError, match=r"line 29: 1 numbers, expected the 12 of joint 25 of 25"):
        open_recording(path)


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("Depth-00000002.png", "Depth-00000005.png"),  # later frames come before it
        ("Depth-00000003.png", "Depth-3.png"),
        ("Depth-00000001.png", "Depth-00000000.png"),
        ("Depth-00000003.png", "Depth-00000003 (1).png"),
    ],
)
def test_ntu_fails_when_depth_frames_are_not_numbered_in_order(
    tmp_path: Path, file: str, name: str
) -> None:
    folder = write_depth(tmp_path / NAME, 4)
    (folder / file).rename(folder / name)
    with pytest.raises(FormatError, match=rf"{NAME}: Depth-\d+\.png is missing .* in its place"):
        open_recording(folder)


def test_ntu_fails_when_depth_and_color_are_swapped(tmp_path: Path) -> None:
    folder = write_depth(tmp_path / NAME, 2)
    cv2.imwrite(str(folder / "Depth-00000001.png"), np.ones((1080, 1920), np.uint16))
    with pytest.raises(FormatError, match=r"1920x1080 pixels, expected 512x424: .*another"):
        _ = open_recording(folder).depth[0]
    write_video(tmp_path / f"{NAME}_rgb.avi", 2, (512, 424))
    with pytest.raises(FormatError, match=r"_rgb\.avi: 512x424 pixels, expected 1920x1080"):
        open_recording(folder)


def test_ntu_fails_when_a_video_is_truncated_short_or_none(tmp_path: Path) -> None:
    depth = write_depth(tmp_path / NAME, 12)
    path = write_video(tmp_path / f"{NAME}_ir.avi", 12, (512, 424))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(FormatError, match=r"_ir\.avi: frame \d+ of 12 cannot be decoded"):
        list(open_recording(depth).infrared or [])
    write_video(path, 9, (512, 424))
    recording = open_recording(depth)
    assert recording.infrared is None
    assert "_ir.avi has 9 frames, the recording 12" in recording.repairs[0]
    write_video(path, 12, (256, 212))
    with pytest.raises(FormatError, match=r"_ir\.avi: 256x212 pixels, expected 512x424"):
        _ = (open_recording(depth).infrared or [])[0]
    path.write_text("no video" * 100)
    with pytest.raises(FormatError, match=r"_ir\.avi: no video"):
        open_recording(depth)
