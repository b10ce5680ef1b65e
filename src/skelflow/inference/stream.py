"""Frames as they come: flow pair by pair, a window that slides, memory that does not grow."""

import json
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float32, UInt8

from skelflow.datasets.loading.clips import STILL
from skelflow.datasets.prepare.config import PrepareConfig
from skelflow.datasets.prepare.preprocess import prepare_sequence
from skelflow.datasets.store.schema import PreparedSequence, StoreMeta
from skelflow.errors import DataError
from skelflow.inference.result import Prediction
from skelflow.types import Camera, Color, Depth, Frames, Intensity, Projection, Recording, Skeleton

OnFlow = Callable[[UInt8[np.ndarray, "h w 3"]], None]
BodyJoints = Float32[np.ndarray, "bodies joints axes"]


class StreamFrame(NamedTuple):
    """One frame as a camera gives it.

    Parameters
    ----------
    t : its number; a gap between two frames means that those between were dropped.
    depth, color, infrared : as in `Recording`; None for a camera without.
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
    """What the frames of a stream have in common, as in `Recording`."""

    camera: Camera
    frame_rate_hz: float
    color_projection: Projection | None = None
    layout: str | None = None
    name: str = "stream"

    @classmethod
    def of(cls, recording: Recording) -> "StreamSource":
        """That of a recording."""
        layout = None if recording.skeleton is None else recording.skeleton.layout
        return cls(
            recording.camera,
            recording.frame_rate_hz,
            recording.color_projection,
            layout,
            recording.name,
        )


@dataclass(frozen=True)
class StreamAnswer:
    """What a network says about the frames of the window so far.

    Parameters
    ----------
    start_s, end_s : of the window, since the first frame.
    predictions : most probable first.
    frames, dropped : that came, and that did not, since the first.
    latency_s : from the newest frame to this answer; None when frames do not say when they came.
    """

    start_s: float
    end_s: float
    predictions: tuple[Prediction, ...]
    frames: int
    dropped: int
    latency_s: float | None = None

    def to_json(self) -> str:
        """The answer as one line of JSON."""
        return json.dumps(asdict(self))

    def to_text(self) -> str:
        """The answer in a line."""
        named = ", ".join(f"{each.name} {each.probability:.0%}" for each in self.predictions[:3])
        late = "" if self.latency_s is None else f"   {1000 * self.latency_s:.0f} ms late"
        lost = f"   {self.dropped} frames dropped" if self.dropped else ""
        return f"{self.start_s:6.2f} to {self.end_s:.2f} s   {named}{late}{lost}"


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
    if known_hz is not None and source.frame_rate_hz > 1.25 * known_hz:
        raise DataError(
            f"{source.name}: {source.frame_rate_hz:g} frames a second, the network knows "
            f"{known_hz:g}; leave some out (skelflow.datasets.prepare.adapt.at_rate)"
        )


def answer_frames(
    frames: Iterable[StreamFrame],
    window: "SlidingWindow",
    every_s: float,
    name: Callable[[PreparedSequence], tuple[Prediction, ...]],
) -> Iterator[StreamAnswer]:
    """An answer each time so many seconds of frames came, and one at the last frame.

    `name` is called in a thread of its own, so that frames go on being taken meanwhile; a window
    that is due before the last answer is there waits for it, so none is left out.
    """
    asked, answered, newest = every_s, 0, None
    running: Future[StreamAnswer] | None = None
    with ThreadPoolExecutor(1) as pool:
        for newest in frames:
            window.add(newest)
            due = window.is_readable and window.span_s[1] >= asked
            if running is not None and (due or running.done()):
                yield running.result()
                running = None
            if due:
                asked, answered = window.span_s[1] + every_s, window.frames
                running = pool.submit(_answer, window.read(), newest.taken_s, name)
        if running is not None:
            yield running.result()
        if newest is not None and window.is_readable and answered != window.frames:
            yield _answer(window.read(), newest.taken_s, name)


class WindowRead(NamedTuple):
    """What a window holds at one moment; fields as in `StreamAnswer`."""

    sequence: PreparedSequence
    span_s: tuple[float, float]
    frames: int
    dropped: int


def _answer(
    read: WindowRead,
    taken_s: float | None,
    name: Callable[[PreparedSequence], tuple[Prediction, ...]],
) -> StreamAnswer:
    predictions = name(read.sequence)
    late_s = None if taken_s is None else time.monotonic() - taken_s
    return StreamAnswer(*read.span_s, predictions, read.frames, read.dropped, late_s)


class SlidingWindow:
    """The last frames of a stream, prepared as `prepare_sequence` prepares a recording.

    Parameters
    ----------
    source : of the frames.
    meta : how the network's recordings were prepared.
    most_frames : the window's length; older frames are forgotten, a stride at a time.
    reads_clips : whether flow is needed.
    focal_px : of the cameras that the network knows, see `prepare_sequence`.
    on_flow : called with the colored flow of each pair.

    Raises
    ------
    DataError
        The network's flow was colored by a range measured on each whole recording, or cut out of a
        window found in it.
    """

    def __init__(
        self,
        source: StreamSource,
        meta: StoreMeta,
        most_frames: int,
        *,
        reads_clips: bool,
        focal_px: float | None = None,
        on_flow: OnFlow = lambda _: None,
    ) -> None:
        if reads_clips and meta.flow.range_m is None:
            raise DataError(
                f"{source.name}: this network's flow was colored by a range measured on each "
                "recording as a whole; a stream needs one that was trained with a fixed range"
            )
        if reads_clips and meta.flow.window != "center":
            raise DataError(
                f"{source.name}: this network's window is found in the recording as a whole; a "
                "stream needs one that was trained with window center"
            )
        self.dropped, self.frames = 0, 0
        self._source, self._meta, self._reads_clips = source, meta, reads_clips
        self._focal_px, self._on_flow = focal_px, on_flow
        self._most = max(most_frames, meta.flow.stride + 1)
        self._joints: deque[BodyJoints] = deque()
        self._pairs: deque[tuple[UInt8[np.ndarray, "h w 3"], BodyJoints]] = deque()
        self._last: StreamFrame | None = None
        self._next, self._first, self._begin = 0, 0, 0

    @property
    def span_s(self) -> tuple[float, float]:
        """Start and end, since the first frame."""
        rate = self._source.frame_rate_hz
        return self._begin / rate, self._next / rate

    @property
    def is_readable(self) -> bool:
        """Whether there are enough frames."""
        return bool(self._pairs) if self._reads_clips else len(self._joints) > 1

    def add(self, frame: StreamFrame) -> None:
        """Take the next frame; those that are missing before it repeat what was known."""
        if not self.frames:
            self._first = frame.t
        gap = frame.t - self._first - self._next
        if gap < 0:
            raise DataError(f"{self._source.name}: frame {frame.t} came after a later one")
        for _ in range(gap):
            self._advance(None)
        self.dropped += gap
        self.frames += 1
        self._advance(frame)

    def read(self) -> WindowRead:
        """What it holds now, which later frames do not change."""
        return WindowRead(self.sequence(), self.span_s, self.frames, self.dropped)

    def sequence(self) -> PreparedSequence:
        """What the network reads."""
        meta, joints_m = self._meta, np.stack(self._joints)
        flow = np.zeros((0, *meta.flow.size[::-1], 3), np.uint8)
        joints_px = np.zeros((0, *joints_m.shape[1:3], 2), np.float32)
        if self._pairs:
            flow = np.stack([flow for flow, _ in self._pairs])
            joints_px = np.stack([joints for _, joints in self._pairs])
        return PreparedSequence(
            name=self._source.name,
            flow=flow,
            joints_px=joints_px,
            joints_m=joints_m,
            range_m=meta.flow.range_m or 1.0,
            layout=meta.layout,
        )

    def _advance(self, frame: StreamFrame | None) -> None:
        self._joints.append(self._joints_of(frame))
        if self._reads_clips and self._next and (self._next - 1) % self._meta.flow.stride == 0:
            self._pairs.append(self._pair(self._last, frame))
            self._on_flow(self._pairs[-1][0])
        self._last, self._next = frame, self._next + 1
        while len(self._joints) > self._most:
            for _ in range(self._meta.flow.stride):
                self._joints.popleft()
            if self._pairs:
                self._pairs.popleft()
            self._begin += self._meta.flow.stride

    def _joints_of(self, frame: StreamFrame | None) -> BodyJoints:
        if self._meta.layout is None:
            return np.zeros((0, 0, 3), np.float32)
        if frame is not None and frame.joints_m is not None:
            return frame.joints_m
        if not self._joints:
            raise DataError(f"{self._source.name}: the first frame has no skeleton")
        return self._joints[-1]

    def _pair(
        self, first: StreamFrame | None, second: StreamFrame | None
    ) -> tuple[UInt8[np.ndarray, "h w 3"], BodyJoints]:
        """Colored flow and joints of a pair; those before where one of both is missing or black."""
        if first is None or second is None or not (first.depth.any() or second.depth.any()):
            if self._pairs:
                return self._pairs[-1]
            joints = np.full((*self._joints[-1].shape[:2], 2), np.nan, np.float32)
            return np.full((*self._meta.flow.size[::-1], 3), STILL, np.uint8), joints
        pair = _recording(self._source, (first, second))
        sequence = prepare_sequence(
            pair,
            PrepareConfig(flow=self._meta.flow),
            range_m=self._meta.flow.range_m,
            layout=self._meta.layout,
            focal_px=self._focal_px,
            threads=torch.get_num_threads(),
        )
        return sequence.flow[0], sequence.joints_px[0]


def _frame(recording: Recording, t: int) -> StreamFrame:
    skeleton = recording.skeleton
    return StreamFrame(
        t,
        recording.depth[t],
        None if recording.color is None else recording.color[t],
        None if recording.infrared is None else recording.infrared[t],
        None if skeleton is None else skeleton.joints_m[t],
        None if skeleton is None else skeleton.joints_px[t],
        None if skeleton is None else skeleton.tracking[t],
    )


def _recording(source: StreamSource, pair: tuple[StreamFrame, StreamFrame]) -> Recording:
    """Two frames as a recording."""
    depth = [each.depth for each in pair]
    color = [each.color for each in pair if each.color is not None]
    infrared = [each.infrared for each in pair if each.infrared is not None]
    return Recording(
        name=source.name,
        path=Path(source.name),
        camera=source.camera,
        frame_rate_hz=source.frame_rate_hz,
        depth=Frames(2, depth.__getitem__),
        color=Frames(2, color.__getitem__) if len(color) == 2 else None,
        color_projection=source.color_projection,
        infrared=Frames(2, infrared.__getitem__) if len(infrared) == 2 else None,
        skeleton=_skeleton(source.layout, pair),
    )


def _skeleton(layout: str | None, pair: tuple[StreamFrame, StreamFrame]) -> Skeleton | None:
    joints_m = [each.joints_m for each in pair if each.joints_m is not None]
    joints_px = [each.joints_px for each in pair if each.joints_px is not None]
    tracking = [each.tracking for each in pair if each.tracking is not None]
    if layout is None or not len(joints_m) == len(joints_px) == len(tracking) == 2:
        return None
    return Skeleton(layout, np.stack(joints_m), np.stack(joints_px), np.stack(tracking))
