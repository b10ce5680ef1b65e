"""Which physical device stood where: cameras fitted to what each place saw, and grouped."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from skelflow.camera.calibration.file import Rig, Rigs
from skelflow.camera.calibration.fit import (
    fit_color_affine,
    fit_color_projection,
    fit_depth_camera,
    project_color,
)
from skelflow.camera.pinhole import project
from skelflow.errors import CalibrationError

_MOST_POINTS = 20_000  # of one fit; more do not make it better
_SAME = 3.0  # a device explains a place when it misses by at most this times the place's own fit
_SURELY_SAME_PX = 0.05  # or by this
_PERHAPS_SAME_PX = 0.5  # or by this, where the place's own joints determine no camera


@dataclass(frozen=True)
class Sightings:
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

    def thin(self) -> "Sightings":
        """At most as many as a fit needs, drawn at random: a stride would prefer some joints."""
        if len(self) <= _MOST_POINTS:
            return self
        kept = np.random.default_rng(0).choice(len(self), _MOST_POINTS, replace=False)
        kept.sort()
        return Sightings(self.joints_m[kept], self.depth_px[kept], self.color_px[kept])


@dataclass(frozen=True)
class Misses:
    """How far joints land from their pixels; NaN where either is missing."""

    depth_px: Float64[np.ndarray, " n"]
    color_px: Float64[np.ndarray, " n"]


def join(sightings: Sequence[Sightings]) -> Sightings:
    """Several places' or files' sightings as one."""
    columns = (
        [getattr(s, name) for s in sightings] for name in ("joints_m", "depth_px", "color_px")
    )
    return Sightings(*(np.concatenate(column) for column in columns))


def fit_rig(
    sightings: Sightings, *, depth_size: tuple[int, int], color_size: tuple[int, int]
) -> Rig:
    """The depth camera and the color projection that explain some sightings.

    Parameters
    ----------
    sightings : at least 20 joints with depth pixels.
    depth_size, color_size : (width, height), pixels.

    Returns
    -------
    Rig : its projection is the affine map where joints at one depth leave parallax open, and None
        where not even that is determined.

    Raises
    ------
    CalibrationError
        The depth camera cannot be fitted.
    """
    some = sightings.thin()
    width, height = depth_size
    camera = fit_depth_camera(some.joints_m, some.depth_px, width=width, height=height)
    width, height = color_size
    for fit in (fit_color_projection, fit_color_affine):
        try:
            return Rig(camera, fit(some.joints_m, some.color_px, width=width, height=height))
        except CalibrationError:
            continue
    return Rig(camera, None)


def misses(rig: Rig, sightings: Sightings) -> Misses:
    """What a rig leaves unexplained."""
    depth = np.linalg.norm(project(sightings.joints_m, rig.camera) - sightings.depth_px, axis=-1)
    if rig.projection is None:
        return Misses(depth, np.full(len(sightings), np.nan))
    found = project_color(sightings.joints_m, rig.projection)
    return Misses(depth, np.linalg.norm(found - sightings.color_px, axis=-1))


def find_devices(
    places: Mapping[str, Sightings], *, depth_size: tuple[int, int], color_size: tuple[int, int]
) -> Rigs:
    """Group places by the device whose camera explains them, and fit each device to all of its.

    Places whose joints determine a camera come first, most joints first; a place joins the
    device that explains it best, or founds one. A place that no device explains and whose own
    joints determine no camera is left out.

    Parameters
    ----------
    places : what each saw.
    depth_size, color_size : (width, height), pixels.
    """
    own = {place: _try_rig(seen, depth_size, color_size) for place, seen in places.items()}
    order = sorted(places, key=lambda place: (own[place] is None, -len(places[place])))
    founders: list[Rig] = []
    members: list[list[str]] = []
    for place in order:
        rig = own[place]
        device = _explaining(founders, places[place], rig)
        if device is not None:
            members[device].append(place)
        elif rig is not None:
            founders.append(rig)
            members.append([place])
    ranked = sorted(members, key=lambda group: (-len(group), min(group)))
    return Rigs(
        {
            f"device {i}": fit_rig(
                join([places[place] for place in group]).thin(),
                depth_size=depth_size,
                color_size=color_size,
            )
            for i, group in enumerate(ranked, 1)
        },
        {place: f"device {i}" for i, group in enumerate(ranked, 1) for place in sorted(group)},
    )


def _try_rig(
    sightings: Sightings, depth_size: tuple[int, int], color_size: tuple[int, int]
) -> Rig | None:
    try:
        return fit_rig(sightings, depth_size=depth_size, color_size=color_size)
    except CalibrationError:
        return None


def _explaining(devices: Iterable[Rig], seen: Sightings, own: Rig | None) -> int | None:
    """The device that misses a place's joints least, when that is little enough."""
    found = [_depth_miss(rig, seen) for rig in devices]
    if not found:
        return None
    best = int(np.argmin(found))
    enough = _PERHAPS_SAME_PX
    if own is not None:
        enough = max(_SAME * _depth_miss(own, seen), _SURELY_SAME_PX)
    return best if found[best] <= enough else None


def _depth_miss(rig: Rig, seen: Sightings) -> float:
    """Median, pixels; infinite where no joint has both a position and a pixel."""
    miss = misses(rig, seen).depth_px
    miss = miss[np.isfinite(miss)]
    return float(np.median(miss)) if miss.size else np.inf
