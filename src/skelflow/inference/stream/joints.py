"""Estimated joints for frames that come without."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from skelflow.camera.register import register_color
from skelflow.errors import DataError
from skelflow.inference.stream.frames import StreamFrame, StreamSource
from skelflow.pose import PoseMode
from skelflow.pose.images import gray_picture, paint_depth
from skelflow.pose.live import JointEstimator
from skelflow.types import Color


def wants_estimate(mode: PoseMode, layout: str | None) -> bool:
    """Whether joints are estimated for frames that come with this layout's; None = without."""
    return mode == "estimate" or (mode == "auto" and layout is None)


def with_estimated_joints(
    frames: Iterable[StreamFrame], source: StreamSource, layout: str
) -> tuple[Iterator[StreamFrame], StreamSource]:
    """The frames with joints of that layout, and what they have in common then.

    Landmarks are looked for in color, else in infrared, else in a painting of the depth.

    Raises
    ------
    DataError
        The frames have no depth, without which joints have no place in space.
    ConfigError, MissingExtraError
        See `skelflow.pose.live.JointEstimator`.
    """
    if not source.has_depth:
        raise DataError(
            f"{source.name}: no depth images, and joints are estimated from them; give frames with "
            'joints, or with depth (pose "auto" takes joints that are there)'
        )
    estimator = JointEstimator(
        source.camera,
        layout,
        frame_rate_hz=source.frame_rate_hz,
        mirrored=source.mirrored,
    )

    def estimated() -> Iterator[StreamFrame]:
        for frame in frames:
            joints = estimator(_picture(frame, source), frame.depth)
            yield frame._replace(**joints._asdict())

    said = "joints are estimated from the images, frame by frame"
    return estimated(), replace(source, layout=layout, estimate=said)


def _picture(frame: StreamFrame, source: StreamSource) -> Color:
    color, projection = frame.color, source.color_projection
    if color is not None:
        if projection is None:
            return color
        return register_color(color, frame.depth, source.camera, projection)
    if frame.infrared is not None:
        return gray_picture(frame.infrared)
    return paint_depth(frame.depth, source.camera)
