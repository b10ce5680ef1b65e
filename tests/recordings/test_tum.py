"""TUM and ScanNet folders, and stacks: files written here in the benchmarks' own layouts."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from skelflow.errors import DataError, FormatError
from skelflow.recordings import find_recordings, open_recording

COLORS = (20, 90, 160, 230)


def write_tum(folder: Path, *, color_s: tuple[float, ...] = (0.01, 0.04, 0.08, 0.11)) -> Path:
    """Depth of 1, 2, 3, 4 m at 30 Hz; color of its own times, a brightness each."""
    for kind in ("depth", "rgb"):
        (folder / kind).mkdir(parents=True)
    lists = {"depth": ["# depth maps", "# timestamp filename"], "rgb": ["# color images"]}
    for t in range(4):
        name = f"depth/{t}.png"
        cv2.imwrite(str(folder / name), np.full((480, 640), 5000 * (t + 1), np.uint16))
        lists["depth"].append(f"{1000 + t / 30:.6f} {name}")
    for bright, time_s in zip(COLORS, color_s, strict=True):
        name = f"rgb/{bright}.png"
        cv2.imwrite(str(folder / name), np.full((480, 640, 3), bright, np.uint8))
        lists["rgb"].append(f"{1000 + time_s:.6f} {name}")
    for kind, lines in lists.items():
        (folder / f"{kind}.txt").write_text("\n".join(lines) + "\n")
    return folder


def test_tum_pairs_two_lists_by_time(tmp_path: Path) -> None:
    recording = open_recording(write_tum(tmp_path / "desk", color_s=(-0.02, 0.01, 0.035, 0.11)))
    assert (recording.source, recording.name, len(recording)) == ("tum", "desk", 4)
    assert recording.frame_rate_hz == pytest.approx(30, abs=0.1)
    assert recording.color is not None
    for t, bright in enumerate((COLORS[1], COLORS[2], COLORS[2], COLORS[3])):
        assert (recording.depth[t] == t + 1).all()
        assert (recording.color[t] == bright).all()
    assert recording.repairs == ("1 of 4 frames has no color image of that time: the nearest",)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("abc depth/0.png", "depth.txt, line 1: 'abc depth/0.png', expected a time"),
        ("1000.0", "depth.txt, line 1: "),
        ("# nothing", "depth.txt: no images"),
        ("1000.0 ../0.png", "expected a file below the folder"),
        ("1000.0 /etc/passwd", "expected a file below the folder"),
        ("1000.0 depth/none.png", "none.png"),
    ],
)
def test_tum_refuses_lists_that_do_not_fit(tmp_path: Path, line: str, message: str) -> None:
    folder = write_tum(tmp_path / "desk")
    (folder / "depth.txt").write_text(line + "\n")
    with pytest.raises(FormatError, match=message):
        open_recording(folder)


def write_scannet(folder: Path, numbers: tuple[int, ...] = (0, 1, 2, 3)) -> Path:
    """A wall at 2 m, its left half dark in a color image of another size."""
    for kind in ("depth", "color", "intrinsic"):
        (folder / kind).mkdir(parents=True)
    for kind, values in {"depth": (50.0, 31.5, 23.5), "color": (100.0, 63.5, 47.5)}.items():
        f, cx, cy = values
        rows = [[f, 0, cx, 0], [0, f, cy, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
        text = "\n".join(" ".join(map(str, row)) for row in rows)
        (folder / "intrinsic" / f"intrinsic_{kind}.txt").write_text(text)
    color = np.full((96, 128, 3), 200, np.uint8)
    color[:, :64] = 50
    for number in numbers:
        cv2.imwrite(str(folder / "depth" / f"{number}.png"), np.full((48, 64), 2000, np.uint16))
        cv2.imwrite(str(folder / "color" / f"{number}.jpg"), color)
    return folder


def test_scannet_folder_reads_both_cameras(tmp_path: Path) -> None:
    from skelflow.datasets.pairs import read_color

    recording = open_recording(write_scannet(tmp_path / "scene"))
    camera = recording.camera
    assert (camera.width, camera.height, camera.fx, camera.cx) == (64, 48, 50, 31.5)
    assert (recording.depth[3] == 2).all()
    seen = read_color(recording, 0, recording.depth[0])
    assert seen is not None
    assert seen[:, :31].max() < 80 and seen[:, 33:].min() > 170


def test_scannet_folder_pairs_by_number_and_says_what_is_missing(tmp_path: Path) -> None:
    folder = write_scannet(tmp_path / "scene", (0, 1, 2, 5, 10))
    (folder / "color" / "2.jpg").unlink()
    recording = open_recording(folder)
    assert len(recording) == 4
    assert recording.repairs == (
        "6 frames are missing between the others",
        "1 frame has no color: left out",
    )
    desk = write_tum(tmp_path / "a" / "desk")
    assert find_recordings(tmp_path) == [desk, folder]


def write_stack(path: Path, **changes: Any) -> Path:
    arrays: dict[str, Any] = {
        "depth": np.full((3, 48, 64), 2500, np.uint16),
        "depth_scale": 0.001,
        "camera": (60.0, 61.0, 31.5, 23.5),
        "times_s": [0.0, 0.1, 0.2],
        "color": np.full((3, 48, 64, 3), 7, np.uint8),
        "joints_m": np.tile([0.25, 0.25, 2.5], (3, 1, 20, 1)),
        "layout": "kinect_v1",
        "action": 4,
    }
    arrays |= changes
    np.savez_compressed(path, **{name: one for name, one in arrays.items() if one is not None})
    return path


def test_stack_reads_one_file(tmp_path: Path) -> None:
    recording = open_recording(write_stack(tmp_path / "a.npz"))
    assert (recording.source, len(recording)) == ("stack", 3)
    assert recording.frame_rate_hz == pytest.approx(10)
    np.testing.assert_allclose(recording.depth[2], 2.5)
    assert recording.color is not None and recording.skeleton is not None
    assert (recording.color[1] == 7).all()
    np.testing.assert_allclose(recording.skeleton.joints_px[0, 0, 0], (37.5, 29.6), rtol=1e-6)
    assert (recording.labels.action, recording.mirrored) == (4, False)
    near = {"depth": np.full((3, 48, 64), 1.5), "joints_m": np.tile([0.1, 0.1, 1.5], (3, 1, 20, 1))}
    meters = write_stack(tmp_path / "b.npz", **near, depth_scale=None)
    np.testing.assert_allclose(open_recording(meters).depth[0], 1.5)
    assert open_recording(write_stack(tmp_path / "b.npz", mirrored=True)).mirrored
    assert find_recordings(tmp_path) == [tmp_path / "a.npz", tmp_path / "b.npz"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"camera": None}, "camera is .*expected fx, fy, cx, cy"),
        ({"depth_scale": None}, "depth_scale is missing"),
        ({"depth_scale": 0.1}, "depth spans 250 to 250, expected meters"),
        ({"depth_scale": 0.03}, "depth is 75 m in the median, expected 0.05 to 50 m"),
        ({"times_s": [0.0, 0.2, 0.1]}, "expected .3,. rising seconds"),
        ({"times_s": np.array([2, 1, 3], np.uint64)}, "expected .3,. rising seconds"),
        ({"times_s": [0.0, 0.1, np.inf]}, "expected .3,. rising seconds"),
        ({"times_s": np.arange(3).astype("datetime64[ms]")}, r"times_s is datetime64\[ms\] .3,., "),
        ({"times_s": [0.0, 33.0, 67.0]}, "0.0298507 frames a second, .* times in seconds"),
        *(
            ({"times_s": None, "frame_rate_hz": rate}, "frames a second, expected 0.1 to 1000")
            for rate in (0.0, -30.0, np.nan, np.inf)
        ),
        ({"color": np.zeros((2, 48, 64, 3), np.uint8)}, "expected uint8 .3, 48, 64, 3."),
        ({"layout": "mine"}, "layout is 'mine', expected one of"),
        ({"joints_m": np.ones((3, 1, 25, 3))}, "expected .3, bodies, 20, 3."),
        ({"depht": 3}, "unknown arrays depht"),
        ({"mirrored": "yes"}, "mirrored is <U3 .*expected True or False"),
        ({"camera": np.array([None] * 4)}, "camera cannot be read"),
    ],
)
def test_stack_refuses_what_does_not_fit(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises((FormatError, DataError), match=rf"a\.npz: .*{message}"):
        open_recording(write_stack(tmp_path / "a.npz", **changes))
