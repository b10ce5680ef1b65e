"""One take into files: every frame rendered, sensed, tracked and written."""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from skelflow.io.process_pool import check_stopped
from skelflow.synth.motions.timing import FRAME_RATE_HZ
from skelflow.synth.recording.build_scene import cast, choose_distractors
from skelflow.synth.recording.ntu_files import Tracked, Video, write_depth, write_skeleton
from skelflow.synth.recording.recording_spec import SynthConfig, Take
from skelflow.synth.recording.truth_file import TruthWriter
from skelflow.synth.rendering.kinect import (
    sense_color,
    sense_depth,
    sense_infrared,
    to_levels,
    to_millimeters,
)
from skelflow.synth.rendering.look import Look, Shot, find_parts, look
from skelflow.synth.rendering.tracker import Tracker
from skelflow.synth.rendering.truth import true_flow
from skelflow.synth.scene.stage import JOINTS

Parts = UInt8[np.ndarray, "h w"]


@dataclass(frozen=True)
class Place:
    """Where the files of a recording go; None for what is not wanted."""

    depth: Path
    skeleton: Path
    infrared: Path
    truth: Path
    color: Path | None = None
    masked: Path | None = None

    def beside(self, folder: Path) -> "Place":
        """The same parts in one folder."""
        return Place(
            depth=folder / "depth",
            skeleton=folder / "skeleton",
            infrared=folder / "infrared.avi",
            truth=folder / "truth.npz",
            color=folder / "color.avi" if self.color else None,
            masked=folder / "masked" if self.masked else None,
        )


def shoot(take: Take, config: SynthConfig, place: Place) -> int:
    """Make a recording; returns its number of frames.

    Parameters
    ----------
    place : files and folders whose parents exist.

    Raises
    ------
    SkelflowError
        The take cannot be played, or a file not be written.
    """
    shot = cast(take, config)
    camera = shot.view.camera
    noise = None if config.clean else take.random(config.seed, "noise")
    tracker = Tracker(camera, None if config.clean else take.random(config.seed, "tracker"))
    tracked: list[Tracked] = []
    before: Look | None = None
    with ExitStack() as open_files:
        truth = open_files.enter_context(TruthWriter(place.truth))
        images = open_files.enter_context(_Images(place, shot, noise))
        for t in range(shot.frames):
            check_stopped()
            now = look(shot, t)
            part = find_parts(now.raster, shot.stage)
            truth.add_part(t, part)
            if before is not None:
                truth.add_flow(t - 1, *_flow(before, now, shot))
            images.add(t, now, part)
            tracked.append(Tracked(*tracker.follow(now.joints_m, now.raster.depth_m, part)))
            before = now
        distractors = choose_distractors(take, config).names()
        truth.finish(camera, shot.frames, tuple(distractors))
    write_skeleton(place.skeleton, tracked, shot.view)
    return shot.frames


def _flow(before: Look, now: Look, shot: Shot) -> tuple[np.ndarray, np.ndarray]:
    points_m = before.points_m, now.points_m
    camera = shot.view.camera
    return true_flow(before.raster, now.raster, points_m, stage=shot.stage, camera=camera)


class _Images(ExitStack):
    """The images of a recording, sensed with noise or without and written."""

    def __init__(self, place: Place, shot: Shot, noise: np.random.Generator | None) -> None:
        super().__init__()
        self.place, self.noise, camera = place, noise, shot.view.camera
        self.acting = len(shot.stage.joints_m(0))
        self.infrared = self._open(place.infrared, (camera.width, camera.height))
        self.color = None
        if place.color is not None and shot.color_size is not None:
            self.color = self._open(place.color, shot.color_size)
        for folder in (place.depth, place.masked):
            if folder is not None:
                folder.mkdir()

    def _open(self, path: Path, size: tuple[int, int]) -> Video:
        video = Video(path, size, float(FRAME_RATE_HZ))
        self.callback(video.close)
        return video

    def add(self, t: int, now: Look, part: Parts) -> None:
        """Write frame t."""
        if self.noise is None:
            depth_mm = to_millimeters(now.raster.depth_m)
            infrared, color = to_levels(now.infrared), now.color
        else:
            depth_mm = sense_depth(now.raster.depth_m, now.signal, self.noise)
            infrared = sense_infrared(now.infrared, self.noise)
            color = None if now.color is None else sense_color(now.color, self.noise)
        write_depth(self.place.depth / f"Depth-{t + 1:08d}.png", depth_mm)
        if self.place.masked is not None:
            alone = np.where(part < JOINTS * self.acting, depth_mm, 0).astype(np.uint16)
            write_depth(self.place.masked / f"MDepth-{t + 1:08d}.png", alone)
        self.infrared.add(infrared)
        if self.color is not None and color is not None:
            self.color.add(color)
