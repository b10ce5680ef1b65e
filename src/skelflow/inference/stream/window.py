"""A window that slides over frames: flow pair by pair, memory that does not grow."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import UInt8

from skelflow.datasets.loading.clips import STILL
from skelflow.datasets.prepare.config import PrepareConfig
from skelflow.datasets.prepare.preprocess import outline_sequence, prepare_sequence
from skelflow.datasets.store.schema import PreparedSequence
from skelflow.errors import DataError
from skelflow.inference.checkpoint import Checkpoint
from skelflow.inference.stream.frames import BodyJoints, StreamFrame, StreamSource
from skelflow.io.threads import InBackground
from skelflow.types import Frames, Recording, Skeleton

ColoredFlow = UInt8[np.ndarray, "h w 3"]
OnFlow = Callable[[ColoredFlow], None]
FlowAndJoints = tuple[ColoredFlow, BodyJoints]


class WindowRead(NamedTuple):
    """What a window holds at one moment; fields as in `StreamAnswer`.

    `is_empty`: nobody is seen whom the network would need.
    """

    sequence: PreparedSequence
    span_s: tuple[float, float]
    frames: int
    dropped: int
    is_empty: bool


class SlidingWindow:
    """The last frames of a stream, prepared as `prepare_sequence` prepares a recording.

    As many pairs as torch has threads are solved in the background while further frames come;
    reading the window waits for them.

    Parameters
    ----------
    source : of the frames.
    checkpoint : of the network.
    most_frames : the window's length; older frames are forgotten, a stride at a time.
    on_flow : called with the colored flow of each pair, in their order, while frames are added.

    Raises
    ------
    DataError
        The frames have no depth and flow is needed; or the network's flow was colored by a range
        measured on each whole recording, or cut out of a window found in it.
    """

    def __init__(
        self,
        source: StreamSource,
        checkpoint: Checkpoint,
        most_frames: int,
        *,
        on_flow: OnFlow = lambda _: None,
    ) -> None:
        meta, reads_clips = checkpoint.meta, checkpoint.network.config.reads_clips
        if reads_clips and not source.has_depth:
            raise DataError(
                f"{source.name}: no depth images, and flow needs them; networks that read "
                "skeletons alone, such as gcn, do without"
            )
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
        self._source, self._checkpoint, self._on_flow = source, checkpoint, on_flow
        self._meta, self._reads_clips = meta, reads_clips
        self._most = max(most_frames, meta.flow.stride + 1)
        self._joints: deque[BodyJoints] = deque()
        self._pairs: deque[Future[FlowAndJoints]] = deque()
        self._unseen: deque[Future[FlowAndJoints]] = deque()  # of which `on_flow` has not heard
        self._solving = InBackground(torch.get_num_threads())
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
        sequence = self.sequence()
        reads_joints = self._checkpoint.network.config.reads_joints
        is_empty = reads_joints and not np.isfinite(sequence.joints_m).any()
        return WindowRead(sequence, self.span_s, self.frames, self.dropped, is_empty)

    def sequence(self) -> PreparedSequence:
        """What the network reads."""
        meta, joints_m = self._meta, np.stack(self._joints)
        flow = np.zeros((0, *meta.flow.size[::-1], 3), np.uint8)
        joints_px = np.zeros((0, *joints_m.shape[1:3], 2), np.float32)
        if self._pairs:
            self._finish_pairs(0)
            pairs = [pair.result() for pair in self._pairs]
            flow = np.stack([flow for flow, _ in pairs])
            joints_px = np.stack([joints for _, joints in pairs])
        return PreparedSequence(
            name=self._source.name,
            flow=flow,
            joints_px=joints_px,
            joints_m=joints_m,
            range_m=meta.flow.range_m or 1.0,
            layout=self._checkpoint.joints_read,
        )

    def _advance(self, frame: StreamFrame | None) -> None:
        self._joints.append(self._joints_of(frame))
        if self._reads_clips and self._next and (self._next - 1) % self._meta.flow.stride == 0:
            self._pairs.append(self._begin_pair(self._last, frame))
            self._unseen.append(self._pairs[-1])
            self._finish_pairs(self._solving.threads)
        self._last, self._next = frame, self._next + 1
        while len(self._joints) > self._most:
            for _ in range(self._meta.flow.stride):
                self._joints.popleft()
            if self._pairs:
                self._pairs.popleft()
            self._begin += self._meta.flow.stride

    def _joints_of(self, frame: StreamFrame | None) -> BodyJoints:
        if self._checkpoint.joints_read is None:
            return np.zeros((0, 0, 3), np.float32)
        if frame is not None and frame.joints_m is not None:
            return frame.joints_m
        if not self._joints:
            raise DataError(f"{self._source.name}: the first frame has no skeleton")
        return self._joints[-1]

    def _finish_pairs(self, but: int) -> None:
        """Hand on the pairs that are there; wait until at most so many are not."""
        while self._unseen and (len(self._unseen) > but or self._unseen[0].done()):
            flow, _ = self._unseen.popleft().result()
            self._on_flow(flow)

    def _begin_pair(
        self, first: StreamFrame | None, second: StreamFrame | None
    ) -> Future[FlowAndJoints]:
        """Flow and joints of a pair; those before where one of both is missing."""
        if first is not None and second is not None:
            return self._solving.begin(self._solve, _recording(self._source, (first, second)))
        if self._pairs:
            return self._pairs[-1]
        joints = np.full((*self._joints[-1].shape[:2], 2), np.nan, np.float32)
        still = np.full((*self._meta.flow.size[::-1], 3), STILL, np.uint8)
        return self._solving.begin(lambda: (still, joints))

    def _solve(self, pair: Recording) -> FlowAndJoints:
        config = PrepareConfig(flow=self._checkpoint.flow_of(pair))
        known: dict[str, Any] = {
            "range_m": self._meta.flow.range_m,
            "layout": self._checkpoint.joints_read,
            "focal_px": self._checkpoint.focal_px,
        }
        if any(image.any() for image in pair.depth):
            sequence = prepare_sequence(pair, config, **known)
        else:  # nothing moves where nothing is seen, as in a longer recording
            sequence = outline_sequence(pair, config, **known).sequence
        return np.array(sequence.flow[0]), sequence.joints_px[0]


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
