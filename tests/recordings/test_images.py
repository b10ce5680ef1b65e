"""Pixels are taken as stored, or refused: no rotation, no lost levels, no hidden color."""

import struct
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from skelflow.errors import FormatError
from skelflow.recordings.streams.images import color_shift, read_color, read_depth_png


def exif(orientation: int) -> bytes:
    entry = struct.pack(">HHHIHHI", 1, 0x0112, 3, 1, orientation, 0, 0)
    content = b"Exif\0\0MM\0\x2a\0\0\0\x08" + entry
    return b"\xff\xe1" + struct.pack(">H", len(content) + 2) + content


@pytest.mark.parametrize("orientation", [2, 3, 6])
def test_read_color_does_not_turn_an_image_that_depth_goes_with(
    tmp_path: Path, orientation: int
) -> None:
    image = np.zeros((24, 32, 3), np.uint8)
    image[:8, :8, 0] = 255  # OpenCV's blue
    jpeg = cv2.imencode(".jpg", image)[1].tobytes()
    file = tmp_path / "0.jpg"
    file.write_bytes(jpeg[:2] + exif(orientation) + jpeg[2:])
    color = read_color(file)
    assert color.shape == (24, 32, 3)
    assert color[3, 3, 2] > 200
    assert color[20, 28].max() < 50


@pytest.mark.parametrize(("bits", "factor"), [(16, 257), (12, 16), (10, 4)])
def test_read_color_keeps_256_levels_of_cameras_with_more_bits(
    tmp_path: Path, bits: int, factor: int
) -> None:
    file = tmp_path / "0.png"
    levels = np.arange(256, dtype=np.uint16).reshape(16, 16)
    cv2.imwrite(str(file), levels * factor)
    shift = color_shift([file])
    assert shift == bits - 8
    np.testing.assert_array_equal(read_color(file, shift=shift)[..., 1], levels)
    with pytest.raises(FormatError, match="uint16 samples, expected 8 bits"):
        read_color(file)


def test_read_color_refuses_transparent_pixels_and_takes_opaque_ones(tmp_path: Path) -> None:
    file = tmp_path / "0.png"
    image = np.full((4, 5, 4), 255, np.uint8)
    image[..., :3] = (10, 20, 30)
    cv2.imwrite(str(file), image)
    np.testing.assert_array_equal(read_color(file)[0, 0], [30, 20, 10])
    image[2, 2, 3] = 0
    cv2.imwrite(str(file), image)
    with pytest.raises(FormatError, match="transparent pixels"):
        read_color(file)


def test_read_color_takes_the_colors_of_a_palette_not_its_numbers(tmp_path: Path) -> None:
    image = Image.new("P", (5, 4), 1)
    image.putpalette([0, 0, 0, 200, 100, 50])
    image.save(tmp_path / "0.png")
    np.testing.assert_array_equal(read_color(tmp_path / "0.png")[2, 3], [200, 100, 50])
    with pytest.raises(FormatError, match="expected 16-bit"):
        read_depth_png(tmp_path / "0.png")


@pytest.mark.parametrize("code", [65535, 8191, 2047])
def test_read_depth_png_takes_sensor_codes_for_no_reading(tmp_path: Path, code: int) -> None:
    file = tmp_path / "0.png"
    depth_mm = np.linspace(800, 1800, 400).astype(np.uint16).reshape(20, 20)
    depth_mm[:3] = code
    cv2.imwrite(str(file), depth_mm)
    read = read_depth_png(file)
    assert not read[:3].any()
    np.testing.assert_array_equal(read[3:], depth_mm[3:])


def test_read_depth_png_keeps_a_surface_that_reaches_such_a_number(tmp_path: Path) -> None:
    file = tmp_path / "0.png"
    depth_mm = np.linspace(1000, 2047, 400).astype(np.uint16).reshape(20, 20)
    depth_mm[-1] = 2047
    cv2.imwrite(str(file), depth_mm)
    np.testing.assert_array_equal(read_depth_png(file), depth_mm)
