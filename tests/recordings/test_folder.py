"""The user's own folder: a good one, and every mistake we can think of."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from skelflow.errors import FormatError
from skelflow.recordings import find_recordings, open_recording

SETTINGS = """
[recording]
name = "wave"
frame_rate_hz = 15
depth_scale = 0.001

[camera]
fx = 60.0
fy = 60.0
cx = 31.5
cy = 23.5

[labels]
action = 7
subject = 2

[skeleton]
layout = "kinect_v2"
"""
HEADER = "frame,body,joint,x_m,y_m,z_m"


def write_folder(root: Path, frames: int = 3) -> Path:
    for kind in ("depth", "color"):
        (root / kind).mkdir(parents=True)
    (root / "recording.toml").write_text(SETTINGS)
    for t in range(frames):
        name = f"{t + 9}.png"  # 9, 10, 11: natural order differs from the alphabet's
        cv2.imwrite(str(root / "depth" / name), np.full((48, 64), 1000 + t, np.uint16))
        image = np.zeros((48, 64, 3), np.uint8)
        image[..., 2] = 100 + t
        cv2.imwrite(str(root / "color" / name), image)
    return root


def write_csv(root: Path, *lines: str, header: str = HEADER) -> None:
    (root / "skeleton.csv").write_text("\n".join((header, *lines)) + "\n")


def edit(root: Path, old: str, new: str) -> None:
    file = root / "recording.toml"
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))


def test_folder_reads_depth_and_color_in_natural_order(tmp_path: Path) -> None:
    recording = open_recording(write_folder(tmp_path / "r"))
    assert (recording.name, recording.frame_rate_hz, len(recording)) == ("wave", 15.0, 3)
    assert (recording.labels.action, recording.labels.subject) == (7, 2)
    assert recording.camera.fx == 60
    np.testing.assert_allclose([d[0, 0] for d in recording.depth], [1.0, 1.001, 1.002], rtol=1e-6)
    assert recording.color is not None
    assert recording.color_projection is None
    np.testing.assert_array_equal(recording.color[2][5, 5], [102, 0, 0])  # RGB
    assert recording.skeleton is None


def test_folder_opens_by_its_settings_file_and_is_found(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "set" / "S001C001P001R001A001")
    assert open_recording(folder / "recording.toml").name == "wave"
    assert open_recording(folder).name == "wave"
    assert find_recordings(tmp_path) == [folder]


def test_folder_reads_the_skeleton_and_projects_what_has_no_pixel(tmp_path: Path) -> None:
    root = write_folder(tmp_path / "r")
    write_csv(
        root,
        "0,0,head,0.5,-0.2,2.0,,,2",
        "2,1,3,0.5,-0.2,2.0,40.5,20.5,1",
        "2,1,neck,0.1,0.1,2.0,3,4,0",
        "2,1,4,,,,,,",
        header=HEADER + ",u_px,v_px,tracking",
    )
    skeleton = open_recording(root).skeleton
    assert skeleton is not None
    assert skeleton.joints_m.shape == (3, 2, 25, 3)
    np.testing.assert_allclose(skeleton.joints_m[0, 0, 3], [0.5, -0.2, 2.0])
    np.testing.assert_allclose(skeleton.joints_px[0, 0, 3], [46.5, 17.5], rtol=1e-6)
    np.testing.assert_allclose(skeleton.joints_px[2, 1, 3], [40.5, 20.5])
    assert skeleton.tracking[2, 1, 3] == 1
    assert np.isnan(skeleton.joints_m[2, 1, 2]).all()  # tracking 0
    assert np.isnan(skeleton.joints_px[2, 1, 2]).all()
    assert np.isfinite(skeleton.joints_m[..., 0]).sum() == 2


def test_folder_takes_a_field_of_view(tmp_path: Path) -> None:
    root = write_folder(tmp_path / "r")
    edit(root, "fx = 60.0\nfy = 60.0\ncx = 31.5\ncy = 23.5", "fov_x_deg = 90")
    assert open_recording(root).camera.fx == pytest.approx(32)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("depth_scale", "depth_scael", "unknown key in .recording.: 'depth_scael'.*'depth_scale'"),
        ("[camera]", "[camra]", "unknown table: 'camra'; did you mean 'camera'"),
        ("depth_scale = 0.001", "", "depth_scale is missing"),
        ("frame_rate_hz = 15", 'frame_rate_hz = "fast"', "frame_rate_hz is 'fast', expected a num"),
        ("depth_scale = 0.001", "depth_scale = -1", "expected a number above 0"),
        ("fx = 60.0\n", "", r"\[camera\] fx is missing"),
        ("fx = 60.0\n", "fx = 60.0\nfov_x_deg = 60\n", "either fx, fy, cx, cy"),
        ("fx = 60.0", "fx = 0.0", "fx must be positive"),
        ("action = 7", 'action = "wave"', r"\[labels\] action is 'wave', expected a whole"),
        ('"kinect_v2"', '"kinect_v9"', "layout is 'kinect_v9', expected one of kinect_v1"),
        ("[camera]", "[camera", "no TOML that can be read"),
        ('"kinect_v2"', "[1]", r"layout is \[1\]"),
        ("fx = 60.0", "fx = 1" + "0" * 400, "fx is 1000"),
        ("action = 7", "action = 1" + "0" * 400, "action is 1000"),
        ("action = 7", "action = " + "9" * 5000, "no TOML that can be read"),
        ('name = "wave"', "name = 3", "name is 3, expected text"),
    ],
)
def test_folder_fails_when_a_setting_is_wrong(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    root = write_folder(tmp_path / "r")
    edit(root, old, new)
    with pytest.raises(FormatError, match=rf"recording\.toml: .*{message}"):
        open_recording(root)


@pytest.mark.parametrize("scale", ["1.0", "0.00001"])
def test_folder_fails_when_depth_is_in_other_units(tmp_path: Path, scale: str) -> None:
    root = write_folder(tmp_path / "r")
    edit(root, "depth_scale = 0.001", f"depth_scale = {scale}")
    with pytest.raises(FormatError, match=r"9\.png: depth is .* correct depth_scale in"):
        open_recording(root)


def test_folder_fails_when_depth_has_eight_bits(tmp_path: Path) -> None:
    root = write_folder(tmp_path / "r")
    cv2.imwrite(str(root / "depth/9.png"), np.full((48, 64), 100, np.uint8))
    with pytest.raises(FormatError, match=r"9\.png: 8-bit PNG with 1 channels, expected 16-bit"):
        open_recording(root)


def test_folder_fails_when_depth_is_text(tmp_path: Path) -> None:
    root = write_folder(tmp_path / "r")
    (root / "depth/10.png").write_text("hello")
    with pytest.raises(FormatError, match=r"10\.png: no PNG file, it begins with b'hello'"):
        _ = open_recording(root).depth[1]


def test_folder_fails_when_depth_is_truncated(tmp_path: Path) -> None:
    root = write_folder(tmp_path / "r")
    file = root / "depth/11.png"
    file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(FormatError, match=r"11\.png: truncated PNG"):
        _ = open_recording(root).depth[2]


def test_folder_fails_when_a_frame_vanishes_or_has_another_size(tmp_path: Path) -> None:
    root = write_folder(tmp_path / "r")
    recording = open_recording(root)
    (root / "depth/10.png").unlink()
    with pytest.raises(FormatError, match=r"10\.png: cannot be read"):
        _ = recording.depth[1]
    cv2.imwrite(str(root / "depth/11.png"), np.full((24, 32), 1000, np.uint16))
    with pytest.raises(FormatError, match=r"11\.png: 32x24 pixels, expected 64x48"):
        _ = recording.depth[2]


def test_folder_fails_when_empty(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="depth: no frames"):
        open_recording(write_folder(tmp_path / "r", frames=0))


def test_folder_fails_when_color_is_not_registered(tmp_path: Path) -> None:
    root = write_folder(tmp_path / "r")
    cv2.imwrite(str(root / "color/9.png"), np.zeros((96, 128, 3), np.uint8))
    with pytest.raises(FormatError, match=r"9\.png: 128x96 .*register color to depth"):
        open_recording(root)


def test_folder_fails_when_color_frames_are_fewer(tmp_path: Path) -> None:
    root = write_folder(tmp_path / "r")
    (root / "color/9.png").unlink()
    with pytest.raises(FormatError, match="color: 2 images, expected 3"):
        open_recording(root)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("3,0,head,0,0,2", "line 3: frame is '3', expected a whole number 0..2"),
        ("-1,0,head,0,0,2", "line 3: frame is '-1'"),
        ("0,0,hed,0,0,2", "line 3: joint is 'hed', expected 0..24 or a name of kinect_v2"),
        ("0,0,25,0,0,2", "line 3: joint is '25'"),
        ("0,0,neck,zero,0,2", "line 3: x_m is 'zero', expected a number"),
        ("0,0,neck,0,0", "line 3: 6 columns expected"),
        ("0,0,neck,0,0,2,9", "line 3: .* columns expected"),
        ("0,0,3,0,0,2", "line 3: frame 0, body 0, joint head is already on line 2"),
        ("1,0,head,0,0,2500", "expected meters"),
    ],
)
def test_folder_fails_when_a_skeleton_line_is_wrong(
    tmp_path: Path, line: str, message: str
) -> None:
    root = write_folder(tmp_path / "r")
    write_csv(root, "0,0,head,0,0,200", line)
    if "meters" not in message:
        write_csv(root, "0,0,head,0,0,2", line)
    with pytest.raises(FormatError, match=rf"skeleton\.csv.*{message}"):
        open_recording(root)


def test_folder_fails_when_skeleton_columns_are_wrong(tmp_path: Path) -> None:
    root = write_folder(tmp_path / "r")
    write_csv(root, header="frame,body,joint,x,y,z")
    with pytest.raises(FormatError, match=r"skeleton\.csv, line 1: columns are 'frame,body,joint"):
        open_recording(root)
    write_csv(root)
    with pytest.raises(FormatError, match=r"skeleton\.csv: no joints"):
        open_recording(root)
    (root / "skeleton.csv").write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(FormatError, match=r"skeleton\.csv: no UTF-8 text"):
        open_recording(root)


def test_folder_fails_when_the_layout_is_not_named(tmp_path: Path) -> None:
    root = write_folder(tmp_path / "r")
    edit(root, '[skeleton]\nlayout = "kinect_v2"', "")
    write_csv(root, "0,0,head,0,0,2")
    with pytest.raises(FormatError, match=r"\[skeleton\] layout is missing"):
        open_recording(root)
