"""Northwestern-UCLA Multiview Action 3D: Kinect v1 skeletons as JSON files, one action a file."""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from jaxtyping import Float32

from skelflow.errors import FormatError
from skelflow.io.documents import parse_json
from skelflow.io.files import is_file, read_text
from skelflow.recordings.reader import Reader
from skelflow.recordings.walk import walk_folders
from skelflow.skeleton.alone import skeleton_of
from skelflow.skeleton.layouts import KINECT_V1
from skelflow.types import Camera, Frames, Labels, Recording

EXPECTS = "aAA_sSS_eEE_vVV.json of Northwestern-UCLA"

# The Kinect SDK v1's own projection of its skeletons, NuiTransformSkeletonToDepthImage: a focal
# length of 285.63 pixels at 320 x 240.
CAMERA = Camera(width=640, height=480, fx=571.26, fy=571.26, cx=320.0, cy=240.0)
FRAME_RATE_HZ = 30.0  # the sensor's; the files have no times

_NAME = re.compile(r"a(\d+)_s(\d+)_e(\d+)_v(\d+)\.json")

_TRUNK = ("hip_center", "spine", "shoulder_center", "head")
_LIMBS = (("shoulder", "elbow", "wrist", "hand"), ("hip", "knee", "ankle", "foot"))
SDK_V1_JOINTS = _TRUNK + tuple(
    f"{side}_{part}" for limb in _LIMBS for side in ("left", "right") for part in limb
)
_ORDER = [SDK_V1_JOINTS.index(name) for name in KINECT_V1.joints]


def recognizes(path: Path) -> bool:
    """Whether a file is named like one of Northwestern-UCLA."""
    return _NAME.fullmatch(path.name) is not None and is_file(path)


def find(folder: Path) -> Iterator[Path]:
    """Every file of that name below a folder."""
    for base, _, files in walk_folders(folder):
        yield from (base / name for name in files if _NAME.fullmatch(name))


def read(path: Path) -> Recording:
    """Open one recording: a skeleton, no depth.

    Parameters
    ----------
    path : `aAA_sSS_eEE_vVV.json`: action, subject, repetition, view.

    Returns
    -------
    Recording : one body in the `kinect_v1` layout, without depth; a joint at the sensor's own
        place, (0, 0, 0), is missing. Pixels are the Kinect SDK's own, for 640 x 480.

    Raises
    ------
    FormatError
        The file is no JSON, lacks its skeletons, or these are not (frames, 20, 3) meters.

    Notes
    -----
    Source: Wang, Nie, Xia, Wu and Zhu, Cross-view Action Modeling, Learning and Recognition, CVPR
    2014; as JSON, Chen et al., Channel-wise Topology Refinement Graph Convolution, ICCV 2021.
    """
    match = _NAME.fullmatch(path.name)
    if match is None:
        raise FormatError(f"{path}: expected {EXPECTS}")
    action, subject, replication, view = map(int, match.groups())
    skeleton = skeleton_of(_read_joints(path)[:, None], KINECT_V1, CAMERA)
    return Recording(
        name=path.stem,
        path=path,
        camera=CAMERA,
        frame_rate_hz=FRAME_RATE_HZ,
        depth=Frames.absent(len(skeleton), f"{path}: no depth, only a skeleton"),
        skeleton=skeleton,
        mirrored=True,
        labels=Labels(action, subject, view, replication=replication),
    )


def _read_joints(file: Path) -> Float32[np.ndarray, "t 20 3"]:
    """Joints of a file, y turned from up to down, NaN = missing, in this package's order."""
    text = read_text(file, encoding="utf-8-sig")
    try:
        values = np.array(parse_json(text, "content")["skeletons"], np.float32)
    except (FormatError, ValueError, TypeError, KeyError, OverflowError) as error:
        raise FormatError(
            f"{file}: no JSON with skeletons ({type(error).__name__}: {error}); expected "
            '"skeletons": frames of 20 joints of x, y, z: copy or download it again'
        ) from error
    _check(file, values)
    values = values[:, _ORDER] * np.array((1, -1, 1), np.float32)
    return np.where(values.any(axis=-1, keepdims=True), values, np.float32(np.nan))


def _check(file: Path, values: Float32[np.ndarray, "..."]) -> None:
    if values.ndim != 3 or values.shape[1:] != (20, 3) or not len(values):
        raise FormatError(f"{file}: skeletons are {values.shape}, expected (frames, 20, 3)")
    size = float(np.abs(values).max())
    if not size <= 20:
        raise FormatError(f"{file}: skeletons reach {size:g}, expected meters (millimeters?)")


READER = Reader(name="nw_ucla", expects=EXPECTS, recognizes=recognizes, read=read, find=find)
