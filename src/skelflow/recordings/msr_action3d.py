"""MSR-Action3D: skeletons of a sensor like Kinect v1 as text files, one action a file."""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from jaxtyping import Float32

from skelflow.errors import FormatError
from skelflow.io.files import is_file, read_text
from skelflow.io.numbers import parse_real
from skelflow.recordings.reader import Reader
from skelflow.recordings.walk import walk_folders
from skelflow.skeleton.alone import skeleton_of
from skelflow.skeleton.layouts import KINECT_V1
from skelflow.skeleton.plausible import check_joints
from skelflow.types import Camera, Frames, Labels, Recording
from skelflow.wording import counted

EXPECTS = "aAA_sSS_eEE_skeleton3D.txt of MSR-Action3D (its _skeleton.txt are pixels)"

# Least squares between the published joints in space and in the image: 285.63 pixels and the center
# (160, 120), the Kinect SDK v1's own projection at 320 x 240, to the pixels' rounding.
CAMERA = Camera(width=320, height=240, fx=285.63, fy=285.63, cx=160.0, cy=120.0)
# The files have no times. A stride of those who jog takes 9.5 frames in the median of 30 files:
# 0.6 s at 15 frames a second, and at 30 six steps a second.
FRAME_RATE_HZ = 15.0

_NAME = re.compile(r"(a(\d+)_s(\d+)_e(\d+))_skeleton(3D)?\.txt")
_FIELDS = 4  # x, y, z, confidence


def _pair(part: str) -> tuple[str, str]:
    """Both joints of a kind, as the files have them: the one at -x first.

    Which is the left one is not published. People face the sensor (feet are nearer than ankles),
    and all 30 ticks that are drawn rise towards +x: so +x is the drawer's right, as Kinect has it.
    The joints there do what takes one arm or one leg (benchmarks/msr_action3d_sides.py).
    """
    return f"left_{part}", f"right_{part}"


_TRUNK = (*_pair("shoulder"), "shoulder_center", "spine", *_pair("hip"), "hip_center")
_LIMBS = ("elbow", "wrist", "hand", "knee", "ankle", "foot")
FILE_JOINTS = (*_TRUNK, *(joint for part in _LIMBS for joint in _pair(part)), "head")
_ORDER = [FILE_JOINTS.index(name) for name in KINECT_V1.joints]


def recognizes(path: Path) -> bool:
    """Whether a file is named like one of MSR-Action3D."""
    return _NAME.fullmatch(path.name) is not None and is_file(path)


def find(folder: Path) -> Iterator[Path]:
    """Every file of joints in space below a folder."""
    for base, _, files in walk_folders(folder):
        yield from (base / name for name in files if (m := _NAME.fullmatch(name)) and m[5])


def read(path: Path) -> Recording:
    """Open one recording: a skeleton, no depth.

    Parameters
    ----------
    path : `aAA_sSS_eEE_skeleton3D.txt`: action, subject, repetition.

    Returns
    -------
    Recording : one body in the `kinect_v1` layout, without depth; a joint at the sensor's own
        place, (0, 0, 0), is missing. The fourth number of a joint, a confidence, is 0 for most
        joints of the spine and the feet and is not used.

    Raises
    ------
    FormatError
        It is the file of pixels, a line has not four numbers, joints are not meters in front of
        the sensor, or the lines do not come in twenties.

    Notes
    -----
    Source: Li, Zhang and Liu, Action Recognition Based on a Bag of 3D Points, CVPR Workshops 2010.
    """
    match = _NAME.fullmatch(path.name)
    if match is None:
        raise FormatError(f"{path}: expected {EXPECTS}")
    name = match[1]
    if not match[5]:
        raise FormatError(
            f"{path}: these joints are pixels of the image; expected {name}_skeleton3D.txt, the "
            "joints in meters (MSRAction3DSkeletonReal3D)"
        )
    action, subject, replication = map(int, match.groups()[1:4])
    skeleton = skeleton_of(_read_joints(path)[:, None], KINECT_V1, CAMERA)
    return Recording(
        name=name,
        path=path,
        camera=CAMERA,
        frame_rate_hz=FRAME_RATE_HZ,
        depth=Frames.absent(len(skeleton), f"{path}: no depth, only a skeleton"),
        skeleton=skeleton,
        mirrored=True,
        labels=Labels(action, subject, replication=replication),
    )


def _read_joints(file: Path) -> Float32[np.ndarray, "t 20 3"]:
    """Joints of a file, y turned from up to down, NaN = missing, in this package's order."""
    lines = read_text(file, encoding="utf-8-sig").splitlines()
    rows = [_row(file, at, line) for at, line in enumerate(lines, 1) if line.strip()]
    count = len(FILE_JOINTS)
    if not rows or len(rows) % count:
        raise FormatError(
            f"{file}: {counted(len(rows), 'joint')}, expected {count} a frame, one a line; the "
            "file is truncated: copy or download it again"
        )
    values = np.array(rows).reshape(-1, count, _FIELDS)[..., :3]
    values[~values.any(axis=-1)] = np.nan
    check_joints(file, values, refusal=FormatError)
    return (values[:, _ORDER] * (1, -1, 1)).astype(np.float32)


def _row(file: Path, number: int, line: str) -> list[float]:
    """The numbers of a line."""
    values = [parse_real(text) for text in line.split()]
    found = [value for value in values if value is not None and value == value]
    if len(found) != _FIELDS or len(values) != _FIELDS:
        raise FormatError(
            f"{file}, line {number}: found {line[:80]!r}, expected x, y, z and a confidence"
        )
    return found


READER = Reader(name="msr_action3d", expects=EXPECTS, recognizes=recognizes, read=read, find=find)
