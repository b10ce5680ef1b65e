"""Whether joints are estimated: always, where there are none, or never."""

from typing import Literal

import numpy as np

from skelflow.pose.estimate import with_estimated_skeleton
from skelflow.types import Recording, Skeleton
from skelflow.wording import counted

PoseMode = Literal["auto", "estimate", "recorded"]


def with_joints(recording: Recording, mode: PoseMode, layout: str) -> Recording:
    """The recording as it is, or with estimated joints.

    Parameters
    ----------
    mode : "auto" estimates where no body is tracked, "estimate" always, "recorded" never.
    layout : of estimated joints.

    Raises
    ------
    DataError, ConfigError, MissingExtraError
        See `skelflow.pose.estimate_skeleton`.
    """
    wanted = mode == "estimate" or (mode == "auto" and not has_joints(recording))
    return with_estimated_skeleton(recording, layout) if wanted else recording


def has_joints(recording: Recording) -> bool:
    """Whether a body is tracked in any frame."""
    skeleton = recording.skeleton
    return skeleton is not None and bool(np.isfinite(skeleton.joints_m).any())


def describe_estimate(skeleton: Skeleton | None) -> str:
    """A sentence that says that joints were estimated, and in how many frames; "" for others."""
    if skeleton is None or not skeleton.estimated_from:
        return ""
    found = int(np.isfinite(skeleton.joints_m).any(axis=(1, 2, 3)).sum())
    return (
        f"joints were estimated from the {skeleton.estimated_from} images: "
        f"a person is found in {found} of {counted(len(skeleton), 'frame')}"
    )
