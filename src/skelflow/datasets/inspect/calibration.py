"""Calibrate a data set's cameras by joints of some recordings of each set-up and camera."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float64

from skelflow.camera.calibration.file import SensorCalibration, SensorCalibrations
from skelflow.camera.calibration.sensors import (
    Correspondences,
    ReprojectionErrors,
    concatenate,
    find_devices,
    reprojection_errors,
)
from skelflow.errors import DataError, FormatError
from skelflow.recordings.ntu.cameras import (
    CAMERAS_FILE,
    COLOR_SIZE,
    DEPTH_SIZE,
    read_correspondences,
    viewpoint_of,
)
from skelflow.recordings.ntu.files import home_of, scan_all

FILES_A_VIEWPOINT = 12

_HEAD = "viewpoint  device     files   joints   depth px: median    99 %   color px: median    99 %"


@dataclass(frozen=True)
class Viewpoint:
    """What was seen at one set-up and camera, and the errors of its device's calibration.

    Parameters
    ----------
    files : skeletons that were read.
    seen : their joints and pixels.
    errors : see `skelflow.camera.calibration.sensors.reprojection_errors`; None where no device
        is known.
    """

    files: int
    seen: Correspondences
    errors: ReprojectionErrors | None


@dataclass(frozen=True)
class Calibration:
    """Devices, the viewpoints they stood at, and why files could not be read."""

    sensors: SensorCalibrations
    viewpoints: Mapping[str, Viewpoint]
    failed: Mapping[str, str]

    def to_text(self) -> str:
        """A table of viewpoints, and one of devices."""
        lines = [_HEAD]
        for name, found in sorted(self.viewpoints.items()):
            device = self.sensors.viewpoints.get(name, "none")
            counts = f"{found.files:5} {len(found.seen):8,}"
            lines.append(f"{name}   {device:10} {counts} {_row(found)}")
        lines.append("")
        lines += [f"{name}: {_describe(device)}" for name, device in self.sensors.devices.items()]
        if len(self.sensors.viewpoints) < len(self.viewpoints):
            lines.append("none: too few joints, or too close together, to tell; recordings from")
            lines.append("there keep to their own joints, or to a typical Kinect v2")
        lines += [f"not read: {name}: {reason}" for name, reason in self.failed.items()]
        return "\n".join(lines)


def calibrate(
    sources: Sequence[str | Path],
    *,
    files: int = FILES_A_VIEWPOINT,
    progress: Callable[[int, int, str], None] = lambda *_: None,
) -> Calibration:
    """Fit the devices behind a data set's set-ups and cameras to the joints' own pixels.

    Parameters
    ----------
    sources : folders with NTU RGB+D `.skeleton` files below them, or such files.
    files : how many recordings of each set-up and camera are read, evenly spread.
    progress : called after each with (read, total, name).

    Raises
    ------
    DataError
        No skeleton is there, none can be read, or no camera can be fitted to any.
    """
    chosen = _choose(_skeletons([Path(source) for source in sources]), files)
    if not chosen:
        raise DataError(
            f"no NTU RGB+D skeleton below {', '.join(map(str, sources))}; expected "
            "SsssCcccPpppRrrrAaaa.skeleton files: joints and their pixels are what cameras are "
            "fitted to"
        )
    seen: dict[str, list[Correspondences]] = {}
    failed: dict[str, str] = {}
    for done, path in enumerate(chosen, 1):
        try:
            joints = read_correspondences(path)
        except FormatError as error:
            failed[path.name] = str(error)
        else:
            seen.setdefault(viewpoint_of(path.name), []).append(joints)
        progress(done, len(chosen), path.name)
    joined = {viewpoint: concatenate(parts) for viewpoint, parts in seen.items()}
    sensors = find_devices(joined, depth_size=DEPTH_SIZE, color_size=COLOR_SIZE)
    if not sensors.devices:
        reason = next(iter(failed.values()), "too few joints, or too close together")
        raise DataError(f"no camera can be fitted to {len(chosen)} skeletons: {reason}")
    viewpoints = {
        name: Viewpoint(len(seen[name]), joints, _errors(sensors.at(name), joints))
        for name, joints in joined.items()
    }
    return Calibration(sensors, viewpoints, failed)


def cameras_path(source: Path) -> Path:
    """Where the readers look for the cameras of the data in a folder, or of a file's folder."""
    return home_of(source if source.is_dir() else source.parent) / CAMERAS_FILE


def _skeletons(sources: Sequence[Path]) -> list[Path]:
    """Given files, and those below given folders and their further disks; each recording once."""
    folders = [source for source in sources if not source.is_file()]
    found = [source for source in sources if source.is_file()]
    found += [Path(p.folder, p.entry) for p in scan_all(folders) if p.modality == "skeleton"]
    return list({path.name: path for path in found}.values())


def _choose(paths: Iterable[Path], files: int) -> list[Path]:
    """Evenly spread files of each viewpoint."""
    viewpoints: dict[str, list[Path]] = {}
    for path in paths:
        viewpoints.setdefault(viewpoint_of(path.name), []).append(path)
    groups = (sorted(group) for _, group in sorted(viewpoints.items()))
    return [path for group in groups for path in _evenly_spaced(group, files)]


def _evenly_spaced(paths: list[Path], count: int) -> list[Path]:
    if len(paths) <= count:
        return paths
    return [paths[int(i)] for i in np.linspace(0, len(paths) - 1, count).round()]


def _errors(
    calibration: SensorCalibration | None, seen: Correspondences
) -> ReprojectionErrors | None:
    return None if calibration is None else reprojection_errors(calibration, seen)


def _row(viewpoint: Viewpoint) -> str:
    if viewpoint.errors is None:
        return ""
    depth, color = map(_median_and_99th, (viewpoint.errors.depth_px, viewpoint.errors.color_px))
    return f"{'':8} {depth} {'':8} {color}"


def _median_and_99th(error_px: Float64[np.ndarray, " n"]) -> str:
    known = error_px[np.isfinite(error_px)]
    if not known.size:
        return f"{'-':>9} {'-':>9}"
    return f"{np.median(known):9.5f} {np.percentile(known, 99):9.5f}"


def _describe(calibration: SensorCalibration) -> str:
    camera, color = calibration.camera, calibration.projection
    text = f"depth f {camera.fx:.2f}"
    text += "" if camera.fx == camera.fy else f" and {camera.fy:.2f}"
    text += f", center ({camera.cx:.2f}, {camera.cy:.2f})"
    if any(camera.distortion):
        text += ", lens ({:.3f}, {:.3f}, {:.3f})".format(*camera.distortion)
    if color is None:
        return text + "; color unknown"
    if not color.matrix[:, 3].any():
        return text + "; color affine (no parallax)"
    (fx, _, cx, shift), (_, fy, cy, _) = color.matrix.astype(float)
    text += f"; color f {fx:.1f} and {fy:.1f}, center ({cx:.1f}, {cy:.1f}), parallax {shift:.2f}"
    return text + (" px m, tilt and lens" if color.bend is not None else " px m")
