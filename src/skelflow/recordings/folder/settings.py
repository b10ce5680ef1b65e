"""`recording.toml`, read and checked; every error names what is expected."""

import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from skelflow.errors import ConfigError, FormatError
from skelflow.io.documents import read_toml
from skelflow.recordings.action_names import action_number
from skelflow.recordings.folder.joints import read_layout
from skelflow.settings import shown
from skelflow.skeleton.layouts import Layout
from skelflow.types import LARGEST_LABEL, Camera, Labels

_KEYS = {
    "recording": ("name", "frame_rate_hz", "depth_scale", "frames", "any_depth", "any_joints"),
    "camera": ("fx", "fy", "cx", "cy", "fov_x_deg", "mirrored", "width", "height"),
    "labels": ("action", "subject", "camera", "setup", "replication"),
    "skeleton": ("layout", "joints", "bones", "mirror", "root"),
}
_MOST = 1_000_000
_LARGEST = 10**9  # of any number
_PINHOLE = ("fx", "fy", "cx", "cy")


@dataclass(frozen=True)
class Settings:
    """What a `recording.toml` says."""

    file: Path
    name: str
    frame_rate_hz: float
    unit_m: float | None  # not needed where there is no depth
    any_depth: bool
    any_joints: bool
    intrinsics: dict[str, float]
    mirrored: bool
    labels: Labels
    layout: Layout | None
    size: tuple[int, int] | None = None  # width, height; of images that need not be there
    frames: int | None = None

    @property
    def depth_scale(self) -> float:
        """Meters for one unit of the depth images; `FormatError` where nothing says it."""
        if self.unit_m is None:
            raise FormatError(f"{self.file}: [recording] depth_scale is missing, expected a number")
        return self.unit_m

    def camera(self, size: tuple[int, int]) -> Camera:
        """The depth camera of images of that (height, width)."""
        height, width = size
        if self.size not in (None, (width, height)):
            raise FormatError(
                f"{self.file}: [camera] width and height are {self.size}, the images have "
                f"({width}, {height})"
            )
        try:
            if "fov_x_deg" in self.intrinsics:
                return Camera.from_fov(width, height, self.intrinsics["fov_x_deg"])
            fx, fy, cx, cy = (self.intrinsics[key] for key in _PINHOLE)
            return Camera(width, height, fx, fy, cx, cy)
        except ConfigError as error:
            raise FormatError(f"{self.file}: {error}") from error


def read_settings(file: Path) -> Settings:
    """Read and check a `recording.toml`.

    Raises
    ------
    FormatError
        It is no TOML, a key is unknown or missing, or a value is of the wrong kind.
    """
    content = read_toml(file)
    _check_keys(file, content)
    recording = content.get("recording", {})
    name = recording.get("name", file.parent.resolve().name)
    if not isinstance(name, str) or not name:
        raise FormatError(f"{file}: [recording] name is {shown(name)}, expected text")
    return Settings(
        file=file,
        name=name,
        frame_rate_hz=_positive(file, "recording", recording, "frame_rate_hz"),
        unit_m=_optional(file, recording, "depth_scale"),
        any_depth=_truth(file, "recording", recording, "any_depth"),
        any_joints=_truth(file, "recording", recording, "any_joints"),
        intrinsics=_intrinsics(file, content.get("camera", {})),
        mirrored=_truth(file, "camera", content.get("camera", {}), "mirrored"),
        labels=_labels(file, content.get("labels", {})),
        layout=read_layout(file, content.get("skeleton", {})),
        size=_size(file, content.get("camera", {})),
        frames=_whole(file, "recording", recording, "frames") if "frames" in recording else None,
    )


def _check_keys(file: Path, content: dict[str, Any]) -> None:
    _check_known(file, "table", content, tuple(_KEYS))
    for table, known in _KEYS.items():
        values = content.get(table, {})
        if not isinstance(values, dict):
            raise FormatError(f"{file}: {table} is {shown(values)}, expected a table [{table}]")
        _check_known(file, f"key in [{table}]", values, known)


def _check_known(file: Path, what: str, values: dict[str, Any], known: tuple[str, ...]) -> None:
    for key in values:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1, cutoff=0)[0]
            raise FormatError(
                f"{file}: unknown {what}: {key!r}; did you mean {near!r}? known: {', '.join(known)}"
            )


def _number(file: Path, table: str, values: dict[str, Any], key: str) -> float:
    if key not in values:
        raise FormatError(f"{file}: [{table}] {key} is missing, expected a number")
    value = values[key]
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not -_LARGEST <= value <= _LARGEST:
        raise FormatError(f"{file}: [{table}] {key} is {shown(value)}, expected a number")
    return float(value)


def _positive(file: Path, table: str, values: dict[str, Any], key: str) -> float:
    value = _number(file, table, values, key)
    if value <= 0:
        raise FormatError(f"{file}: [{table}] {key} is {value:g}, expected a number above 0")
    return value


def _optional(file: Path, values: dict[str, Any], key: str) -> float | None:
    return _positive(file, "recording", values, key) if key in values else None


def _whole(file: Path, table: str, values: dict[str, Any], key: str) -> int:
    value = _positive(file, table, values, key)
    if value != int(value) or value > _MOST:
        raise FormatError(f"{file}: [{table}] {key} is {value:g}, expected a whole number")
    return int(value)


def _size(file: Path, values: dict[str, Any]) -> tuple[int, int] | None:
    if "width" not in values and "height" not in values:
        return None
    width, height = (_whole(file, "camera", values, key) for key in ("width", "height"))
    return width, height


def _truth(file: Path, table: str, values: dict[str, Any], key: str) -> bool:
    value = values.get(key, False)
    if not isinstance(value, bool):
        raise FormatError(f"{file}: [{table}] {key} is {value!r}, expected true or false")
    return value


def _intrinsics(file: Path, values: dict[str, Any]) -> dict[str, float]:
    by_angle, by_focal = "fov_x_deg" in values, any(key in values for key in _PINHOLE)
    if by_angle == by_focal:
        raise FormatError(
            f"{file}: [camera] needs either fx, fy, cx, cy (pixels) or fov_x_deg, "
            f"found {', '.join(values) or 'neither'}"
        )
    keys = ("fov_x_deg",) if by_angle else _PINHOLE
    return {key: _number(file, "camera", values, key) for key in keys}


def _labels(file: Path, values: dict[str, Any]) -> Labels:
    if isinstance(values.get("action"), str):
        values = {**values, "action": action_number(values["action"], file)}
    for key, value in values.items():
        number = isinstance(value, int) and not isinstance(value, bool)
        if not number or not 0 <= value <= LARGEST_LABEL:
            raise FormatError(
                f"{file}: [labels] {key} is {shown(value)}, expected a whole number from 0 to "
                f"{LARGEST_LABEL:,}; leave it out where it is unknown"
            )
    return Labels(**values)
