"""Calibrations kept in a file: which devices there are, and which of them stood where."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from skelflow.errors import CalibrationError, ConfigError, DataError
from skelflow.io.atomic import atomic_write
from skelflow.io.documents import read_json
from skelflow.types import Camera, Projection

_FORMAT = "skelflow cameras 1"
_LARGEST = 1e9
_DAMAGED = (ArithmeticError, ValueError, LookupError, TypeError, AttributeError)


@dataclass(frozen=True)
class SensorCalibration:
    """A depth camera, and the projection into the color camera of the same device, if known."""

    camera: Camera
    projection: Projection | None


@dataclass(frozen=True)
class SensorCalibrations:
    """Calibrated devices by name, and which of them recorded each viewpoint.

    A viewpoint is where a device stood: in NTU RGB+D, a set-up and a camera.
    """

    devices: Mapping[str, SensorCalibration]
    viewpoints: Mapping[str, str]

    def at(self, viewpoint: str) -> SensorCalibration | None:
        """The device of a viewpoint; None where it is unknown."""
        device = self.viewpoints.get(viewpoint)
        return None if device is None else self.devices[device]


def save_calibrations(sensors: SensorCalibrations, path: Path) -> None:
    """Write devices and viewpoints as JSON; `DataError` where that cannot be."""
    content = {
        "format": _FORMAT,
        "devices": {name: _to_json(device) for name, device in sensors.devices.items()},
        "places": dict(sensors.viewpoints),
    }
    with atomic_write(path) as aside:
        aside.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def load_calibrations(path: Path) -> SensorCalibrations:
    """Read what `save_calibrations` wrote.

    Raises
    ------
    CalibrationError
        The file cannot be read or is something else; says what and how to make a new one.
    """
    try:
        content = read_json(path, refusal=DataError)
        if content["format"] != _FORMAT:
            raise ValueError(f"its format is {content['format']!r}, expected {_FORMAT!r}")
        devices = {name: _from_json(device) for name, device in content["devices"].items()}
        viewpoints = {str(name): str(device) for name, device in content["places"].items()}
        if missing := set(viewpoints.values()) - set(devices):
            raise ValueError(f"its viewpoints name devices it does not have: {sorted(missing)}")
    except (*_DAMAGED, ConfigError, DataError) as error:
        raise CalibrationError(
            f"{path}: no file of fitted cameras ({type(error).__name__}: {error}); "
            "make it again with `skelflow calibrate`, or remove it"
        ) from error
    return SensorCalibrations(devices, viewpoints)


def _to_json(calibration: SensorCalibration) -> dict[str, Any]:
    color = calibration.projection
    return {
        "camera": asdict(calibration.camera),
        "color": color
        and {
            "width": color.width,
            "height": color.height,
            "matrix": color.matrix.tolist(),
            "bend": None if color.bend is None else color.bend.tolist(),
        },
    }


def _from_json(content: dict[str, Any]) -> SensorCalibration:
    color = content["color"]
    return SensorCalibration(Camera(**content["camera"]), color and _projection(color))


def _projection(content: dict[str, Any]) -> Projection:
    bend = content["bend"]
    if not all((np.abs(part) <= _LARGEST).all() for part in (content["matrix"], bend or 0.0)):
        raise ValueError(f"its projection has numbers beyond {_LARGEST:g}")
    return Projection(
        content["width"],
        content["height"],
        np.array(content["matrix"], np.float32).reshape(2, 4),
        None if bend is None else np.array(bend, np.float32).reshape(2, 7),
    )
