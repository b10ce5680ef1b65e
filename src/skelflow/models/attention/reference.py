"""The masks of Eq. 3 and 5 and the weights of frames in plain NumPy, one by one, for the tests."""

import math

import numpy as np
from jaxtyping import Float

Joints = Float[np.ndarray, "l bodies joints 2"]


def midpoints(
    joints_px: Float[np.ndarray, "l bodies joints n"],
) -> Float[np.ndarray, "half bodies joints n"]:
    """Positions after time is halved: the mean of the valid ones of each two frames."""
    frames, *sizes = joints_px.shape
    halved = np.full((frames // 2, *sizes), np.nan, joints_px.dtype)
    for t, body, joint in np.ndindex(*halved.shape[:3]):
        pair = joints_px[2 * t : 2 * t + 2, body, joint]
        valid = pair[np.isfinite(pair).all(axis=1)]
        if len(valid):
            halved[t, body, joint] = valid.mean(axis=0)
    return halved


def reference_mask(
    joints_px: Joints,
    score: Float[np.ndarray, "bodies joints"] | None = None,
    *,
    height: int,
    width: int,
    stride: int,
    radius: int,
) -> Float[np.ndarray, "l h w"]:
    """M of one clip at one resolution: AT-1 without a score, AT-2 with one.

    Parameters
    ----------
    joints_px : (l, bodies, joints, 2) float, (x, y) in the clip's pixels; NaN = missing.
    score : (bodies, joints) float or None.
    height, width : of the features, cells.
    stride : pixels a cell.
    radius : of the discs, cells.

    Returns
    -------
    (l, height, width) float64.

    Notes
    -----
    Source: the paper, Eq. 3 and 5.
    """
    mask = np.zeros((len(joints_px), height, width))
    for n, j, i in np.ndindex(*mask.shape):
        scores = []
        for body, joint in np.ndindex(*joints_px.shape[1:3]):
            x, y = (float(value) for value in joints_px[n, body, joint])
            if not (math.isfinite(x) and math.isfinite(y)):
                continue
            a, b = math.floor((x + 0.5) / stride), math.floor((y + 0.5) / stride)
            if (i - a) ** 2 + (j - b) ** 2 <= radius**2:
                scores.append(0.0 if score is None else float(score[body, joint]))
        if scores:
            mask[n, j, i] = 1 + sum(scores) / len(scores)
    return mask


def reference_frame_weights(
    joints_px: Joints, score: Float[np.ndarray, "bodies joints"] | None = None
) -> Float[np.ndarray, " l"]:
    """How much the joints move in each frame of a clip, from 0 to 1; NaN where it is not known.

    Parameters
    ----------
    joints_px : (l, bodies, joints, 2) float, (x, y) in the clip's pixels; NaN = missing.
    score : (bodies, joints) float or None.
    """
    motion = np.full(len(joints_px), np.nan)
    for t, body, joint in np.ndindex(*joints_px.shape[:3]):
        place = joints_px[:, body, joint].astype(float)
        pairs = [(t, t + 1), (t - 1, t)]  # to the next frame, or else from the one before
        there = [
            pair
            for pair in pairs
            if pair[0] >= 0 and pair[1] < len(place) and np.isfinite(place[list(pair)]).all()
        ]
        if there:
            first, second = there[0]
            weight = 1.0 if score is None else float(score[body, joint])
            distance = weight * math.dist(place[first], place[second])
            motion[t] = distance + (0.0 if math.isnan(motion[t]) else motion[t])
    known = motion[np.isfinite(motion)]
    if not len(known) or np.ptp(known) == 0:
        return np.where(np.isfinite(motion), 1.0, np.nan)
    return np.asarray((motion - known.min()) / np.ptp(known))
