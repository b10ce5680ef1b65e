"""From the 33 landmarks to the joints of Kinect's trackers, which lie elsewhere in the body.

Each joint is a weighted sum of landmarks, weights summing to 1. They were fitted to what Kinect v1
says of UTD-MHAD's training subjects, and to the skeletons of synthetic people for Kinect v2.
"""

from functools import cache

import numpy as np
from jaxtyping import Float64, Shaped

from skelflow.errors import ConfigError
from skelflow.pose.names import LANDMARKS
from skelflow.skeleton.layouts import KINECT_V1, KINECT_V2, Layout

Weights = dict[str, float]

_BOTH = ("shoulder", "hip", "ear")
_LIMBS: dict[str, Weights] = {
    "wrist": {"wrist": 1.0},
    "knee": {"knee": 1.0},
    "ankle": {"ankle": 1.0},
}
_SIDES: dict[str, dict[str, Weights]] = {  # of each joint named left_* and right_*
    KINECT_V1.name: _LIMBS
    | {
        "shoulder": {"shoulder": 0.92, "hips": 0.08},
        "elbow": {"elbow": 1.0},
        "hand": {"index": 0.7, "pinky": 0.7, "wrist": -0.4},
        "hip": {"hip": 0.78, "shoulders": 0.14, "hips": 0.08},
        "foot": {"ankle": 0.82, "foot_index": 0.18},
    },
    KINECT_V2.name: _LIMBS
    | {
        "shoulder": {"shoulder": 1.14, "shoulders": -0.2, "hips": 0.06},
        "elbow": {"elbow": 1.08, "shoulder": -0.08},
        "hand": {"index": 0.46, "pinky": 0.46, "wrist": 0.08},
        "hand_tip": {"index": 1.05, "pinky": 1.05, "wrist": -1.1},
        "thumb": {"thumb": 2.0, "wrist": -1.0},
        "hip": {"hip": 1.18, "hips": -0.18},
        "foot": {"ankle": 0.3, "foot_index": 0.7},
    },
}
_MIDDLE: dict[str, dict[str, Weights]] = {
    KINECT_V1.name: {
        "head": {"ears": 0.82, "shoulders": 0.37, "hips": -0.19},
        "shoulder_center": {"shoulders": 1.14, "hips": -0.14},
        "spine": {"shoulders": 0.43, "hips": 0.57},
        "hip_center": {"shoulders": 0.29, "hips": 0.71},
    },
    KINECT_V2.name: {
        "head": {"ears": 1.14, "shoulders": -0.14},
        "neck": {"ears": 0.54, "shoulders": 0.46},
        "spine_shoulder": {"ears": 0.15, "shoulders": 0.85},
        "spine_mid": {"shoulders": 0.47, "hips": 0.53},
        "spine_base": {"hips": 1.0},
    },
}
LAYOUTS = {layout.name: layout for layout in (KINECT_V1, KINECT_V2)}


def find_pose_layout(name: str) -> Layout:
    """A layout whose joints can be estimated; `ConfigError` lists them."""
    if name not in LAYOUTS:
        raise ConfigError(
            f"joints of layout {name!r} cannot be estimated; those that can: {', '.join(LAYOUTS)}"
        )
    return LAYOUTS[name]


@cache
def joint_weights(layout: str) -> Float64[np.ndarray, "joints 33"]:
    """Weight of each landmark in each joint of a layout; rows sum to 1."""
    rows = []
    for joint in find_pose_layout(layout).joints:
        side, _, part = joint.partition("_")
        own = _MIDDLE[layout].get(joint)
        rows.append(_row(_SIDES[layout][part], side) if own is None else _row(own, ""))
    return np.stack(rows)


def to_joints(
    landmarks: Shaped[np.ndarray, "*any 33 axes"], layout: str
) -> Float64[np.ndarray, "*any joints axes"]:
    """Joints of a layout from positions of the landmarks; NaN where one of theirs is."""
    weights = joint_weights(layout)
    joints = [weights[joint, used] @ landmarks[..., used, :] for joint, used in _used(layout)]
    return np.stack(joints, axis=-2)


def to_joint_states(
    landmarks: Shaped[np.ndarray, "*any 33"], layout: str
) -> Shaped[np.ndarray, "*any joints"]:
    """The least state of the landmarks that make a joint."""
    return np.stack([landmarks[..., used].min(axis=-1) for _, used in _used(layout)], axis=-1)


@cache
def _used(layout: str) -> list[tuple[int, list[int]]]:
    return [
        (joint, np.flatnonzero(row).tolist()) for joint, row in enumerate(joint_weights(layout))
    ]


def _row(weights: Weights, side: str) -> Float64[np.ndarray, "33"]:
    """Weights by name; "hips" stands for both hips, half each, "hip" for the one of the side."""
    row = np.zeros(len(LANDMARKS))
    for part, weight in weights.items():
        single = part.removesuffix("s")
        names = (
            [f"left_{single}", f"right_{single}"]
            if part != single and single in _BOTH
            else [f"{side}_{part}"]
        )
        for name in names:
            row[LANDMARKS.index(name)] += weight / len(names)
    return row
