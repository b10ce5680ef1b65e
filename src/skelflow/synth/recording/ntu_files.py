"""Writers for NTU RGB+D's files: depth images, color and infrared videos, skeletons."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float32, Float64, UInt8, UInt16

from skelflow.camera.calibration.fit import project_color
from skelflow.camera.pinhole import project
from skelflow.errors import DataError, FormatError, StorageError
from skelflow.io.atomic import storage_errors
from skelflow.io.files import absolute_text
from skelflow.recordings.streams.video import VideoFile
from skelflow.skeleton.layouts import KINECT_V2
from skelflow.synth.scene.views import View

CODEC = "MJPG"  # OpenCV writes and reads it by itself
QUALITY = 92
_PNG_LEVEL = 1
_FIRST_BODY = 72057594037931000  # sensors number bodies by 17 digits
_PARENTS = {1: 0, 20: 1, 2: 20, 4: 20, 8: 20, 12: 0, 16: 0} | {
    start + step: start + step - 1 for start in (4, 8, 12, 16) for step in (1, 2, 3)
}


@dataclass(frozen=True)
class TrackedBodies:
    """The tracked bodies of one frame.

    Parameters
    ----------
    joints_m : (people, 25, 3) in the depth camera's frame, y down.
    states : (people, 25), 0 not tracked, 1 inferred, 2 tracked.
    """

    joints_m: Float32[np.ndarray, "people 25 3"]
    states: UInt8[np.ndarray, "people 25"]


def write_depth(path: Path, depth_mm: UInt16[np.ndarray, "h w"]) -> None:
    """Write depth in millimeters as a 16-bit PNG."""
    content = cv2.imencode(".png", depth_mm, (cv2.IMWRITE_PNG_COMPRESSION, _PNG_LEVEL))[1]
    with storage_errors(path):
        path.write_bytes(content.tobytes())


class Video:
    """An AVI file written frame by frame.

    Parameters
    ----------
    path : ending in .avi.
    size : (width, height).
    """

    def __init__(self, path: Path, size: tuple[int, int], frame_rate_hz: float) -> None:
        self.path, self._added = path, 0
        codec = cv2.VideoWriter.fourcc(*CODEC)
        place = absolute_text(path, refusal=DataError)
        self._writer = cv2.VideoWriter(place, cv2.CAP_OPENCV_MJPEG, codec, frame_rate_hz, size)
        if not self._writer.isOpened():
            raise DataError(f"{path}: OpenCV cannot write a {CODEC} video there")
        self._writer.set(cv2.VIDEOWRITER_PROP_QUALITY, QUALITY)

    def add(self, image: UInt8[np.ndarray, "h w *channels"]) -> None:
        """Write a gray or an RGB frame."""
        code = cv2.COLOR_GRAY2BGR if image.ndim == 2 else cv2.COLOR_RGB2BGR
        self._added += 1
        self._writer.write(cv2.cvtColor(image, code))

    def close(self) -> None:
        """Finish the file.

        Raises
        ------
        StorageError
            Not all of it is there: OpenCV says nothing when a disk is full.
        """
        self._writer.release()
        try:
            if self._added:
                VideoFile(self.path, count=self._added).decode(self._added - 1)
        except FormatError as error:
            raise StorageError(
                f"{self.path}: cannot be written whole; make room or choose another place"
            ) from error


def write_skeleton(path: Path, frames: Sequence[TrackedBodies], view: View) -> None:
    """Write a `.skeleton` text: for each body of each frame 25 lines of 12 numbers."""
    lines = [str(len(frames))]
    for frame in frames:
        lines.append(str(len(frame.joints_m)))
        for person, (joints_m, states) in enumerate(zip(frame.joints_m, frame.states, strict=True)):
            lines += _body_lines(_FIRST_BODY + person, joints_m, states, view)
    path.write_bytes(("\r\n".join(lines) + "\r\n").encode("ascii"))


def bone_quaternions(
    joints_m: Float32[np.ndarray, "25 3"],
) -> Float64[np.ndarray, "25 4"]:
    """Quaternion (w, x, y, z) of each joint's bone in sensor axes (y up); 0 where it has none.

    The shortest rotation that takes the y axis to the direction from the parent joint.
    """
    points = joints_m * np.array([1.0, -1.0, 1.0])
    quaternions = np.zeros((len(points), 4))
    for joint, parent in _PARENTS.items():
        bone = points[joint] - points[parent]
        length = np.linalg.norm(bone)
        if length == 0:
            continue
        x, y, z = bone / length
        quaternion = np.array([1 + y, z, 0.0, -x])  # unnormalized; from (0, 1, 0) to the bone
        size = np.linalg.norm(quaternion)
        quaternions[joint] = quaternion / size if size > 1e-6 else (0.0, 1.0, 0.0, 0.0)
    return quaternions


def _body_lines(
    number: int,
    joints_m: Float32[np.ndarray, "25 3"],
    states: UInt8[np.ndarray, "25"],
    view: View,
) -> list[str]:
    depth_px = project(joints_m.astype(np.float64), view.camera)
    color_px = project_color(joints_m, view.projection)
    lean = joints_m[KINECT_V2.joints.index("spine_shoulder")] - joints_m[KINECT_V2.root]
    lines = [f"{number} 0 0 0 0 0 0 {lean[0]:.7g} {lean[2]:.7g} 2", str(len(joints_m))]
    rows = zip(joints_m, depth_px, color_px, bone_quaternions(joints_m), states, strict=True)
    for (x, y, z), depth, color, quaternion, state in rows:
        values = np.nan_to_num([x, -y, z, *depth, *color, *quaternion])
        lines.append(" ".join(f"{value:.7g}" for value in values) + f" {state}")
    return lines
