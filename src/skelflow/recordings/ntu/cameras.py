"""Cameras of an NTU RGB+D recording: from a calibration file, or fitted to its joints."""

from functools import lru_cache
from pathlib import Path

import numpy as np
from jaxtyping import Float64

from skelflow.camera.calibration.file import (
    SensorCalibration,
    SensorCalibrations,
    load_calibrations,
)
from skelflow.camera.calibration.sensors import Correspondences, fit_calibration
from skelflow.errors import CalibrationError
from skelflow.io.files import is_file
from skelflow.recordings.ntu.files import homes
from skelflow.recordings.ntu.skeleton import clean, read_tracks
from skelflow.types import Camera, Projection

DEPTH_SIZE = (512, 424)  # width, height
COLOR_SIZE = (1920, 1080)
CAMERAS_FILE = "skelflow-cameras.json"  # above the layout folders, by `skelflow calibrate`

# No calibration is published. These stand in where no skeleton determines one: what a Kinect v2
# holds from the factory, and the middle of the fits to five files of the two devices they reveal.
DEPTH_CAMERA = Camera(*DEPTH_SIZE, 365.48, 365.48, 257.35, 210.35)
COLOR_PROJECTION = Projection(
    *COLOR_SIZE, np.array([[1058.5, 0, 957.5, 56.0], [0, 1058.0, 553.0, 0]], dtype=np.float32)
)


def viewpoint_of(name: str) -> str:
    """Set-up and camera of a recording: where a device stood.

    Examples
    --------
    >>> viewpoint_of("S001C002P003R001A058")
    'S001C002'
    """
    return name[:8]


def correspondences(values: Float64[np.ndarray, "*frames 25 12"]) -> Correspondences:
    """Joints and pixels of a skeleton file's numbers, see `clean`."""
    flat = values.reshape(-1, values.shape[-1])
    return Correspondences(flat[:, :3], flat[:, 3:5], flat[:, 5:7])


def read_correspondences(path: Path) -> Correspondences:
    """Every joint of every body of a `.skeleton` file; `FormatError` when it is damaged."""
    return correspondences(clean(read_tracks(path).values))


def find_calibration(
    path: Path, name: str, values: Float64[np.ndarray, "t 2 25 12"] | None
) -> SensorCalibration:
    """The cameras of a recording, whatever is known of them.

    A `skelflow-cameras.json` above the data goes first, then the recording's own joints, then
    typical values of a Kinect v2.

    Raises
    ------
    CalibrationError
        The file is damaged, or its camera is another one's.
    """
    files = (home / CAMERAS_FILE for home in homes(path))
    file = next((file for file in files if is_file(file)), None)
    known = None if file is None else _load(file, file.stat().st_mtime_ns)
    calibration = None if known is None else known.at(viewpoint_of(name))
    _check_size(file, calibration)
    if calibration is None and values is not None:
        try:
            calibration = fit_calibration(
                correspondences(values), depth_size=DEPTH_SIZE, color_size=COLOR_SIZE
            )
        except CalibrationError:
            calibration = None
    if calibration is None:
        return SensorCalibration(DEPTH_CAMERA, COLOR_PROJECTION)
    return SensorCalibration(calibration.camera, calibration.projection or COLOR_PROJECTION)


def _check_size(file: Path | None, calibration: SensorCalibration | None) -> None:
    """Refuse a camera of other images."""
    if calibration is None:
        return
    found = (calibration.camera.width, calibration.camera.height)
    if found != DEPTH_SIZE:
        raise CalibrationError(
            f"{file}: its depth camera has {found[0]}x{found[1]} pixels, expected "
            f"{DEPTH_SIZE[0]}x{DEPTH_SIZE[1]}; make it again with `skelflow calibrate`"
        )


@lru_cache(maxsize=8)
def _load(file: Path, changed_ns: int) -> SensorCalibrations:  # noqa: ARG001, a changed file is read again
    return load_calibrations(file)
