"""Depth in another unit is refused with the unit and the remedy; depth in meters passes."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skelflow.camera.depth_units import check_meters, check_scale
from skelflow.errors import DataError


def ramp(nearest: float, farthest: float, *, step: float = 0) -> np.ndarray:
    """A depth map between two values, one pixel in ten without a reading."""
    depth = np.linspace(nearest, farthest, 600).reshape(20, 30)
    if step:
        depth = step * np.rint(depth / step)
    depth[:2] = 0
    return depth


@given(st.floats(0.3, 20), st.floats(1.0, 5.0))
def test_check_meters_accepts_rooms_and_streets(nearest: float, spread: float) -> None:
    check_meters("depth", ramp(nearest, nearest * spread).astype(np.float32))


def test_check_meters_accepts_no_reading_at_all() -> None:
    check_meters("depth", np.zeros((4, 5), np.float32))


@pytest.mark.parametrize(
    ("depth", "message"),
    [
        (ramp(800, 4000), r"spans .* to 4000, .*millimeters: divide by 1000 \(--depth-scale 0.001"),
        (ramp(8000, 24000), r"5000ths of a meter \(TUM\): divide by 5000 \(--depth-scale 0.0002"),
        (ramp(4000, 9000, step=5), "5000ths"),  # as millimeters: 6.5 m, and all divide by 5
        (ramp(4000, 9000), "millimeters"),
        (ramp(1000, 4000, step=5), "millimeters"),
        (ramp(1e5, 4e5), "find out how many meters"),
        (ramp(1, 150), "set readings beyond 100 m to 0"),
        (ramp(0.0008, 0.004), "1000 once too often"),
        (ramp(-1, 3), "negative values, down to -0"),
        (np.full((2, 2), np.nan), "NaN or infinite"),
        (np.full((2, 2), np.inf), "NaN or infinite"),
    ],
)
def test_check_meters_names_unit_and_remedy(depth: np.ndarray, message: str) -> None:
    with pytest.raises(DataError, match=f"^depth1.*{message}"):
        check_meters("depth1", depth.astype(np.float32))


@pytest.mark.parametrize(
    ("stored", "scale"),
    [
        (ramp(800, 4000), 0.001),
        (ramp(800, 4000, step=10), 0.001),
        (ramp(4000, 8500), 0.001),
        (ramp(4000, 20000, step=5), 0.0002),
        (ramp(2000, 4000), 0.0002),  # a table top, or a room in millimeters: nothing tells
        (np.zeros((3, 4)), 0.001),
    ],
)
def test_check_scale_accepts_what_a_sensor_delivers(stored: np.ndarray, scale: float) -> None:
    check_scale("depth.png", stored.astype(np.uint16), scale)


@pytest.mark.parametrize(
    ("stored", "scale", "message"),
    [
        (ramp(8000, 24000), 0.001, "median depth is 16.* 5000ths"),
        (ramp(4000, 9000, step=5), 0.001, "every value is a multiple of 5; it looks like 5000ths"),
        (ramp(400, 900), 0.0002, r"0.135 m; it looks like millimeters.*--depth-scale 0.001"),
        (ramp(800, 4000), 1.0, r"2.\d+e\+03 m; it looks like millimeters"),
        (ramp(20, 60), 0.001, "how many meters a unit"),
        (ramp(20, 60), 1.0, "how many meters a unit"),
    ],
)
def test_check_scale_names_a_plausible_scale(
    stored: np.ndarray, scale: float, message: str
) -> None:
    with pytest.raises(DataError, match=rf"^a/depth\.png: .*{message}.*--any-depth") as caught:
        check_scale("a/depth.png", stored.astype(np.uint16), scale)
    offered = re.findall(r"\(--depth-scale ([\d.]+)\)", str(caught.value))
    for better in offered:
        check_scale("a/depth.png", stored.astype(np.uint16), float(better))


def test_check_scale_tells_finer_units_apart_by_their_steps() -> None:
    mm = ramp(1500, 3500).astype(np.uint16)
    stored = {"0.0001": mm * 10, "0.00025": mm * 4, "0.000125": (mm << 3) | 1}
    for scale, values in stored.items():
        with pytest.raises(
            DataError, match=rf"it looks like [^;]*\(--depth-scale {scale}\), or say"
        ):
            check_scale("depth.png", values, 0.001)


def test_check_scale_refuses_8_bits_stretched_to_16() -> None:
    stretched = np.arange(256, dtype=np.uint16).reshape(16, 16) * np.uint16(257)
    with pytest.raises(DataError, match="multiple of 257: these are 8 bits"):
        check_scale("depth.png", stretched // 8 * 8 // 257 * 257, 0.0002)
