"""33 landmarks of the person in a square of the image."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32, UInt8

from skelflow.pose.blazepose.networks import LANDMARKS, Network
from skelflow.pose.blazepose.region import Region

SIDE = 256
COUNT = 33
REFINED_AROUND = 3  # cells of the heat map on each side of a landmark
LEAST_HEAT = 0.5  # a heat map that is surer than this moves its landmark
HIPS, TOP = 33, 34  # landmarks that say where the person is in the next frame


@dataclass(frozen=True)
class Landmarks:
    """A person in an image.

    Parameters
    ----------
    score : how sure the network is that there is a person, in [0, 1].
    points_px : (33, 2), pixels.
    relative_m : (33, 3), meters from the middle of the hips as the network guesses them from the
        image; x right, y down, z away.
    visibility : (33,) in [0, 1]: the landmark is in the image and not hidden.
    region : where to look in the next frame.
    """

    score: float
    points_px: Float32[np.ndarray, "33 2"]
    relative_m: Float32[np.ndarray, "33 3"]
    visibility: Float32[np.ndarray, "33"]
    region: Region


class LandmarkNetwork:
    """Places the landmarks.

    Notes
    -----
    Source: Bazarevsky et al., BlazePose, CVPR workshops 2020; refinement by heat maps as in
    MediaPipe's `RefineLandmarksFromHeatmapCalculator`.
    """

    def __init__(self) -> None:
        self._network = Network(LANDMARKS)

    def __call__(self, image: UInt8[np.ndarray, "h w 3"], region: Region) -> Landmarks:
        """The landmarks of the person in a region of an RGB image, there or not: see `score`."""
        crop = region.cut(image, SIDE).astype(np.float32) / 255
        flat, score, _, heat, world = self._network(crop)
        raw = flat.reshape(-1, 5)
        shares = refine(raw[:, :2] / SIDE, heat)
        points = region.to_image(shares).astype(np.float32)
        relative = world.reshape(-1, 3)[:COUNT].copy()
        relative[:, :2] = region.turn(relative[:, :2])
        return Landmarks(
            score=float(score[0]),
            points_px=points[:COUNT],
            relative_m=relative,
            visibility=_sigmoid(raw[:COUNT, 3]),
            region=Region.around(points[HIPS], points[TOP]),
        )


def refine(
    shares: Float[np.ndarray, "n 2"], heat: Float32[np.ndarray, "side side n"]
) -> Float[np.ndarray, "n 2"]:
    """Each landmark to the center of the heat around it, where the heat is sure enough.

    Parameters
    ----------
    shares : of the square's sides.
    heat : logits, a map a landmark.
    """
    side, refined = heat.shape[0], shares.copy()
    for i, (column, row) in enumerate((shares * side).astype(int).tolist()):
        if not (0 <= column < side and 0 <= row < side):
            continue
        left, top = max(column - REFINED_AROUND, 0), max(row - REFINED_AROUND, 0)
        near = _sigmoid(heat[top : row + REFINED_AROUND + 1, left : column + REFINED_AROUND + 1, i])
        if near.max() >= LEAST_HEAT:
            x = left + near.sum(axis=0) @ np.arange(near.shape[1]) / near.sum()
            y = top + near.sum(axis=1) @ np.arange(near.shape[0]) / near.sum()
            refined[i] = x / side, y / side
    return refined


def _sigmoid(logits: Float32[np.ndarray, "..."]) -> Float32[np.ndarray, "..."]:
    return np.asarray(1 / (1 + np.exp(-logits.clip(-80, 80))), np.float32)
