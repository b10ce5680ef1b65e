"""Finding people in an image: BlazePose's detector, its anchors and its suppression."""

from functools import cache
from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from skelflow.pose.blazepose.networks import DETECTOR, Network
from skelflow.pose.blazepose.region import Region

SIDE = 224
CELLS = ((8, 2), (16, 2), (32, 6))  # pixels of a cell of the anchors' grid, anchors in each
LEAST_SCORE = 0.5
LEAST_OVERLAP = 0.3  # of two boxes that mean the same person

Box = Float32[np.ndarray, "12"]  # center x, y, width, height, then four points
Boxes = Float32[np.ndarray, "n 12"]


class Detection(NamedTuple):
    """A person.

    Parameters
    ----------
    score : in [0, 1].
    region : the square about the whole person.
    """

    score: float
    region: Region


class Detector:
    """Finds people.

    Notes
    -----
    Source: Bazarevsky et al., BlazePose, CVPR workshops 2020; the anchors, sizes and the weighted
    non-maximum suppression are those of MediaPipe's graph `pose_detection_cpu`.
    """

    def __init__(self) -> None:
        self._network = Network(DETECTOR)

    def __call__(
        self, image: UInt8[np.ndarray, "h w 3"], *, least_score: float = LEAST_SCORE
    ) -> list[Detection]:
        """The people in an RGB image, the surest first."""
        scale, left, top = _letterbox(image.shape[0], image.shape[1])
        matrix = np.array([[scale, 0, left], [0, scale, top]])
        square = cv2.warpAffine(image, matrix, (SIDE, SIDE))
        raw, logits = self._network(square.astype(np.float32) / 127.5 - 1)
        scores = 1 / (1 + np.exp(-logits[:, 0].clip(-80, 80)))
        likely = scores >= least_score
        found = suppress(decode(raw)[likely], scores[likely])
        return [Detection(score, _region(box, scale, left, top)) for box, score in found]


def decode(raw: Float32[np.ndarray, "2254 12"]) -> Boxes:
    """Boxes and points in pixels of the network's square: all are relative to the anchor."""
    boxes = raw.copy()
    boxes.reshape(len(boxes), 6, 2)[:, [0, 2, 3, 4, 5]] += anchors()[:, None]
    return boxes


@cache
def anchors() -> Float32[np.ndarray, "2254 2"]:
    """Centers of the anchors, pixels of the network's square, grid by grid, row by row."""
    grids = []
    for stride, count in CELLS:
        centers = (np.arange(SIDE // stride, dtype=np.float32) + 0.5) * stride
        y, x = np.meshgrid(centers, centers, indexing="ij")
        grids.append(np.repeat(np.stack((x.ravel(), y.ravel()), axis=1), count, axis=0))
    return np.concatenate(grids)


def suppress(boxes: Boxes, scores: Float32[np.ndarray, " n"]) -> list[tuple[Box, float]]:
    """Merge boxes that overlap the surest one into their mean, weighted by score; and so on."""
    found, rest = [], np.argsort(-scores, kind="stable")
    while rest.size:
        same = _overlap(boxes[rest[0]], boxes[rest]) > LEAST_OVERLAP
        same[0] = True
        group = rest[same]
        mean = np.average(boxes[group], axis=0, weights=scores[group])
        found.append((mean, float(scores[rest[0]])))
        rest = rest[~same]
    return found


def _overlap(box: Box, boxes: Boxes) -> Float32[np.ndarray, " n"]:
    """Intersection over union with each of the boxes."""
    low = np.maximum(box[:2] - box[2:4] / 2, boxes[:, :2] - boxes[:, 2:4] / 2)
    high = np.minimum(box[:2] + box[2:4] / 2, boxes[:, :2] + boxes[:, 2:4] / 2)
    common = np.prod(np.maximum(high - low, 0), axis=1)
    union = np.prod(box[2:4]) + np.prod(boxes[:, 2:4], axis=1) - common
    return np.asarray(common / np.maximum(union, 1e-9), np.float32)


def _letterbox(height: int, width: int) -> tuple[float, float, float]:
    """Scale and shift that center the image in the network's square; pixel centers to centers."""
    scale = SIDE / max(height, width)
    left, top = (SIDE - width * scale) / 2, (SIDE - height * scale) / 2
    return scale, left + (scale - 1) / 2, top + (scale - 1) / 2


def _region(box: Box, scale: float, left: float, top: float) -> Region:
    """The square about points 0 (between the hips) and 1 (on the circle around the person)."""
    points = (box[4:8].reshape(2, 2) - 0.5 - (left, top)) / scale
    return Region.around(points[0], points[1])
