"""Depth in meters as floats: EXR, PFM and `.npy` files in a folder of one's own."""

import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from skelflow.errors import FormatError
from skelflow.extras import MissingExtraError
from skelflow.recordings import open_recording
from skelflow.recordings.streams.float_images import read_float_depth
from tests.tiny_folder import HEIGHT, WIDTH, depth_image

SETTINGS = """[recording]
frame_rate_hz = 30
depth_scale = 1
[camera]
fx = 60
fy = 60
cx = 31.5
cy = 23.5
"""
FRAMES = 3


def write_exr(file: Path, **channels: np.ndarray) -> None:
    openexr = pytest.importorskip("OpenEXR")
    header = {"compression": openexr.ZIP_COMPRESSION, "type": openexr.scanlineimage}
    openexr.File(header, channels).write(str(file))


def frame(t: int) -> np.ndarray:
    """Meters, with what renderers write where there is nothing."""
    depth_m = depth_image(t)
    depth_m[0, :3] = np.inf, np.nan, 1e10
    return depth_m


def images(ending: str, write: Callable[[Path, np.ndarray], object]) -> Callable[[Path], None]:
    def write_all(folder: Path) -> None:
        (folder / "depth").mkdir()
        for t in range(FRAMES):
            write(folder / "depth" / f"{t}{ending}", frame(t))

    return write_all


def write_npy(folder: Path) -> None:
    stack = np.stack([frame(t) for t in range(FRAMES)])
    np.save(folder / "depth.npy", np.where(np.isfinite(stack) & (stack < 99), stack, -1))


def write_npy_mm(folder: Path) -> None:
    depth = np.stack([depth_image(t) for t in range(FRAMES)])
    np.save(folder / "depth.npy", np.rint(depth * 1000).astype(np.uint16))
    (folder / "recording.toml").write_text(SETTINGS.replace("depth_scale = 1", "depth_scale=0.001"))


WAYS = {
    "pfm": images(".pfm", lambda file, depth: cv2.imwrite(str(file), depth)),
    "exr": images(".exr", lambda file, depth: write_exr(file, Z=depth)),
    "exr-layer": images(
        ".exr", lambda file, depth: write_exr(file, **{"Depth.Z": depth, "A": np.ones_like(depth)})
    ),
    "npy": write_npy,
    "npy-mm": write_npy_mm,
}


def folder_of(tmp_path: Path, way: str) -> Path:
    (tmp_path / "recording.toml").write_text(SETTINGS)
    WAYS[way](tmp_path)
    return tmp_path


@pytest.mark.parametrize("way", WAYS)
def test_folder_reads_depth_of_each_kind(way: str, tmp_path: Path) -> None:
    recording = open_recording(folder_of(tmp_path, way))
    assert len(recording) == FRAMES
    for t in (2, 0):
        assert recording.depth[t].dtype == np.float32
        tolerance = 0.0005 if way == "npy-mm" else 0
        np.testing.assert_allclose(recording.depth[t], depth_image(t), rtol=0, atol=tolerance)


def test_color_goes_to_the_frames_of_a_stack_in_turn(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, "npy")
    (folder / "color").mkdir()
    for t in range(FRAMES):
        image = np.full((HEIGHT, WIDTH, 3), 10 * t, np.uint8)
        cv2.imwrite(str(folder / "color" / f"{t + 1}.png"), image)
    color = open_recording(folder).color
    assert color is not None
    assert [int(color[t].max()) for t in range(FRAMES)] == [0, 10, 20]


def test_big_endian_pfm_is_read_bottom_row_first(tmp_path: Path) -> None:
    rows = np.array([[1, 2, 3], [4, 5, 6]], ">f4")
    (tmp_path / "a.pfm").write_bytes(b"Pf\n3 2\n1.0\n" + rows.tobytes())
    np.testing.assert_array_equal(read_float_depth(tmp_path / "a.pfm"), [[4, 5, 6], [1, 2, 3]])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"Pf\n3 2\n-1.0\n" + bytes(23), "23 bytes of pixels, expected 24 for 3x2"),
        (b"Pf\n900000 900000\n-1.0\n", "megapixels, at most"),
        (b"PF\n1 1\n-1.0\n" + bytes(12), "three channels"),
        (b"P5\n1 1\n255\n\0", "no PFM image"),
    ],
)
def test_pfm_is_refused(content: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / "a.pfm").write_bytes(content)
    with pytest.raises(FormatError, match=said):
        read_float_depth(tmp_path / "a.pfm")


def test_exr_is_refused_when_damaged_or_of_colors(tmp_path: Path) -> None:
    file, depth = tmp_path / "a.exr", depth_image(0)
    write_exr(file, R=depth, G=depth, B=depth)
    with pytest.raises(FormatError, match="channels B, G, R, expected one, or one called Z"):
        read_float_depth(file)
    write_exr(file, Z=depth)
    file.write_bytes(file.read_bytes()[:-200])
    with pytest.raises(FormatError, match="no EXR image that can be read"):
        read_float_depth(file)
    file.write_bytes(b"\x76\x2f\x31\x01" + bytes(100))
    with pytest.raises(FormatError, match="no EXR image that can be read"):
        read_float_depth(file)


def test_exr_says_which_extra_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.exr").write_bytes(b"")
    monkeypatch.setattr("skelflow.extras.find_spec", lambda _: None)
    monkeypatch.setitem(sys.modules, "OpenEXR", None)
    with pytest.raises(MissingExtraError, match=r"skelflow\[exr\]"):
        read_float_depth(tmp_path / "a.exr")


@pytest.mark.parametrize(
    ("stack", "said"),
    [
        (np.ones((4, 5), np.float32), r"its array is \(4, 5\), expected \(frames, height, width\)"),
        (np.asfortranarray(np.ones((2, 4, 5), np.float32)), "Fortran order"),
        (np.ones((2, 4, 5), np.int64), "holds int64, expected uint16, or floats in meters"),
        (np.full((2, 4, 5), 2500, np.float32), "correct depth_scale .* 1 for meters"),
    ],
)
def test_stack_is_refused(stack: np.ndarray, said: str, tmp_path: Path) -> None:
    (tmp_path / "recording.toml").write_text(SETTINGS)
    np.save(tmp_path / "depth.npy", stack)
    with pytest.raises(FormatError, match=said):
        open_recording(tmp_path)


def test_truncated_stack_is_refused(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, "npy")
    file = folder / "depth.npy"
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(FormatError, match="bytes of numbers, expected"):
        open_recording(folder)
