"""A recording for the rerun viewer: images, depth as points, joints in space, all over time."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from skelflow.extras import require
from skelflow.io.atomic import atomic_write
from skelflow.skeleton.layouts import find_layout
from skelflow.types import Recording, Skeleton
from skelflow.viz.render.views import View

if TYPE_CHECKING:
    from rerun import RecordingStream

RERUN = ".rrd"


def save_rerun(name: str, view: View, path: Path) -> int:
    """Write what `show_in_rerun` logs into a file; the number of pictures."""
    with atomic_write(path) as aside:
        stream = _open(view.recording)
        stream.save(str(aside))
        count = _log(stream, name, view)
        stream.disconnect()
    return count


def show_in_rerun(name: str, view: View) -> int:
    """Open the viewer and log a view, the depth as points and the joints in space.

    Parameters
    ----------
    name : of the view.
    view : see `draw_view`; depth and joints are those of its recording.

    Returns
    -------
    The number of pictures.

    Raises
    ------
    MissingExtraError
        rerun is not installed.
    """
    require("rerun")
    stream = _open(view.recording)
    stream.spawn()
    count = _log(stream, name, view)
    stream.flush()
    return count


def _open(recording: Recording) -> "RecordingStream":
    import rerun

    return rerun.RecordingStream("skelflow", recording_id=recording.name)


def _log(stream: "RecordingStream", name: str, view: View) -> int:
    """Everything at its time; the camera looks along z, x is right and y is down."""
    import rerun

    recording, count = view.recording, 0
    camera = recording.camera
    pinhole = rerun.Pinhole(
        focal_length=(camera.fx, camera.fy),
        principal_point=(camera.cx, camera.cy),
        resolution=(camera.width, camera.height),
        camera_xyz=rerun.ViewCoordinates.RDF,
    )
    stream.log("camera", rerun.ViewCoordinates.RDF, static=True)
    stream.log("camera/depth", pinhole, static=True)
    for t, picture in zip(view.times, view.pictures, strict=True):
        stream.set_time("time", duration=t / recording.frame_rate_hz)
        stream.log(f"view/{name}", rerun.Image(picture))
        if recording.has_depth:
            stream.log("camera/depth", rerun.DepthImage(recording.depth[t], meter=1.0))
        if recording.skeleton is not None:
            _log_joints(stream, recording.skeleton, t)
        count += 1
    return count


def _log_joints(stream: "RecordingStream", skeleton: Skeleton, t: int) -> None:
    import rerun

    layout = find_layout(skeleton.layout)
    for body, joints_m in enumerate(skeleton.joints_m[t]):
        there = np.isfinite(joints_m).all(axis=-1)
        bones = [joints_m[list(bone)] for bone in layout.bones if there[list(bone)].all()]
        stream.log(f"camera/body_{body}/joints", rerun.Points3D(joints_m[there], radii=0.02))
        stream.log(f"camera/body_{body}/bones", rerun.LineStrips3D(bones, radii=0.008))
