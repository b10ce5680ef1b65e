"""The parts of a recording checked against each other: frame rate, camera, depth, joints."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float32, UInt16

from skelflow.camera.depth_units import SENSOR_M, check_scale
from skelflow.camera.pinhole import project
from skelflow.camera.plausible import check_camera
from skelflow.errors import ConfigError, DataError, FormatError
from skelflow.skeleton.actors import keep_actors
from skelflow.skeleton.plausible import check_joints
from skelflow.types import Camera, Depth, Joints3D, Recording, Skeleton
from skelflow.wording import counted

NEAR_M = 0.25  # a joint lies inside the body, its pixel's depth on the skin
ENOUGH = 0.5  # of the joints; right recordings have 0.86 to 1.00
_CLEAR = 0.8  # a share, or a rival's share, that leaves no doubt
_SLOWEST_HZ, _FASTEST_HZ = 0.1, 1000.0  # milliseconds taken for seconds give 0.03
_FRAMES, _FEWEST = 5, 20  # frames that are looked at, joints that say something


def _signs(x: int, y: int) -> Float32[np.ndarray, "3"]:
    return np.array([x, y, 1], np.float32)


# What joints may be in instead of the depth camera's frame: name, what to do, the change.
_RIVALS: tuple[tuple[str, Callable[[Joints3D], Joints3D]], ...] = (
    ("with y turned over (y is down here: negate y)", lambda j: j * _signs(1, -1)),
    ("mirrored (negate x, or mirror the images)", lambda j: j * _signs(-1, 1)),
    ("turned by 180 degrees (negate x and y)", lambda j: j * _signs(-1, -1)),
    ("divided by 1000 (meters, not millimeters)", lambda j: j / np.float32(1000)),
    ("divided by 100 (meters, not centimeters)", lambda j: j / np.float32(100)),
)


@dataclass(frozen=True)
class _Sample:
    """Some frames that have depth and joints."""

    depths: list[Depth]
    joints_m: Joints3D
    joints_px: Float32[np.ndarray, "t bodies joints 2"]
    tracked: Bool[np.ndarray, "t bodies joints"]


def checked(recording: Recording, *, published: bool = False) -> Recording:
    """The recording with its actors first and what was left out in `repairs`.

    Frame rate, camera and depth are checked by themselves, joints against depth in a few frames.
    Frames that cannot be decoded are passed over: whoever asks for them hears of it.

    Parameters
    ----------
    recording : as its reader read it.
    published : its files were published together: joints that do not lie on the depth are its
        tracker's fault, which is noted in `repairs` and not refused.

    Raises
    ------
    FormatError
        The frame rate or the camera is none, depth is not in meters, joints are where none can be,
        or do not lie on the depth.
    """
    _check_rate(recording)
    _check_joints(recording)
    recording = _with_actors(recording)
    times, depths = _sampled(recording)
    if not depths:
        return recording
    _check_camera(recording)
    _check_depth(recording, depths)
    found = _joints_off_depth(recording, times, depths)
    if found is None:
        return recording
    share, message = found
    known = published or recording.any_joints
    if known or (share >= ENOUGH and not message):
        said = f"only {share:.0%} of its joints lie on the depth"
        return replace(recording, repairs=(*recording.repairs, said), any_joints=known)
    raise FormatError(f"{recording.path}: {message}")


def check_units(
    name: str,
    stored: UInt16[np.ndarray, "*frames h w"],
    scale: float,
    *,
    setting: str = "a scale of",
    allow: str = "",
) -> None:
    """The unit checks of single depth images, for a reader's: `FormatError`; see `check_scale`."""
    try:
        check_scale(name, stored, scale, setting=setting, allow=allow)
    except DataError as error:
        raise FormatError(str(error)) from error


def share_on_depth(
    depths: list[Depth],
    joints_m: Joints3D,
    joints_px: Float32[np.ndarray, "t bodies joints 2"],
    counts: Bool[np.ndarray, "t bodies joints"],
) -> float:
    """Share of the joints whose pixel has a depth within 0.25 m of their own; NaN for too few.

    Parameters
    ----------
    depths : t images.
    joints_m, joints_px : of these frames; a joint outside the image lies on no depth.
    counts : the joints that are asked about.
    """
    hits, asked = 0, int(counts.sum())
    for depth, own_m, own_px, some in zip(depths, joints_m, joints_px, counts, strict=True):
        z, place = own_m[some][:, 2], np.nan_to_num(own_px[some], nan=-1.0)
        x, y = np.rint(np.clip(place, -1, 1e6)).astype(int).T
        seen = (x >= 0) & (y >= 0) & (x < depth.shape[1]) & (y < depth.shape[0])
        there = depth[y[seen], x[seen]]
        hits += int(((there > 0) & (np.abs(there - z[seen]) < NEAR_M)).sum())
    return hits / asked if asked >= _FEWEST else float("nan")


def _check_rate(recording: Recording) -> None:
    rate_hz = recording.frame_rate_hz
    if not _SLOWEST_HZ <= rate_hz <= _FASTEST_HZ:
        raise FormatError(
            f"{recording.path}: {rate_hz:g} frames a second, expected {_SLOWEST_HZ:g} to "
            f"{_FASTEST_HZ:g}: is its frame rate right, are its times in seconds?"
        )


def _check_joints(recording: Recording) -> None:
    if recording.skeleton is not None:
        joints_m = recording.skeleton.joints_m
        check_joints(recording.path, joints_m, refusal=FormatError, in_front=False)


def _check_camera(recording: Recording) -> None:
    try:
        check_camera(recording.camera)
    except ConfigError as error:
        raise FormatError(f"{recording.path}: {error}") from error


def _with_actors(recording: Recording) -> Recording:
    if recording.skeleton is None:
        return recording
    skeleton, lost = recording.skeleton, tuple[str, ...]()
    if recording.has_depth:  # else the origin may be a joint
        skeleton, lost = _without_origin(skeleton)
    skeleton, told = keep_actors(skeleton)
    repairs = (*recording.repairs, *lost, *told)
    return replace(recording, skeleton=skeleton, repairs=repairs)


def _without_origin(skeleton: Skeleton) -> tuple[Skeleton, tuple[str, ...]]:
    """Joints at (0, 0, 0), inside the camera, are missing: trackers write it for what they lost."""
    lost = (skeleton.joints_m == 0).all(axis=-1)
    if not lost.any():
        return skeleton, ()
    nan = np.float32(np.nan)
    mended = replace(
        skeleton,
        joints_m=np.where(lost[..., None], nan, skeleton.joints_m),
        joints_px=np.where(lost[..., None], nan, skeleton.joints_px),
        tracking=np.where(lost, np.uint8(0), skeleton.tracking),
    )
    joints = counted(int(lost.sum()), "joint is", "joints are")
    return mended, (f"{joints} at (0, 0, 0), the camera: taken for missing",)


def _sampled(recording: Recording) -> tuple[list[int], list[Depth]]:
    """A few frames spread over the recording, those that can be decoded."""
    found = list(_decodable(recording))
    return [t for t, _ in found], [depth for _, depth in found]


def _decodable(recording: Recording) -> Iterator[tuple[int, Depth]]:
    if not recording.has_depth:
        return
    spread = np.linspace(0, len(recording), 2 * _FRAMES + 1)[1::2].astype(int)
    for t in sorted(set(spread.tolist())):
        with suppress(Exception):  # of whatever kind a decoder raises
            if t < len(recording):
                yield t, recording.depth[t]


def _check_depth(recording: Recording, depths: list[Depth]) -> None:
    readings = [depth[::2, ::2][depth[::2, ::2] > 0] for depth in depths]
    together = np.concatenate(readings) if readings else np.zeros(0, np.float32)
    if not together.size or recording.any_depth:
        return
    middle, (nearest, farthest) = float(np.median(together)), SENSOR_M
    if not nearest <= middle <= farthest:
        raise FormatError(
            f"{recording.path}: depth is {middle:.3g} m in the median, expected {nearest:g} to "
            f"{farthest:g} m: is it in another unit?"
        )


def _joints_off_depth(
    recording: Recording, times: list[int], depths: list[Depth]
) -> tuple[float, str] | None:
    """Too small a share, and what to say about it; None where joints lie on the depth."""
    skeleton = recording.skeleton
    if skeleton is None or len(skeleton) <= max(times):
        return None
    sample = _Sample(
        depths,
        skeleton.joints_m[times],
        skeleton.joints_px[times],
        np.isfinite(skeleton.joints_m[times]).all(axis=-1) & (skeleton.tracking[times] > 1),
    )
    share = share_on_depth(depths, sample.joints_m, sample.joints_px, sample.tracked)
    if np.isnan(share) or share >= _CLEAR:
        return None
    rival = _best_rival(sample, recording.camera, share)
    if share >= ENOUGH and not rival:
        return share, ""
    return share, (
        f"only {share:.0%} of its joints lie on the depth, within {NEAR_M:g} m of it (in a right "
        f"recording about 90 %); {rival or _GENERAL}"
    )


_GENERAL = (
    "are they in meters, in the depth camera's frame (x right, y down, z away), at the same time "
    "as the depth, u_px and v_px in its pixels, and is [camera] the depth camera's?"
)


def _best_rival(sample: _Sample, camera: Camera, share: float) -> str:
    """What would put the joints onto the depth; "" where nothing known does."""
    shares = {"without u_px and v_px (they are another image's)": sample.joints_m}
    shares |= {name: change(sample.joints_m) for name, change in _RIVALS}
    found = {
        name: share_on_depth(sample.depths, joints_m, project(joints_m, camera), sample.tracked)
        for name, joints_m in shares.items()
    }
    best = max(found, key=found.__getitem__)
    if found[best] < max(_CLEAR, share + 0.1):
        return ""
    return f"{found[best]:.0%} would if they were {best}"
