"""Two depth images as a recording: what is read, and what every wrong turn answers."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from skelflow.errors import ConfigError, DataError, FormatError, SkelflowError
from skelflow.recordings.image_pair import open_frames, read_depth
from skelflow.types import Camera
from tests.tiny_flow import (
    HEIGHT,
    WIDTH,
    color_image,
    depth_image,
    write_color,
    write_depth,
    write_recording,
)


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    one, two = (write_depth(tmp_path / f"depth{t}.png", depth_image(t)) for t in (0, 1))
    return one, two


def test_open_frames_reads_two_images_in_millimeters(pair: tuple[Path, Path]) -> None:
    found = open_frames(*pair)
    assert len(found) == 2
    for t in (0, 1):
        np.testing.assert_allclose(found.depth[t], depth_image(t), atol=0.00051)
    assert found.camera == Camera.from_fov(WIDTH, HEIGHT, 62.5)
    assert found.color is None


def test_open_frames_reads_color_and_lens(pair: tuple[Path, Path], tmp_path: Path) -> None:
    one, two = (write_color(tmp_path / f"c{t}.png", color_image(t)) for t in (0, 1))
    found = open_frames(*pair, color=(one, two), lens=(60.0, 61.0, 31.0, 23.0))
    assert found.color is not None
    np.testing.assert_array_equal(found.color[1], color_image(1))
    assert found.camera == Camera(WIDTH, HEIGHT, 60.0, 61.0, 31.0, 23.0)


def test_open_frames_takes_a_gray_image_for_color(pair: tuple[Path, Path], tmp_path: Path) -> None:
    gray = color_image(0)[..., 0]
    cv2.imwrite(str(tmp_path / "gray.png"), gray)
    found = open_frames(*pair, color=(tmp_path / "gray.png", tmp_path / "gray.png"))
    assert found.color is not None
    np.testing.assert_array_equal(found.color[0], np.repeat(gray[..., None], 3, axis=2))


def test_open_frames_reads_arrays_of_meters_and_of_units(tmp_path: Path) -> None:
    depth = depth_image(0)
    np.save(tmp_path / "meters.npy", depth.astype(np.float64))
    np.savez(tmp_path / "meters.npz", other=depth[0], depth=depth)
    np.savez(tmp_path / "alone.npz", anything=depth)
    np.save(tmp_path / "units.npy", np.rint(5000 * depth).astype(np.int64))
    np.save(tmp_path / "float_units.npy", 5000 * depth)
    for name in ("meters.npy", "meters.npz", "alone.npz", "units.npy", "float_units.npy"):
        found = read_depth(tmp_path / name, 0.0002 if "units" in name else None)
        np.testing.assert_allclose(found, depth, atol=0.00011)
        assert found.dtype == np.float32


def test_open_frames_opens_a_recording(tmp_path: Path) -> None:
    assert len(open_frames(write_recording(tmp_path / "r"))) == 5


@pytest.mark.parametrize(
    "option",
    [
        {"fov_x_deg": 60.0},
        {"lens": (1.0, 1.0, 1.0, 1.0)},
        {"depth_scale": 0.001},
        {"any_depth": True},
        {"color": (Path("a"), Path("b"))},
    ],
    ids=lambda option: next(iter(option)),
)
def test_open_frames_refuses_image_options_with_a_recording(
    option: dict[str, object], tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=r"goes with two depth images; .* is a recording"):
        open_frames(write_recording(tmp_path / "r"), **option)  # type: ignore[arg-type]


def test_open_frames_refuses_units_with_the_scale_that_fits(tmp_path: Path) -> None:
    depth = 1.4 + 0.4 * depth_image(0)  # 5000ths read as millimeters: 12 m
    paths = [write_depth(tmp_path / f"{t}.png", depth, per_meter=5000) for t in (0, 1)]
    with pytest.raises(DataError, match=r"0\.png: with --depth-scale 0\.001 .* 5000ths .*0\.0002"):
        open_frames(*paths)
    assert np.median(open_frames(*paths, depth_scale=0.0002).depth[0]) == pytest.approx(2.4)
    assert np.median(open_frames(*paths, any_depth=True).depth[0]) == pytest.approx(12.0)


def test_open_frames_does_with_floats_what_the_refusal_advises(tmp_path: Path) -> None:
    depth = depth_image(0).astype(np.float32)
    np.save(tmp_path / "a.npy", 1000 * depth)
    paths = tmp_path / "a.npy", tmp_path / "a.npy"
    with pytest.raises(DataError, match=r"millimeters: divide by 1000 \(--depth-scale 0\.001\)"):
        open_frames(*paths)
    np.testing.assert_allclose(open_frames(*paths, depth_scale=0.001).depth[1], depth, rtol=1e-6)
    with pytest.raises(DataError, match=r"with --depth-scale 0\.01 its median .*0\.001\), or say"):
        open_frames(*paths, depth_scale=0.01)


def _missing(folder: Path) -> tuple[object, ...]:
    return folder / "none.png", folder / "none.png"


def _missing_array(folder: Path) -> tuple[object, ...]:
    return folder / "none.npy", folder / "none.npy"


def _eight_bit(folder: Path) -> tuple[object, ...]:
    path = write_color(folder / "a.png", color_image(0))
    return path, path


def _two_sizes(folder: Path) -> tuple[object, ...]:
    one, two = depth_image(0), depth_image(1)[:-2]
    return write_depth(folder / "a.png", one), write_depth(folder / "b.png", two)


def _no_reading(folder: Path) -> tuple[object, ...]:
    one = write_depth(folder / "a.png", depth_image(0))
    return one, write_depth(folder / "b.png", 0 * depth_image(0))


def _text(folder: Path) -> tuple[object, ...]:
    (folder / "a.png").write_text("no image")
    return folder / "a.png", folder / "a.png"


def _torn_array(folder: Path) -> tuple[object, ...]:
    np.savez(folder / "a.npz", depth=depth_image(0))
    (folder / "a.npz").write_bytes((folder / "a.npz").read_bytes()[:-60])
    return folder / "a.npz", folder / "a.npz"


def _many_arrays(folder: Path) -> tuple[object, ...]:
    np.savez(folder / "a.npz", z0=depth_image(0), z1=depth_image(1))
    return folder / "a.npz", folder / "a.npz"


def _color_array(folder: Path) -> tuple[object, ...]:
    np.save(folder / "a.npy", color_image(0))
    return folder / "a.npy", folder / "a.npy"


def _wide_units(folder: Path) -> tuple[object, ...]:
    np.save(folder / "a.npy", np.full((4, 5), 70000))
    return folder / "a.npy", folder / "a.npy"


def _not_a_number(folder: Path) -> tuple[object, ...]:
    np.save(folder / "a.npy", np.full((4, 5), np.nan))
    return folder / "a.npy", folder / "a.npy"


def _float_millimeters(folder: Path) -> tuple[object, ...]:
    np.save(folder / "a.npy", 1000 * depth_image(0))
    return folder / "a.npy", folder / "a.npy"


def _alone(folder: Path) -> tuple[object, ...]:
    return (write_depth(folder / "a.png", depth_image(0)),)


WRONG = [
    (_missing, r"none\.png: cannot be read"),
    (_missing_array, r"none\.npy: cannot be read"),
    (_eight_bit, r"a\.png: 8-bit PNG .* expected 16-bit gray depth"),
    (_two_sizes, r"b\.png: 64x46 pixels, .*a\.png has 64x48"),
    (_no_reading, r"b\.png: depth is 0 \(no reading\) everywhere"),
    (_text, r"a\.png: no PNG file"),
    (_torn_array, r"a\.npz: no array that can be read"),
    (_many_arrays, r"a\.npz: holds z0, z1, expected an array named depth"),
    (_color_array, r"a\.npy: uint8 array of shape \(48, 64, 3\), expected depth \(h, w\)"),
    (_wide_units, r"a\.npy: int64 values outside 0 to 65535"),
    (_not_a_number, r"a\.npy has NaN or infinite values; null depth is 0"),
    (_float_millimeters, r"a\.npy spans .* looks like millimeters: divide by 1000"),
    (_alone, r"a\.png is one image; flow needs the depth image after it too"),
]


@pytest.mark.parametrize(
    ("make", "message"), WRONG, ids=lambda value: getattr(value, "__name__", "")
)
def test_open_frames_names_file_and_remedy(
    make: Callable[..., list[Path]], message: str, tmp_path: Path
) -> None:
    with pytest.raises(SkelflowError, match=message):
        open_frames(*make(tmp_path))


def test_open_frames_says_what_to_do_with_color_of_another_size(
    pair: tuple[Path, Path], tmp_path: Path
) -> None:
    large = write_color(tmp_path / "large.png", np.zeros((96, 128, 3), np.uint8))
    with pytest.raises(FormatError, match=r"large\.png: 128x96 pixels, .* 64x48; .*register_color"):
        open_frames(*pair, color=(large, large))


def test_open_frames_refuses_two_cameras_and_a_scale_of_nothing(pair: tuple[Path, Path]) -> None:
    with pytest.raises(ConfigError, match="--fov and --camera exclude each other"):
        open_frames(*pair, fov_x_deg=60.0, lens=(60.0, 60.0, 31.0, 23.0))
    with pytest.raises(ConfigError, match="depth_scale must be positive, found 0"):
        open_frames(*pair, depth_scale=0.0)
