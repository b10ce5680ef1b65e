"""Joints for recordings that have none: BlazePose in the image, lifted by the depth."""

from skelflow.pose.choice import PoseMode, describe_estimate, has_joints, with_joints
from skelflow.pose.estimate import estimate_skeleton, with_estimated_skeleton

__all__ = [
    "PoseMode",
    "describe_estimate",
    "estimate_skeleton",
    "has_joints",
    "with_estimated_skeleton",
    "with_joints",
]
