"""Answers while frames come: from a recording that stands for a camera, or from a camera."""

from skelflow.inference.stream.answers import StreamAnswer, answer_frames
from skelflow.inference.stream.frames import (
    StreamFrame,
    StreamSource,
    check_rate,
    frames_of,
    replay,
)
from skelflow.inference.stream.joints import wants_estimate, with_estimated_joints
from skelflow.inference.stream.window import OnFlow, SlidingWindow

__all__ = [
    "OnFlow",
    "SlidingWindow",
    "StreamAnswer",
    "StreamFrame",
    "StreamSource",
    "answer_frames",
    "check_rate",
    "frames_of",
    "replay",
    "wants_estimate",
    "with_estimated_joints",
]
