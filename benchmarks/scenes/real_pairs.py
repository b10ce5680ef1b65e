"""Pairs of real RGB-D frames that nobody here made, with their true motion where it is known."""

import importlib.util
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Float32

from skelflow.errors import DataError
from skelflow.types import Camera, Depth, Flow, Intensity

MILLIMETERS, TUM_UNITS = 1000, 5000  # stored values of a meter
XTION_FOV_DEG = 62.5
MOTORCYCLE_PX = 994.978  # focal length of the halved Middlebury 2014 pair
MOTORCYCLE_CENTER = 311.193, 254.877
MOTORCYCLE_BASELINE_M, MOTORCYCLE_OFFSET_PX = 0.193001, 31.086


class RealPair(NamedTuple):
    """Two frames, gray 0..255 and depth in meters (0 = no reading), and what is known of them.

    `truth_m` is (h, w, 3) float32, meters, NaN where unknown; None where nothing is known.
    """

    intensity0: Intensity
    depth0: Depth
    intensity1: Intensity
    depth1: Depth
    camera: Camera
    truth_m: Flow | None = None


def load_xtion(folder: Path) -> RealPair:
    """A pair of the Asus Xtion, 640x480: `color0.png`, `depth0.png` and their successors."""
    gray0, gray1 = (read_gray(folder / f"color{frame}.png") for frame in (0, 1))
    depth0, depth1 = (read_depth(folder / f"depth{frame}.png", TUM_UNITS) for frame in (0, 1))
    height, width = depth0.shape
    return RealPair(gray0, depth0, gray1, depth1, Camera.from_fov(width, height, XTION_FOV_DEG))


def load_deepdeform(folder: Path) -> RealPair:
    """A pair of DeepDeform (Bozic et al., CVPR 2020) with the true motion of one object."""
    names = "000000", "000110"
    gray0, gray1 = (read_gray(folder / f"{name}.jpg") for name in names)
    depth0, depth1 = (read_depth(folder / "depth" / f"{name}.png", MILLIMETERS) for name in names)
    matrix = np.loadtxt(folder / "intrinsics.txt")
    height, width = depth0.shape
    camera = Camera(width, height, matrix[0, 0], matrix[1, 1], matrix[0, 2], matrix[1, 2])
    truth_m = read_sflow(folder / "shirt_000000_000110.sflow")
    if truth_m.shape[:2] != depth0.shape:
        raise DataError(f"{folder}: the true flow is {truth_m.shape[:2]}, depth is {depth0.shape}")
    return RealPair(gray0, depth0, gray1, depth1, camera, truth_m)


def read_sflow(path: Path) -> Flow:
    """A scene flow of DeepDeform: width, height, channels (uint32), then channel by channel.

    Returns
    -------
    (h, w, 3) float32, meters, NaN where the file has no motion (stored as 0 or as infinity).

    Raises
    ------
    DataError
        The file is shorter or longer than its header says, or has not three channels.
    """
    content = path.read_bytes()
    if len(content) < 12:
        raise DataError(f"{path}: {len(content)} bytes, expected a header of 12")
    width, height, channels = (int(size) for size in np.frombuffer(content[:12], "<u4"))
    expected = 12 + 4 * width * height * channels
    if channels != 3 or len(content) != expected:
        raise DataError(
            f"{path}: {len(content)} bytes with {channels} channels of {width} x {height}, "
            f"expected {expected} bytes and 3 channels"
        )
    values = np.frombuffer(content[12:], "<f4").reshape(channels, height, width)
    flow_m = values.transpose(1, 2, 0).copy()
    unknown = ~np.isfinite(flow_m).all(axis=-1) | (flow_m == 0).all(axis=-1)
    flow_m[unknown] = np.nan
    return flow_m


def load_motorcycle(folder: Path) -> RealPair:
    """Middlebury 2014 'Motorcycle' as scikit-image has it: a stereo pair as rigid motion.

    The right image is shifted by the offset of the principal points, so that every point moves by
    the baseline to the left. Its depth is the left one moved along: free of noise, with holes where
    the left camera saw nothing.
    """
    left, right = (read_gray(folder / f"motorcycle_{side}.png") for side in ("left", "right"))
    with np.load(folder / "motorcycle_disp.npz") as content:
        disparity = content["arr_0"].astype(np.float32)
    height, width = disparity.shape
    known = np.isfinite(disparity)
    shift_px = np.where(known, disparity + MOTORCYCLE_OFFSET_PX, np.float32(1))
    focal_baseline = np.float32(MOTORCYCLE_PX * MOTORCYCLE_BASELINE_M)
    depth0 = np.where(known, focal_baseline / shift_px, np.float32(0)).astype(np.float32)
    move = np.array([[1, 0, -MOTORCYCLE_OFFSET_PX], [0, 1, 0]], np.float32)
    moved = cv2.warpAffine(
        right, move, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    truth_m = np.zeros((height, width, 3), np.float32)
    truth_m[..., 0] = -MOTORCYCLE_BASELINE_M
    truth_m[~known] = np.nan
    camera = Camera(width, height, MOTORCYCLE_PX, MOTORCYCLE_PX, *MOTORCYCLE_CENTER)
    gray1 = np.rint(moved.clip(0, 255)).astype(np.float32)
    return RealPair(left, depth0, gray1, shift_left(depth0, shift_px), camera, truth_m)


def shift_left(depth: Depth, shift_px: Float32[np.ndarray, "h w"]) -> Depth:
    """Depth as a camera to the right sees it: the nearest of what lands on a pixel, 0 for none."""
    height, width = depth.shape
    moved = np.full((height, width), np.inf, np.float32)
    y, x = np.mgrid[:height, :width]
    for column in (np.floor(x - shift_px).astype(int), np.ceil(x - shift_px).astype(int)):
        lands = (depth > 0) & (column >= 0) & (column < width)
        np.minimum.at(moved, (y[lands], column[lands]), depth[lands])
    moved[np.isinf(moved)] = 0
    return moved


def read_gray(path: Path) -> Intensity:
    """An image file in whole gray levels, which is all that most peers can take."""
    color = cv2.imread(str(path))
    if color is None:
        raise DataError(f"{path}: not an image that OpenCV reads")
    weights = np.array([0.114, 0.587, 0.299], np.float32)
    return np.rint(color.astype(np.float32) @ weights).astype(np.float32)


def read_depth(path: Path, units: int) -> Depth:
    """A 16-bit depth image in meters; `units` are its values of a meter."""
    stored = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if stored is None or stored.ndim != 2:
        raise DataError(f"{path}: not a depth image of one channel that OpenCV reads")
    return stored.astype(np.float32) / np.float32(units)


def halve(pair: RealPair) -> RealPair:
    """At half the size: gray by area, depth and truth at every second pixel."""
    height, width = (side // 2 for side in pair.depth0.shape)
    gray0, gray1 = (
        np.rint(cv2.resize(gray, (width, height), interpolation=cv2.INTER_AREA))
        for gray in (pair.intensity0, pair.intensity1)
    )
    depth0, depth1 = (
        np.ascontiguousarray(depth[::2, ::2][:height, :width])
        for depth in (pair.depth0, pair.depth1)
    )
    truth_m = None if pair.truth_m is None else pair.truth_m[::2, ::2][:height, :width]
    full = pair.camera
    camera = Camera(width, height, full.fx / 2, full.fy / 2, full.cx / 2, full.cy / 2)
    return RealPair(gray0, depth0, gray1, depth1, camera, truth_m)


FOLDERS: dict[str, tuple[str, Callable[[Path], RealPair]]] = {  # below the folder of real data
    "deepdeform": ("scene_flow_real/deepdeform_seq258", load_deepdeform),
    "pair1": ("scene_flow/pair1", load_xtion),
    "pair2": ("scene_flow/pair2", load_xtion),
    "two_people_moving": ("scene_flow_real/two_people_moving", load_xtion),
    "person_standing": ("scene_flow_real/person_standing", load_xtion),
}
MOTORCYCLE = "motorcycle"
PAIRS = ("deepdeform", MOTORCYCLE, "pair1", "pair2", "two_people_moving", "person_standing")


def find_pair(name: str, data: Path) -> Callable[[], RealPair] | str:
    """What loads a pair, or why it cannot be had."""
    if name == MOTORCYCLE:
        return _find_motorcycle()
    folder, load = FOLDERS[name]
    if not (data / folder).is_dir():
        return f"no {data / folder} (set SKELFLOW_DATA to the folder of real data)"
    return partial(load, data / folder)


def _find_motorcycle() -> Callable[[], RealPair] | str:
    found = importlib.util.find_spec("skimage")
    if found is None:
        return "scikit-image is not installed (pip install scikit-image)"
    for location in found.submodule_search_locations or ():
        folder = Path(location) / "data"
        if (folder / "motorcycle_disp.npz").is_file():
            return partial(load_motorcycle, folder)
    return "this scikit-image comes without data/motorcycle_disp.npz"
