"""Intel RealSense cameras of the D400 and L500 series, through their makers' library."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from skelflow.datasets.prepare.adapt import FASTER
from skelflow.errors import DataError
from skelflow.extras import require
from skelflow.inference.stream.frames import StreamFrame, StreamSource
from skelflow.types import Camera

_SIZE = 640, 480  # of depth and color, which each of these cameras gives
_RATES_HZ = 30, 15, 6
_WAIT_MS = 5000


def open_realsense(
    serial: str = "", *, most_hz: float | None = None, recorded: Path | None = None
) -> tuple[StreamSource, Iterator[StreamFrame]]:
    """Start a camera: depth, and color carried into the depth image's pixels.

    Parameters
    ----------
    serial : of the camera; "" = the first that is plugged in.
    most_hz : frames a second that are wanted at most; 30, 15 or 6 are given.
    recorded : a file of the camera's own recorder, which then stands for it.

    Raises
    ------
    DataError
        No camera is plugged in, it gives no frames, or pyrealsense2 lacks a library of the
        system.
    MissingExtraError
        pyrealsense2 is not installed.
    """
    require("pyrealsense2")
    try:
        import pyrealsense2 as rs
    except ImportError as error:
        raise DataError(
            f"realsense: pyrealsense2 cannot be loaded ({error}); install the library of the "
            "system that it names (libusb-1.0: `apt install libusb-1.0-0`)"
        ) from error

    pipeline, settings = rs.pipeline(), rs.config()
    if recorded is not None:
        settings.enable_device_from_file(str(recorded.absolute()), repeat_playback=False)
        device = settings.resolve(rs.pipeline_wrapper(pipeline)).get_device()
        device.as_playback().set_real_time(False)  # each frame waits for who asks
    else:
        rate = next((hz for hz in _RATES_HZ if most_hz is None or hz <= FASTER * most_hz), 6)
        if serial:
            settings.enable_device(serial)
        settings.enable_stream(rs.stream.depth, *_SIZE, rs.format.z16, rate)
        settings.enable_stream(rs.stream.color, *_SIZE, rs.format.rgb8, rate)
    try:
        profile = pipeline.start(settings)
    except RuntimeError as error:
        name = f"realsense:{serial}" if serial else "realsense"
        raise DataError(
            f"{name}: cannot be started ({error}); is the camera plugged in, at USB 3, and used by "
            "no other program?"
        ) from error
    depth = profile.get_stream(rs.stream.depth).as_video_stream_profile()
    source = StreamSource(_camera(depth), float(depth.fps()), name="realsense")
    unit_m = float(profile.get_device().first_depth_sensor().get_depth_scale())
    return source, _frames(rs, pipeline, unit_m, ends=recorded is not None)


def _camera(stream: Any) -> Camera:
    """Depth images of these cameras are rectified: their lens is none."""
    found = stream.get_intrinsics()
    return Camera(found.width, found.height, found.fx, found.fy, found.ppx, found.ppy)


def _frames(rs: Any, pipeline: Any, unit_m: float, *, ends: bool) -> Iterator[StreamFrame]:
    """Each depth image once, with the color image that came with it."""
    align, last = rs.align(rs.stream.depth), -1
    try:
        while True:
            came, both = pipeline.try_wait_for_frames(_WAIT_MS)
            if not came:
                if ends:
                    return
                raise DataError(
                    f"realsense: no frame for {_WAIT_MS // 1000} s; was the camera unplugged?"
                )
            taken_s = time.monotonic()
            both = align.process(both)
            depth, color = both.get_depth_frame(), both.get_color_frame()
            number = depth.get_frame_number()
            if number <= last:  # a color image came late, beside a depth image that is known
                continue
            last = number
            depth_m = np.asarray(depth.get_data(), np.float32) * np.float32(unit_m)
            image = np.array(color.get_data(), np.uint8) if color else None
            yield StreamFrame(number, depth_m, image, taken_s=taken_s)
    finally:
        pipeline.stop()
