"""Skeletons of NTU RGB+D as pyskl and MMAction2 keep them: one pickle holds all recordings."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32

from skelflow.errors import FormatError
from skelflow.io.files import is_file, refused
from skelflow.io.unpickle import PickledArray, read_pickle
from skelflow.recordings.ntu.cameras import DEPTH_CAMERA
from skelflow.recordings.ntu.names import NTU_NAME, ntu_labels
from skelflow.recordings.ntu.reader import FRAME_RATE_HZ
from skelflow.recordings.reader import Reader
from skelflow.recordings.walk import walk_folders
from skelflow.skeleton.alone import skeleton_of
from skelflow.skeleton.layouts import KINECT_V2
from skelflow.skeleton.plausible import FARTHEST_M
from skelflow.types import Frames, Recording

EXPECTS = "FILE.pkl/SsssCcccPpppRrrrAaaa, a recording in a pickle of pyskl or MMAction2 (3D)"

_HEAD, _ROOT = KINECT_V2.joints.index("head"), KINECT_V2.root


def recognizes(path: Path) -> bool:
    """Whether the path is a name below a pickle file."""
    return path.parent.suffix == ".pkl" and is_file(path.parent)


def find(folder: Path) -> Iterator[Path]:
    """Every recording of every pickle below a folder."""
    for base, _, files in walk_folders(folder):
        for name in files:
            if name.endswith(".pkl"):
                with suppress(FormatError):  # a pickle of something else is no recording
                    yield from find_in_file(base / name)


def find_in_file(file: Path) -> Iterator[Path]:
    """Every recording of a pickle; none of another file."""
    if file.suffix == ".pkl":
        yield from (file / name for name in _annotations(file))


def read(path: Path) -> Recording:
    """Open one recording of a pickle, which is read whole and kept.

    Parameters
    ----------
    path : the pickle's path with the recording's name, its `frame_dir`, below it.

    Returns
    -------
    Recording : up to two bodies in the `kinect_v2` layout, without depth; joints at (0, 0, 0) are
        missing. Labels are those of the NTU RGB+D name.

    Raises
    ------
    FormatError
        The pickle is damaged or asks to run code, has no such recording, or its keypoints are not
        25 joints in meters.

    Notes
    -----
    Source: Duan et al., PYSKL, ACM MM 2022: `annotations` of `frame_dir`, `total_frames`, `label`
    and `keypoint` (bodies, frames, joints, axes), in the sensor's own frame, y up.
    """
    file, name = path.parent, path.name
    known = _annotations(file)
    if name not in known:
        raise FormatError(f"{path}: {file.name} has no recording {name!r} among its {len(known)}")
    if NTU_NAME.fullmatch(name) is None:
        raise FormatError(f"{path}: expected a recording of NTU RGB+D, {EXPECTS}")
    joints_m = _joints(path, known[name])
    return Recording(
        name=name,
        path=path,
        camera=DEPTH_CAMERA,
        frame_rate_hz=FRAME_RATE_HZ,
        depth=Frames.absent(len(joints_m), f"{path}: no depth, only a skeleton"),
        skeleton=skeleton_of(joints_m, KINECT_V2, DEPTH_CAMERA),
        mirrored=True,
        labels=ntu_labels(name),
    )


def _annotations(file: Path) -> Mapping[str, Mapping[str, Any]]:
    """What a pickle holds of each recording, by name."""
    with refused(file):
        found = file.stat()
    return _load(file, found.st_mtime_ns, found.st_size)


@lru_cache(maxsize=1)
def _load(file: Path, _changed: int, _size: int) -> Mapping[str, Mapping[str, Any]]:
    content = read_pickle(file)
    listed = content.get("annotations") if isinstance(content, dict) else content
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise FormatError(f"{file}: no pickle of pyskl, expected a list of annotations")
    return {str(one["frame_dir"]): one for one in listed if one.get("frame_dir")}


def _joints(path: Path, found: Mapping[str, Any]) -> Float32[np.ndarray, "t bodies 25 3"]:
    """Keypoints, y turned from up to down, NaN = missing."""
    stored = found.get("keypoint")
    if not isinstance(stored, PickledArray):
        raise FormatError(f"{path}: no array of keypoints")
    try:
        values = stored.values
    except FormatError as error:
        raise FormatError(f"{path}: {error}") from error
    if values.ndim != 4 or values.shape[2:] != (len(KINECT_V2), 3) or not all(values.shape[:2]):
        raise FormatError(
            f"{path}: keypoints are {values.shape}, expected (bodies, frames, 25, 3) in meters; "
            "networks of skeletons read joints in space, and 2D keypoints have no place there"
        )
    size = float(np.abs(values).max())
    if not size <= FARTHEST_M:
        raise FormatError(f"{path}: keypoints reach {size:g}, expected meters")
    joints_m = np.moveaxis(values, 0, 1).astype(np.float32) * np.array((1, -1, 1), np.float32)
    joints_m[~joints_m.any(axis=-1)] = np.nan
    _check_upright(path, joints_m)
    return np.asarray(joints_m)


def _check_upright(path: Path, joints_m: Float32[np.ndarray, "t bodies 25 3"]) -> None:
    """Heads are above hips, else the axes are not the sensor's."""
    above = joints_m[:, :, _ROOT, 1] - joints_m[:, :, _HEAD, 1]
    known = above[np.isfinite(above)]
    if known.size and np.median(known) < 0 and np.mean(known < -0.2) > 0.9:
        raise FormatError(
            f"{path}: heads are below hips, so y points down; expected the sensor's own axes (y up)"
        )


READER = Reader(
    name="pyskl",
    expects=EXPECTS,
    recognizes=recognizes,
    read=read,
    find=find,
    find_in_file=find_in_file,
)
