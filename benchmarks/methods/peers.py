"""What a user would pick instead: OpenCV's optical flow in the image, lifted to 3D with the depth.

Every peer gets the same lift: holes of the second depth take the nearest reading, the depth is read
between pixels unless a step in depth lies there, and the moved point is back-projected exactly. It
is made as strong as it can be without a prior on the motion: where OpenCV's flow is smoothed with a
5x5 median, so is the change of depth. Before version 5, OpenCV reads between pixels in steps of
1/32 only.
"""

from collections.abc import Callable
from functools import partial

import cv2
import numpy as np

from skelflow.types import Camera

SAME_SURFACE_M = 0.1
BILATERAL = {"d": 15, "sigmaColor": 0.1, "sigmaSpace": 5}  # pixels, meters, pixels
FARTHEST_M = 0.3  # the largest change of depth that counts as motion, where any is rejected
MEDIAN_PX = 5

Images = tuple[np.ndarray, np.ndarray]
Method = Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray, Camera], np.ndarray]


def follow_dis(gray: Images) -> np.ndarray:
    """DIS at its medium preset."""
    dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    return np.asarray(dis.calc(*gray, None))


def follow_farneback(gray: Images) -> np.ndarray:
    """Farneback: pyramid 0.5, 5 levels, window 15, 3 iterations, polynomial of 7 pixels."""
    return cv2.calcOpticalFlowFarneback(*gray, None, 0.5, 5, 15, 3, 7, 1.5, 0)


def follow_tvl1(gray: Images) -> np.ndarray:
    """Dual TV-L1 with OpenCV's own settings."""
    optflow = cv2.optflow  # type: ignore[attr-defined] # only in OpenCV's contrib build
    return np.asarray(optflow.DualTVL1OpticalFlow_create().calc(*gray, None))


def lift_flow(
    gray0: np.ndarray,
    depth0: np.ndarray,
    gray1: np.ndarray,
    depth1: np.ndarray,
    camera: Camera,
    *,
    follow: Callable[[Images], np.ndarray],
    bilateral: bool = False,
    farthest_m: float = np.inf,
) -> np.ndarray:
    """Flow in the image, 5x5 median, and the depth it leads to: (h, w, 3) meters.

    Changes of depth beyond `farthest_m` are taken for another surface, and for none of the motion.
    """
    flow = follow((gray0.astype(np.uint8), gray1.astype(np.uint8)))
    u, v = (cv2.medianBlur(np.ascontiguousarray(flow[..., axis]), MEDIAN_PX) for axis in (0, 1))
    start, end = map(smooth_depth, (depth0, depth1)) if bilateral else (depth0, depth1)
    x = np.arange(camera.width, dtype=np.float32)[None, :]
    y = np.arange(camera.height, dtype=np.float32)[:, None]
    w = read_depth(fill_holes(end), x + u, y + v) - start
    w[(start == 0) | (np.abs(w) > farthest_m)] = 0
    w = cv2.medianBlur(w, MEDIAN_PX)
    motion = (
        ((start + w) * u + w * (x - np.float32(camera.cx))) / np.float32(camera.fx),
        ((start + w) * v + w * (y - np.float32(camera.cy))) / np.float32(camera.fy),
        w,
    )
    return np.where((depth0 > 0)[..., None], np.stack(motion, axis=-1), np.float32(0))


def smooth_depth(depth: np.ndarray) -> np.ndarray:
    """Bilateral filter; a hole is too far off in depth to count, and stays one."""
    return np.where(depth > 0, cv2.bilateralFilter(depth, **BILATERAL), np.float32(0))


def fill_holes(depth: np.ndarray) -> np.ndarray:
    """Every hole takes the nearest pixel's depth."""
    hole = depth == 0
    if hole.all() or not hole.any():
        return depth
    _, nearest = cv2.distanceTransformWithLabels(
        hole.astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    by_label = np.zeros(nearest.max() + 1, np.float32)
    by_label[nearest[~hole]] = depth[~hole]
    return by_label[nearest]


def read_depth(depth: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Depth between pixels; the nearest pixel's where surfaces more than 10 cm apart meet."""
    read = partial(cv2.remap, depth, x, y, borderMode=cv2.BORDER_REPLICATE)
    between, nearest = read(interpolation=cv2.INTER_LINEAR), read(interpolation=cv2.INTER_NEAREST)
    return np.where(np.abs(between - nearest) < SAME_SURFACE_M / 2, between, nearest)


RIVAL = "DIS + bilateral"  # "DIS medium + bilateral + 5x5 median + lift" of the demands
TVL1 = "DualTVL1"
PEERS: dict[str, Method] = {
    RIVAL: partial(lift_flow, follow=follow_dis, bilateral=True),
    "DIS + bilateral, limited": partial(
        lift_flow, follow=follow_dis, bilateral=True, farthest_m=FARTHEST_M
    ),
    "DIS": partial(lift_flow, follow=follow_dis),
    "Farneback": partial(lift_flow, follow=follow_farneback),
    TVL1: partial(lift_flow, follow=follow_tvl1),
}


def is_available(name: str) -> bool:
    """Whether this OpenCV has what the peer needs: DualTVL1 comes with opencv-contrib only."""
    return name != TVL1 or hasattr(cv2, "optflow")
