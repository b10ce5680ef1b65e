"""Prepare one recording: flow, crop, resize, color, joints in the flow's pixels."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float32, UInt8

from skelflow.datasets.pairs import PairReader, RgbdFrame, check_pairs, intensity_source, pair_flow
from skelflow.datasets.prepare.adapt import for_camera
from skelflow.datasets.prepare.config import PrepareConfig
from skelflow.datasets.prepare.region import ClipFlow, find_region, find_window
from skelflow.datasets.prepare.resolution import reduce_images, times_finer
from skelflow.datasets.settings import MOVING_M, FlowSettings
from skelflow.datasets.store.schema import PreparedSequence
from skelflow.datasets.windows import pair_times
from skelflow.errors import DataError
from skelflow.flow.encoding import ZERO, encode_flow, measure_range
from skelflow.flow.method import camera_for
from skelflow.io.threads import side_by_side
from skelflow.types import Recording, Window
from skelflow.wording import counted

_RANGE_PERCENTILE = 99.5

Progress = Callable[[int, int], None]  # frame pairs that have their flow, of how many

FlowFrames = Float32[np.ndarray, "n h w 3"]
Colored = UInt8[np.ndarray, "n h w 3"]
ColoredFrame = UInt8[np.ndarray, "h w 3"]


def prepare_sequence(
    recording: Recording,
    config: PrepareConfig,
    *,
    range_m: float | None = None,
    layout: str | None = None,
    focal_px: float | None = None,
    origin: str = "",
    threads: int = 1,
    progress: Progress = lambda *_: None,
) -> PreparedSequence:
    """Flow, joints and labels of one recording.

    Parameters
    ----------
    recording : at least two frames, some depth.
    config : crop, size, stride, region, solver preset, intensity; or only skeletons.
    range_m : motion of color 255, meters; None = measured on this recording.
    layout : joint layout of the store; None = no skeletons are kept.
    focal_px : of the camera that the crop is meant for: a camera with more pixels an angle is
        reduced to it, and the crop spans the same angle; None = pixels are taken as they are.
    origin : path below the source folder, noted in the sequence.
    threads : see `each_flow`.
    progress : called after each frame pair.

    Raises
    ------
    DataError
        Fewer than two frames, no depth at all, a crop that the camera does not see, a missing or
        too short intensity stream, or a skeleton of another layout or length; for skeletons
        alone, no skeleton.
    """
    outline = outline_sequence(
        recording, config, range_m=range_m, layout=layout, focal_px=focal_px, origin=origin
    )
    if config.skeletons_only:
        return outline.sequence
    flow, range_m = _colored(outline, outline.flow_m(threads=threads, progress=progress), range_m)
    return replace(outline.sequence, flow=flow, range_m=range_m)


@dataclass(frozen=True)
class Outline:
    """What is known of a recording before its flow is solved.

    Parameters
    ----------
    recording : as it is solved, reduced to the pixels of the camera that is known.
    settings : of the flow, with the crop that fits its camera.
    times : first frame of each pair.
    window : the part of its image that is kept; None for skeletons alone.
    sequence : the prepared sequence, but that nothing moves in its flow, which takes no memory.
    """

    recording: Recording
    settings: FlowSettings
    times: list[int]
    window: Window | None
    sequence: PreparedSequence

    def flow_m(
        self,
        pairs: Sequence[int] | None = None,
        *,
        threads: int = 1,
        progress: Progress = lambda *_: None,
    ) -> Iterator[ClipFlow]:
        """Flow in meters of these pairs, counted in `times`; None = of all. See `each_flow`."""
        times = self.times if pairs is None else [self.times[pair] for pair in pairs]
        return each_flow(
            self.recording,
            self.settings,
            times,
            window=self.window,
            threads=threads,
            progress=progress,
        )

    def colored(self, flow_m: Iterator[ClipFlow], range_m: float) -> Iterator[ColoredFrame]:
        """Flow frames as the store holds them; `range_m` is the motion of color 255, meters."""
        companding = self.settings.companding
        return (encode_flow(frame, range_m, companding=companding) for frame in flow_m)


def outline_sequence(
    recording: Recording,
    config: PrepareConfig,
    *,
    range_m: float | None = None,
    layout: str | None = None,
    focal_px: float | None = None,
    origin: str = "",
) -> Outline:
    """All that `prepare_sequence` finds out without solving any flow; takes and refuses the same.

    Parameters
    ----------
    recording, config, range_m, layout, focal_px, origin : see `prepare_sequence`.
    """
    factor = 1 if config.skeletons_only else times_finer(recording.camera, focal_px)
    recording = reduce_images(recording, factor)
    if not config.skeletons_only:
        config = config.replace(flow=for_camera(config.flow, focal_px, recording))
    _check(recording, config, layout)
    times: list[int] = []
    window = None
    if not config.skeletons_only:
        times = pair_times(len(recording), config.flow.stride)
        window = find_window(recording, config.flow)
    joints_px, joints_m = _joints(recording, times, layout, window, config.flow.size)
    sequence = PreparedSequence(
        name=recording.name,
        flow=np.broadcast_to(np.uint8(ZERO), (len(times), *reversed(config.flow.size), 3)),
        joints_px=joints_px,
        joints_m=joints_m,
        range_m=range_m or MOVING_M,
        layout=layout,
        labels=recording.labels,
        estimated_from=_estimated_from(recording, layout),
        intensity=intensity_source(recording, config.flow.intensity) if times else "none",
        origin=origin,
        window=window and Window(*(factor * edge for edge in window)),
    )
    return Outline(recording, config.flow, times, window, sequence)


def flow_frames(recording: Recording, settings: FlowSettings, times: list[int]) -> FlowFrames:
    """Flow of the pairs (t, t + 1), meters, cropped and resized; see `each_flow`."""
    return np.stack(list(each_flow(recording, settings, times)))


def each_flow(
    recording: Recording,
    settings: FlowSettings,
    times: list[int],
    *,
    window: Window | None = None,
    threads: int = 1,
    progress: Progress = lambda *_: None,
) -> Iterator[ClipFlow]:
    """Flow of the pairs (t, t + 1), meters, cropped and resized, one after the other.

    Parameters
    ----------
    recording, settings, times : what is solved, how, and the first frame of each pair.
    window : the part of the image that is kept; None = found as `settings.window` says.
    threads : how many pairs are solved side by side; the flow is the same bit for bit.
    progress : called after each frame pair.

    Raises
    ------
    DataError
        See `prepare_sequence`.
    """
    source = _check_frames(recording, settings)
    window = window or find_window(recording, settings)
    region = find_region(recording.camera, window, settings)
    pairs = PairReader(region.view(recording), source)
    camera = camera_for(region.camera, settings.method_version)
    seen = False

    def solve(pair: tuple[RgbdFrame, RgbdFrame]) -> ClipFlow:
        flow_m = pair_flow(*pair, camera=camera, preset=settings.preset)
        return region.cut(flow_m, settings.size)

    def read(t: int) -> tuple[RgbdFrame, RgbdFrame]:
        nonlocal seen
        first, second = pairs.read(t)
        seen = seen or bool(first.depth.any() or second.depth.any())
        return first, second

    for done, flow_m in enumerate(side_by_side(solve, map(read, times), threads), start=1):
        if done == len(times) and not seen:
            raise DataError(
                f"{recording.path}: depth is 0 (no reading) in all of the {len(times)} frame pairs"
            )
        progress(done, len(times))
        yield flow_m


def _colored(
    outline: Outline, flow_m: Iterator[ClipFlow], range_m: float | None
) -> tuple[Colored, float]:
    """Colors of all frames, and their range; in meters they are kept only to measure it."""
    if range_m is None:
        frames = np.stack(list(flow_m))
        range_m, flow_m = measure_range(frames), iter(frames)
    flow = np.zeros((len(outline.times), *reversed(outline.settings.size), 3), np.uint8)
    for place, frame in zip(flow, outline.colored(flow_m, range_m), strict=True):
        place[:] = frame
    return flow, range_m


def moving_components(flow_m: FlowFrames) -> Float32[np.ndarray, " values"]:
    """Absolute x, y and z motion of the pixels that move at all, meters."""
    moving = np.linalg.norm(flow_m, axis=-1) > MOVING_M
    return np.asarray(np.abs(flow_m[moving]).ravel(), np.float32)


def measured_range(components_m: Float32[np.ndarray, " values"]) -> float | None:
    """Motion that nearly all components stay below, whole millimeters; None where nothing moves."""
    if not components_m.size:
        return None
    top = float(np.percentile(components_m, _RANGE_PERCENTILE))
    return max(round(top, 3), MOVING_M)


def _estimated_from(recording: Recording, layout: str | None) -> str:
    kept = recording.skeleton if layout is not None else None
    return "" if kept is None else kept.estimated_from


def _check(recording: Recording, config: PrepareConfig, layout: str | None) -> None:
    skeleton = recording.skeleton
    if not config.skeletons_only:
        _check_frames(recording, config.flow)
    elif skeleton is None:
        raise DataError(f"{recording.path}: no skeleton, and skeletons are all that is asked for")
    if skeleton is None or layout is None:
        return
    if skeleton.layout != layout:
        raise DataError(
            f"{recording.path}: skeleton layout {skeleton.layout!r}, this store holds {layout!r}"
        )
    if len(skeleton) != len(recording):
        raise DataError(
            f"{recording.path}: {counted(len(skeleton), 'skeleton frame')}, "
            f"{counted(len(recording), 'depth frame')}"
        )


def _check_frames(recording: Recording, settings: FlowSettings) -> str:
    """What the flow sees beside depth, of a recording that can be cropped and has it."""
    source, camera = intensity_source(recording, settings.intensity), recording.camera
    check_pairs(recording, source)
    if settings.exceeds(camera):
        raise DataError(
            f"{recording.path}: crop {settings.crop[0]}x{settings.crop[1]} is larger than the "
            f"depth image {camera.width}x{camera.height}; choose a smaller crop"
        )
    return source


def _joints(
    recording: Recording,
    times: list[int],
    layout: str | None,
    window: Window | None,
    size: tuple[int, int],
) -> tuple[Float32[np.ndarray, "n bodies joints 2"], Float32[np.ndarray, "frames bodies joints 3"]]:
    """Joints in the flow's pixels at each flow frame, and in meters at every frame."""
    skeleton, camera = recording.skeleton, recording.camera
    if skeleton is None or layout is None:
        empty = np.zeros((len(recording), 0, 0, 3), np.float32)
        return empty[: len(times), ..., :2], empty
    if window is None:
        return np.zeros((0, *skeleton.joints_m.shape[1:3], 2), np.float32), skeleton.joints_m
    joints_px = skeleton.joints_px[times]
    inside = (joints_px > -0.5) & (joints_px < (camera.width - 0.5, camera.height - 0.5))
    usable = inside.all(axis=-1) & joints_px.any(axis=-1) & (skeleton.tracking[times] > 0)
    scale = np.divide(size, window[2:])
    moved = (joints_px - window[:2] + 0.5) * scale - 0.5
    seen_px: Float32[np.ndarray, "n bodies joints 2"] = np.where(
        usable[..., None], moved, np.nan
    ).astype(np.float32)
    return seen_px, skeleton.joints_m
