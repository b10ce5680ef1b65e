"""Fitted cameras kept in a file: which devices there are, and which of them stood where."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from skelflow.errors import CalibrationError, ConfigError
from skelflow.io.atomic import atomic_write
from skelflow.types import Camera, Projection

_FORMAT = "skelflow cameras 1"


@dataclass(frozen=True)
class Rig:
    """A depth camera and where its points land in the color camera beside it, if that is known."""

    camera: Camera
    projection: Projection | None


@dataclass(frozen=True)
class Rigs:
    """Devices by name, and the device that stood at each place."""

    devices: Mapping[str, Rig]
    places: Mapping[str, str]

    def at(self, place: str) -> Rig | None:
        """The device of a place; None where it is unknown."""
        device = self.places.get(place)
        return None if device is None else self.devices[device]


def save_rigs(rigs: Rigs, path: Path) -> None:
    """Write devices and places as JSON; `DataError` where that cannot be."""
    content = {
        "format": _FORMAT,
        "devices": {name: _rig_content(rig) for name, rig in rigs.devices.items()},
        "places": dict(rigs.places),
    }
    with atomic_write(path) as aside:
        aside.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def load_rigs(path: Path) -> Rigs:
    """Read what `save_rigs` wrote.

    Raises
    ------
    CalibrationError
        The file cannot be read or is something else; says what and how to make a new one.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["format"] != _FORMAT:
            raise ValueError(f"its format is {content['format']!r}, expected {_FORMAT!r}")
        devices = {name: _rig(device) for name, device in content["devices"].items()}
        places = {str(place): str(device) for place, device in content["places"].items()}
        if missing := set(places.values()) - set(devices):
            raise ValueError(f"its places name devices it does not have: {sorted(missing)}")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, ConfigError) as error:
        raise CalibrationError(
            f"{path}: no file of fitted cameras ({type(error).__name__}: {error}); "
            "make it again with `skelflow calibrate`, or remove it"
        ) from error
    return Rigs(devices, places)


def _rig_content(rig: Rig) -> dict[str, Any]:
    color = rig.projection
    return {
        "camera": asdict(rig.camera),
        "color": color
        and {
            "width": color.width,
            "height": color.height,
            "matrix": color.matrix.tolist(),
            "bend": None if color.bend is None else color.bend.tolist(),
        },
    }


def _rig(content: dict[str, Any]) -> Rig:
    color = content["color"]
    return Rig(Camera(**content["camera"]), color and _projection(color))


def _projection(content: dict[str, Any]) -> Projection:
    bend = content["bend"]
    return Projection(
        content["width"],
        content["height"],
        np.array(content["matrix"], np.float32).reshape(2, 4),
        None if bend is None else np.array(bend, np.float32).reshape(2, 7),
    )
