"""Images and flow as RGB pictures."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Bool, Float, UInt8

from skelflow.datasets.pairs import read_color
from skelflow.errors import DataError
from skelflow.flow.encoding import encode_flow
from skelflow.io.atomic import atomic_write
from skelflow.skeleton.layouts import Layout
from skelflow.types import Color, Depth, Flow, Recording

AT_REST = (128, 128, 128)
AXES = (("left", "right"), ("up", "down"), ("nearer", "away"))  # names of both ends
UNKNOWN = (20, 20, 24)  # color of pixels without depth
BONE, JOINT = (120, 190, 255), (255, 70, 50)
_SHARES = (0.5, 99.5)  # percentiles of depth that the shades span


class Painter:
    """Pictures of a recording's frames: color, else infrared, else shaded depth, else black.

    Parameters
    ----------
    recording : what is looked at.
    times : the frames that will be painted; the shades of depth fit a few of them.
    """

    def __init__(self, recording: Recording, times: tuple[int, ...]) -> None:
        self.recording = recording
        self._span_m = depth_span(recording, times) if self.shows == "depth" else (0.0, 1.0)

    @property
    def shows(self) -> str:
        """What the pictures show: "color", "infrared", "depth" or "nothing".

        Color that another camera took has its place in the depth image by the depth alone.
        """
        recording = self.recording
        placed = recording.has_depth or recording.color_projection is None
        if recording.color is not None and placed:
            return "color"
        if recording.infrared is not None:
            return "infrared"
        return "depth" if recording.has_depth else "nothing"

    def paint(self, t: int) -> Color:
        """Frame t in the depth image's pixels."""
        recording, shows = self.recording, self.shows
        if recording.color is not None and shows == "color":
            depth = recording.depth[t] if recording.color_projection is not None else None
            color = recording.color[t] if depth is None else read_color(recording, t, depth)
            return np.asarray(color)
        if recording.infrared is not None:
            gray = recording.infrared[t].clip(0, 255).astype(np.uint8)
            return np.repeat(gray[..., None], 3, axis=2)
        if shows == "nothing":
            return np.zeros((recording.camera.height, recording.camera.width, 3), np.uint8)
        return paint_depth(recording.depth[t], *self._span_m)


def paint_flow(flow_m: Flow, seen: Bool[np.ndarray, "h w"], range_m: float) -> Color:
    """Red, green, blue = right, down, away; gray at rest; nearly black without depth.

    Parameters
    ----------
    flow_m : (h, w, 3) float32, meters.
    seen : (h, w) bool, where there is depth.
    range_m : motion of full color, meters.
    """
    image = encode_flow(flow_m, range_m)
    image[~seen] = UNKNOWN
    return image


def paint_depth(depth: Depth, near_m: float, far_m: float) -> Color:
    """Depth from bright (near) to dark (far), relief shaded a little; nearly black without."""
    share = (far_m - depth) / max(far_m - near_m, 1e-3)
    levels = np.rint(40 + 215 * share.clip(0, 1)).astype(np.uint8)
    image = cv2.cvtColor(cv2.applyColorMap(levels, cv2.COLORMAP_BONE), cv2.COLOR_BGR2RGB)
    image[depth == 0] = UNKNOWN
    return np.asarray(image)


def draw_skeleton(
    picture: UInt8[np.ndarray, "picture_h picture_w 3"],
    joints_px: Float[np.ndarray, "bodies joints 2"],
    layout: Layout,
    scores: Sequence[Mapping[str, float]],
    *,
    bones: bool = True,
) -> None:
    """Draw bones as lines and joints as circles into a picture.

    Parameters
    ----------
    picture : is changed.
    joints_px : in the picture's pixels, NaN where missing.
    layout : of the joints.
    scores : of each body, joint name -> [0, 1]; a circle grows with it. May be shorter or empty.
    bones : whether lines are drawn as well.
    """
    for body, joints in enumerate(joints_px):
        there = np.isfinite(joints).all(axis=-1)
        spots = np.where(there[:, None], joints, 0).astype(int).tolist()
        for a, b in layout.bones if bones else ():
            if there[a] and there[b]:
                cv2.line(picture, spots[a], spots[b], BONE, 1, cv2.LINE_AA)
        of_body = scores[body] if body < len(scores) else {}
        for name, spot, known in zip(layout.joints, spots, there, strict=True):
            if known:
                radius = round(2 + 5 * of_body.get(name, 0.0))
                cv2.circle(picture, spot, radius, JOINT, 1, cv2.LINE_AA)


def depth_span(recording: Recording, times: tuple[int, ...]) -> tuple[float, float]:
    """Nearest and farthest depth of a few evenly spaced frames, outliers left out."""
    picks = sorted({times[i * (len(times) - 1) // 4] for i in range(5)})
    readings = [depth[depth > 0] for depth in (recording.depth[t] for t in picks)]
    together = np.concatenate(readings)
    if not together.size:
        return 0.0, 1.0
    near, far = np.percentile(together, _SHARES)
    return float(near), float(far)


def axis_bar(axis: int, width: int, height: int) -> Color:
    """All colors of motion along one axis, from -range to +range."""
    ramp = np.zeros((height, width, 3), np.float32)
    ramp[..., axis] = np.linspace(-1, 1, width, dtype=np.float32)
    return encode_flow(ramp, 1.0)


def save_png(path: Path, image: Color) -> None:
    """Write an image, whole or not at all; `DataError` when that fails."""
    done, content = cv2.imencode(".png", cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    if not done:
        raise DataError(f"{path}: {image.shape} image cannot be encoded as PNG")
    with atomic_write(path) as aside:
        aside.write_bytes(content.tobytes())
