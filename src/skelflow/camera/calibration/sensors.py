"""Calibrate the sensors of a data set: which device stood at which viewpoint."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from skelflow.camera.calibration.file import SensorCalibration, SensorCalibrations
from skelflow.camera.calibration.fit import (
    fit_color_affine,
    fit_color_projection,
    fit_depth_camera,
    project_color,
)
from skelflow.camera.pinhole import project
from skelflow.errors import CalibrationError

_MOST_POINTS = 20_000  # of one fit; more do not make it better
_SAME = 3.0  # a device explains a viewpoint when its error is at most this times the own fit's
_SURELY_SAME_PX = 0.05  # or by this
_PERHAPS_SAME_PX = 0.5  # or by this, where the viewpoint's own joints determine no camera


@dataclass(frozen=True)
class Correspondences:
    """Joints with the pixels they were seen at; NaN where missing.

    Parameters
    ----------
    joints_m : (n, 3), meters, x right, y down, z away.
    depth_px, color_px : (n, 2), pixels (x, y) of the depth and the color image.
    """

    joints_m: Float64[np.ndarray, "n 3"]
    depth_px: Float64[np.ndarray, "n 2"]
    color_px: Float64[np.ndarray, "n 2"]

    def __len__(self) -> int:
        return len(self.joints_m)

    def subsample(self) -> "Correspondences":
        """At most as many as a fit needs, drawn at random: a stride would prefer some joints."""
        if len(self) <= _MOST_POINTS:
            return self
        kept = np.random.default_rng(0).choice(len(self), _MOST_POINTS, replace=False)
        kept.sort()
        return Correspondences(self.joints_m[kept], self.depth_px[kept], self.color_px[kept])


@dataclass(frozen=True)
class ReprojectionErrors:
    """Distance of projected joints from their pixels, pixels; NaN where either is missing."""

    depth_px: Float64[np.ndarray, " n"]
    color_px: Float64[np.ndarray, " n"]


def concatenate(correspondences: Sequence[Correspondences]) -> Correspondences:
    """The correspondences of several viewpoints or files as one."""
    columns = (
        [getattr(s, name) for s in correspondences] for name in ("joints_m", "depth_px", "color_px")
    )
    return Correspondences(*(np.concatenate(column) for column in columns))


def fit_calibration(
    correspondences: Correspondences, *, depth_size: tuple[int, int], color_size: tuple[int, int]
) -> SensorCalibration:
    """Fit the depth camera and the color projection of one device.

    Parameters
    ----------
    correspondences : at least 20 joints with depth pixels.
    depth_size, color_size : (width, height), pixels.

    Returns
    -------
    SensorCalibration : its projection is the affine map where joints at one depth leave parallax
        open, and None where not even that is determined.

    Raises
    ------
    CalibrationError
        The depth camera cannot be fitted.
    """
    some = correspondences.subsample()
    width, height = depth_size
    camera = fit_depth_camera(some.joints_m, some.depth_px, width=width, height=height)
    width, height = color_size
    for fit in (fit_color_projection, fit_color_affine):
        try:
            projection = fit(some.joints_m, some.color_px, width=width, height=height)
        except CalibrationError:
            continue
        return SensorCalibration(camera, projection)
    return SensorCalibration(camera, None)


def reprojection_errors(
    calibration: SensorCalibration, correspondences: Correspondences
) -> ReprojectionErrors:
    """Distance of each joint's projection from the pixel it was seen at, in both images."""
    joints_m, size = correspondences.joints_m, len(correspondences)
    found_px = project(joints_m, calibration.camera)
    depth_px = np.linalg.norm(found_px - correspondences.depth_px, axis=-1)
    if calibration.projection is None:
        return ReprojectionErrors(depth_px, np.full(size, np.nan))
    found_px = project_color(joints_m, calibration.projection)
    return ReprojectionErrors(
        depth_px, np.linalg.norm(found_px - correspondences.color_px, axis=-1)
    )


def find_devices(
    viewpoints: Mapping[str, Correspondences],
    *,
    depth_size: tuple[int, int],
    color_size: tuple[int, int],
) -> SensorCalibrations:
    """Group viewpoints by the device whose camera explains them, and fit each device to all of its.

    Viewpoints whose joints determine a camera come first, most joints first; a viewpoint joins the
    device that explains it best, or founds one. A viewpoint that no device explains and whose own
    joints determine no camera is left out.

    Parameters
    ----------
    viewpoints : what each saw.
    depth_size, color_size : (width, height), pixels.
    """
    own = {name: _try_fit(seen, depth_size, color_size) for name, seen in viewpoints.items()}
    order = sorted(viewpoints, key=lambda name: (own[name] is None, -len(viewpoints[name])))
    devices: list[SensorCalibration] = []
    members: list[list[str]] = []
    for viewpoint in order:
        calibration = own[viewpoint]
        found = _explaining(devices, viewpoints[viewpoint], calibration)
        if found is not None:
            members[found].append(viewpoint)
        elif calibration is not None:
            devices.append(calibration)
            members.append([viewpoint])
    ranked = sorted(members, key=lambda group: (-len(group), min(group)))
    return SensorCalibrations(
        {
            f"device {i}": fit_calibration(
                concatenate([viewpoints[name] for name in group]).subsample(),
                depth_size=depth_size,
                color_size=color_size,
            )
            for i, group in enumerate(ranked, 1)
        },
        {name: f"device {i}" for i, group in enumerate(ranked, 1) for name in sorted(group)},
    )


def _try_fit(
    correspondences: Correspondences, depth_size: tuple[int, int], color_size: tuple[int, int]
) -> SensorCalibration | None:
    try:
        return fit_calibration(correspondences, depth_size=depth_size, color_size=color_size)
    except CalibrationError:
        return None


def _explaining(
    devices: Iterable[SensorCalibration], seen: Correspondences, own: SensorCalibration | None
) -> int | None:
    """The device with the least error at a viewpoint's joints, when that is small enough."""
    found = [_depth_error_px(calibration, seen) for calibration in devices]
    if not found:
        return None
    best = int(np.argmin(found))
    enough = _PERHAPS_SAME_PX
    if own is not None:
        enough = max(_SAME * _depth_error_px(own, seen), _SURELY_SAME_PX)
    return best if found[best] <= enough else None


def _depth_error_px(calibration: SensorCalibration, seen: Correspondences) -> float:
    """Median, pixels; infinite where no joint has both a position and a pixel."""
    error = reprojection_errors(calibration, seen).depth_px
    error = error[np.isfinite(error)]
    return float(np.median(error)) if error.size else np.inf
