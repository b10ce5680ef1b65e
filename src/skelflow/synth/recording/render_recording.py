"""Render one recording into files: images, skeletons and ground truth."""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from skelflow.io.process_pool import check_stopped
from skelflow.synth.motions.timing import FRAME_RATE_HZ
from skelflow.synth.recording.build_scene import build_scene, choose_distractors
from skelflow.synth.recording.ntu_files import TrackedBodies, Video, write_depth, write_skeleton
from skelflow.synth.recording.recording_spec import RecordingSpec, SynthConfig
from skelflow.synth.recording.truth_file import TruthWriter
from skelflow.synth.rendering.frame import RenderedFrame, Scene, find_parts, render_frame
from skelflow.synth.rendering.kinect import (
    sense_color,
    sense_depth,
    sense_infrared,
    to_levels,
    to_millimeters,
)
from skelflow.synth.rendering.tracker import Tracker
from skelflow.synth.rendering.truth import true_flow
from skelflow.synth.scene.scene_mesh import JOINTS

Parts = UInt8[np.ndarray, "h w"]


@dataclass(frozen=True)
class RecordingPaths:
    """Paths of a recording's files; None for those not wanted."""

    depth: Path
    skeleton: Path
    infrared: Path
    truth: Path
    color: Path | None = None
    masked: Path | None = None

    def inside(self, folder: Path) -> "RecordingPaths":
        """The same files in one folder."""
        return RecordingPaths(
            depth=folder / "depth",
            skeleton=folder / "skeleton",
            infrared=folder / "infrared.avi",
            truth=folder / "truth.npz",
            color=folder / "color.avi" if self.color else None,
            masked=folder / "masked" if self.masked else None,
        )


def render_recording(spec: RecordingSpec, config: SynthConfig, paths: RecordingPaths) -> int:
    """Render a recording and return its number of frames.

    Parameters
    ----------
    paths : files and folders whose parents exist.

    Raises
    ------
    SkelflowError
        The action is unknown, the skeleton cannot be retargeted, or a file cannot be written.
    """
    scene = build_scene(spec, config)
    camera = scene.view.camera
    noise = None if config.clean else spec.random(config.seed, "noise")
    tracker = Tracker(camera, None if config.clean else spec.random(config.seed, "tracker"))
    tracked: list[TrackedBodies] = []
    before: RenderedFrame | None = None
    with ExitStack() as open_files:
        truth = open_files.enter_context(TruthWriter(paths.truth))
        images = open_files.enter_context(_Images(paths, scene, noise))
        for t in range(scene.frames):
            check_stopped()
            now = render_frame(scene, t)
            part = find_parts(now.raster, scene.mesh)
            truth.add_part(t, part)
            if before is not None:
                truth.add_flow(t - 1, *_flow(before, now, scene))
            images.add(t, now, part)
            tracked.append(TrackedBodies(*tracker.track(now.joints_m, now.raster.depth_m, part)))
            before = now
        distractors = choose_distractors(spec, config).names()
        truth.finish(camera, scene.frames, tuple(distractors))
    write_skeleton(paths.skeleton, tracked, scene.view)
    return scene.frames


def _flow(before: RenderedFrame, now: RenderedFrame, scene: Scene) -> tuple[np.ndarray, np.ndarray]:
    points_m = before.points_m, now.points_m
    camera = scene.view.camera
    return true_flow(before.raster, now.raster, points_m, scene_mesh=scene.mesh, camera=camera)


class _Images(ExitStack):
    """Writes the images of a recording, with sensor noise or without."""

    def __init__(
        self, paths: RecordingPaths, scene: Scene, noise: np.random.Generator | None
    ) -> None:
        super().__init__()
        self.paths, self.noise, camera = paths, noise, scene.view.camera
        self.acting = len(scene.mesh.joints_m(0))
        self.infrared = self._open(paths.infrared, (camera.width, camera.height))
        self.color = None
        if paths.color is not None and scene.color_size is not None:
            self.color = self._open(paths.color, scene.color_size)
        for folder in (paths.depth, paths.masked):
            if folder is not None:
                folder.mkdir()

    def _open(self, path: Path, size: tuple[int, int]) -> Video:
        video = Video(path, size, FRAME_RATE_HZ)
        self.callback(video.close)
        return video

    def add(self, t: int, now: RenderedFrame, part: Parts) -> None:
        """Write frame t."""
        if self.noise is None:
            depth_mm = to_millimeters(now.raster.depth_m)
            infrared, color = to_levels(now.infrared), now.color
        else:
            depth_mm = sense_depth(now.raster.depth_m, now.signal, self.noise)
            infrared = sense_infrared(now.infrared, self.noise)
            color = None if now.color is None else sense_color(now.color, self.noise)
        write_depth(self.paths.depth / f"Depth-{t + 1:08d}.png", depth_mm)
        if self.paths.masked is not None:
            alone = np.where(part < JOINTS * self.acting, depth_mm, 0).astype(np.uint16)
            write_depth(self.paths.masked / f"MDepth-{t + 1:08d}.png", alone)
        self.infrared.add(infrared)
        if self.color is not None and color is not None:
            self.color.add(color)
