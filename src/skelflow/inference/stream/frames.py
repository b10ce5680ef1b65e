"""Frames as a camera gives them, one by one, or as a recording stands for one."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, UInt8

from skelflow.datasets.prepare.adapt import FASTER
from skelflow.errors import DataError
from skelflow.pose import describe_estimate
from skelflow.types import Camera, Color, Depth, Intensity, Projection, Recording

BodyJoints = Float32[np.ndarray, "bodies joints axes"]


class StreamFrame(NamedTuple):
    """One frame as a camera gives it.

    Parameters
    ----------
    t : its number; a gap between two frames means that those between were dropped.
    depth, color, infrared : as in `Recording`; depth is 0 for a source without, the others None.
    joints_m, joints_px, tracking : of this frame, as in `Skeleton`; None without bodies.
    taken_s : `time.monotonic()` when the camera gave it; None where latency does not matter.
    """

    t: int
    depth: Depth
    color: Color | None = None
    infrared: Intensity | None = None
    joints_m: BodyJoints | None = None
    joints_px: BodyJoints | None = None
    tracking: UInt8[np.ndarray, "bodies joints"] | None = None
    taken_s: float | None = None


@dataclass(frozen=True)
class StreamSource:
    """What the frames of a stream have in common, as in `Recording`.

    Parameters
    ----------
    camera, frame_rate_hz, color_projection, name : as in `Recording`.
    layout : of the joints that frames come with; None = without.
    has_depth : whether frames have depth, or joints alone.
    notes : what to know of an answer to them, a sentence each.
    estimate : that their joints are estimated, in a sentence; "" where they are not.
    mirrored : as in `Recording`: estimated joints change sides then.
    """

    camera: Camera
    frame_rate_hz: float
    color_projection: Projection | None = None
    layout: str | None = None
    name: str = "stream"
    has_depth: bool = True
    notes: tuple[str, ...] = ()
    estimate: str = ""
    mirrored: bool = False

    @classmethod
    def of(cls, recording: Recording) -> "StreamSource":
        """That of a recording; its layout is None where nobody is tracked in any frame."""
        skeleton = recording.skeleton
        seen = skeleton is not None and np.isfinite(skeleton.joints_m).any()
        layout = skeleton.layout if skeleton is not None and seen else None
        return cls(
            recording.camera,
            recording.frame_rate_hz,
            recording.color_projection,
            layout,
            recording.name,
            recording.has_depth,
            notes=recording.repairs,
            estimate=describe_estimate(skeleton),
            mirrored=recording.mirrored,
        )


def frames_of(recording: Recording) -> Iterator[StreamFrame]:
    """All frames of a recording, as fast as they are asked for."""
    return (_frame(recording, t) for t in range(len(recording)))


def replay(
    recording: Recording,
    *,
    most_behind: int = 6,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[StreamFrame]:
    """The frames of a recording at its own rate, as from a camera.

    Parameters
    ----------
    recording : stands for the camera.
    most_behind : frames that wait for who asks; when more came meanwhile, all but the newest are
        dropped.
    clock, sleep : seconds.
    """
    start, rate, t = clock(), recording.frame_rate_hz, 0
    while t < len(recording):
        due_s = start + t / rate
        if (early_s := due_s - clock()) > 0:
            sleep(early_s)
        newest = min(int((clock() - start) * rate), len(recording) - 1)
        if newest - t > most_behind:
            t = newest
        yield _frame(recording, t)._replace(taken_s=start + t / rate)
        t += 1


def check_rate(source: StreamSource, known_hz: float | None) -> None:
    """Refuse, with `DataError`, frames that come faster than those a network was trained on."""
    if known_hz is not None and source.frame_rate_hz > FASTER * known_hz:
        raise DataError(
            f"{source.name}: {source.frame_rate_hz:g} frames a second, the network knows "
            f"{known_hz:g}; leave some out (skelflow.datasets.prepare.adapt.at_rate)"
        )


def _frame(recording: Recording, t: int) -> StreamFrame:
    skeleton, camera = recording.skeleton, recording.camera
    has_depth = recording.has_depth
    return StreamFrame(
        t,
        recording.depth[t] if has_depth else np.zeros((camera.height, camera.width), np.float32),
        None if recording.color is None else recording.color[t],
        None if recording.infrared is None else recording.infrared[t],
        None if skeleton is None else skeleton.joints_m[t],
        None if skeleton is None else skeleton.joints_px[t],
        None if skeleton is None else skeleton.tracking[t],
    )
