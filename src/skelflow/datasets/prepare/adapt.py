"""A recording of another camera or frame rate, brought to what a store or network knows."""

from dataclasses import replace
from typing import TypeVar

import numpy as np

from skelflow.datasets.settings import FlowSettings
from skelflow.errors import DataError
from skelflow.types import Camera, Frames, Recording, Skeleton
from skelflow.wording import counted

_SAME_FOCAL = 0.1  # focal lengths that differ by less see as much
SLOWER, FASTER = 0.8, 1.25  # frame rates between these, in parts of the one known, are alike

_Image = TypeVar("_Image")


def at_rate(recording: Recording, frame_rate_hz: float | None) -> Recording:
    """The recording with as many frames a second as asked for, where it has more.

    Frames are left out, the nearest in time are kept; none are made up: a slower recording stays
    as it is. Either is noted in `repairs`.

    Parameters
    ----------
    recording : of any frame rate.
    frame_rate_hz : None = any will do.
    """
    if frame_rate_hz is None:
        return recording
    ratio = recording.frame_rate_hz / frame_rate_hz
    rates = f"{recording.frame_rate_hz:g} Hz instead of {frame_rate_hz:g}"
    if SLOWER <= ratio <= FASTER:
        return recording
    if ratio < SLOWER:
        said = f"{rates}: motion looks {1 / ratio:.2g} times as large a frame"
        return replace(recording, repairs=(*recording.repairs, said))
    times = np.rint(np.arange(0, len(recording) - 0.5, ratio)).astype(int).tolist()
    said = f"{rates}: {len(times)} of {counted(len(recording), 'frame')} kept"
    infrared, color, skeleton = recording.infrared, recording.color, recording.skeleton
    return replace(
        recording,
        frame_rate_hz=frame_rate_hz,
        depth=_at(recording.depth, times),
        color=None if color is None else _at(color, times),
        infrared=None if infrared is None else _at(infrared, times),
        skeleton=None if skeleton is None else _skeleton_at(skeleton, times),
        repairs=(*recording.repairs, said),
    )


def for_camera(
    settings: FlowSettings, focal_px: float | None, recording: Recording
) -> FlowSettings:
    """The settings whose crop spans the same angle in a recording's camera as in the one known.

    Parameters
    ----------
    settings : the crop is in pixels of a camera of that focal length.
    focal_px : None = not known, nothing changes; nor does it for a window around the person, nor
        where focal lengths are alike to 10 %.
    recording : of whatever camera.

    Raises
    ------
    DataError
        The camera does not see as much.
    """
    factor = 1.0 if focal_px is None else recording.camera.fx / focal_px
    if settings.window == "person" or abs(factor - 1) < _SAME_FOCAL:
        return settings
    crop = round(settings.crop[0] * factor), round(settings.crop[1] * factor)
    grows = settings.size[0] > crop[0] or settings.size[1] > crop[1]
    region = "crop" if settings.region == "clip" and grows else settings.region
    adapted = settings.replace(crop=crop, region=region)
    if adapted.exceeds(recording.camera):
        raise DataError(
            f"{recording.path}: its camera sees less than what is read: {crop[0]}x{crop[1]} pixels "
            f"at this focal length, {_size(recording.camera)} are there"
        )
    return adapted


def _size(camera: Camera) -> str:
    return f"{camera.width}x{camera.height}"


def _at(frames: Frames[_Image], times: list[int]) -> Frames[_Image]:
    return replace(frames, count=len(times), decode=lambda t: frames[times[t]])


def _skeleton_at(skeleton: Skeleton, times: list[int]) -> Skeleton:
    kept = [t for t in times if t < len(skeleton)]
    return replace(
        skeleton,
        joints_m=skeleton.joints_m[kept],
        joints_px=skeleton.joints_px[kept],
        tracking=skeleton.tracking[kept],
    )
