"""The calibration that an Azure Kinect writes into its recordings, in the pixels of a mode."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float64

from skelflow.camera.lens import LensCamera
from skelflow.errors import ConfigError, FormatError
from skelflow.types import Camera

_LENS = "CALIBRATION_LensDistortionModelBrownConrady"


class Mode(NamedTuple):
    """Which part of the sensor a mode delivers: the image it is cut from, the corner, the size."""

    image: tuple[int, int]
    corner: tuple[int, int]
    size: tuple[int, int]


# k4a SDK, transformation/mode_specific_calibration.c
DEPTH_MODES = {
    "NFOV_2X2BINNED": Mode((512, 512), (96, 90), (320, 288)),
    "NFOV_UNBINNED": Mode((1024, 1024), (192, 180), (640, 576)),
    "WFOV_2X2BINNED": Mode((512, 512), (0, 0), (512, 512)),
    "WFOV_UNBINNED": Mode((1024, 1024), (0, 0), (1024, 1024)),
}
COLOR_MODES = {
    720: Mode((1280, 960), (0, 120), (1280, 720)),
    1080: Mode((1920, 1440), (0, 180), (1920, 1080)),
    1440: Mode((2560, 1920), (0, 240), (2560, 1440)),
    1536: Mode((2048, 1536), (0, 0), (2048, 1536)),
    2160: Mode((3840, 2880), (0, 360), (3840, 2160)),
    3072: Mode((4096, 3072), (0, 0), (4096, 3072)),
}


class Device(NamedTuple):
    """Both cameras, and where a depth-camera point lies for the color camera.

    Parameters
    ----------
    depth, color : with their lenses; color None = its size is none of the sensor's.
    rotation : (3, 3), translation_m : (3,); a point p becomes rotation @ p + translation_m.
    """

    depth: LensCamera
    color: LensCamera | None
    rotation: Float64[np.ndarray, "3 3"]
    translation_m: Float64[np.ndarray, "3"]


def read_device(
    path: Path, content: bytes, *, depth_mode: str, color_size: tuple[int, int] | None
) -> Device:
    """The cameras of a recording.

    Parameters
    ----------
    path : of the recording, for messages.
    content : of its calibration file; zero bytes may follow.
    depth_mode : as "NFOV_UNBINNED".
    color_size : (width, height); None = no color was recorded.

    Raises
    ------
    FormatError
        It is no such calibration, or the mode is not known.

    Notes
    -----
    Source: the Azure Kinect Sensor SDK. Intrinsics are shares of the sensor's image, in the order
    cx, cy, fx, fy, k1 ... k6, codx, cody, p2, p1.
    """
    if depth_mode not in DEPTH_MODES:
        raise FormatError(
            f"{path}: depth mode {depth_mode!r}, expected one of {', '.join(DEPTH_MODES)}"
        )
    try:
        cameras = json.loads(content.rstrip(b"\0"))["CalibrationInformation"]["Cameras"]
        found = {camera["Location"]: camera for camera in cameras}
        depth = _camera(found["CALIBRATION_CameraLocationD0"], DEPTH_MODES[depth_mode])
        color = found["CALIBRATION_CameraLocationPV0"]
        mode = COLOR_MODES.get(color_size[1]) if color_size else None
        placed = color["Rt"]
        return Device(
            depth=depth,
            color=_camera(color, mode) if mode and mode.size == color_size else None,
            rotation=np.array(placed["Rotation"], np.float64).reshape(3, 3),
            translation_m=np.array(placed["Translation"], np.float64).reshape(3),
        )
    except (KeyError, TypeError, ValueError, RecursionError, ConfigError) as error:
        raise FormatError(
            f"{path}: its calibration cannot be read ({type(error).__name__}: {error})"
        ) from error


def _camera(found: dict[str, Any], mode: Mode) -> LensCamera:
    """A camera in the pixels of a mode; the SDK's (0, 0) is a corner, ours a pixel's center."""
    lens = found["Intrinsics"]
    if lens["ModelType"] != _LENS:
        raise ValueError(f"lens model {lens['ModelType']}, expected {_LENS}")
    numbers = [float(number) for number in lens["ModelParameters"]]
    cx, cy, fx, fy, k1, k2, k3, k4, k5, k6, codx, cody, p2, p1 = numbers
    if codx or cody:
        raise ValueError("a lens with a center of its own, expected the principal point")
    (image_width, image_height), (left, top), (width, height) = mode
    pinhole = Camera(
        width=width,
        height=height,
        fx=fx * image_width,
        fy=fy * image_height,
        cx=cx * image_width - left - 0.5,
        cy=cy * image_height - top - 0.5,
    )
    return LensCamera(pinhole, (k1, k2, p1, p2, k3, k4, k5, k6))
