"""The square window around who acts, the same for a whole recording."""

from collections.abc import Iterable

import cv2
import numpy as np
from jaxtyping import Bool, Float

from skelflow.types import Depth, Recording, Skeleton, Window

FIRST_FRAMES = 5  # with a body in them; the window follows from these
AROUND = 0.5  # of a body's height, added to its larger extent: 1.5 x the height of who stands
TRACKED_SHARE = 0.5  # of the joints, at least, make a body
TALLER = 0.87  # joints from head to foot over the outline in depth: of 24 UTD-MHAD recordings

_LATER = 8  # frames that the first one is compared with
_MOVED_M = 0.1
_LEAST_SHARE = 0.001  # of the image's pixels; less is noise
_REACH_M = 0.6  # from the median depth of what moves to the rest of the body

Box = Float[np.ndarray, "4"]  # left, top, right, bottom, pixels
Mask = Bool[np.ndarray, "h w"]


def person_window(recording: Recording) -> Window:
    """A square around all bodies of the first frames: 1.5 times the height of one who stands.

    Its side is the larger extent of the bodies, of the joints in the first five frames that have
    any, and half of the tallest one's height. So it holds as many body heights at any distance,
    focal length and resolution. Without joints the body is what moves, else what is nearest.

    Parameters
    ----------
    recording : at least one frame; depth is decoded only where there are no joints.

    Returns
    -------
    Window : its center lies in the image, its border may lie outside.
    """
    found = None if recording.skeleton is None else _box_of_joints(recording.skeleton)
    box, tallest = found or _box_of_depth(recording)
    side = max(2, round(max(box[2] - box[0], box[3] - box[1]) + AROUND * tallest))
    camera = recording.camera
    x, y = np.clip((box[:2] + box[2:]) / 2, 0, (camera.width - 1, camera.height - 1))
    return Window(round(float(x) - (side - 1) / 2), round(float(y) - (side - 1) / 2), side, side)


def _box_of_joints(skeleton: Skeleton) -> tuple[Box, float] | None:
    """The bodies' extent and the tallest one's height, medians over the first frames."""
    px = skeleton.joints_px.astype(np.float64)
    known = np.isfinite(px).all(axis=-1) & px.any(axis=-1) & (skeleton.tracking > 0)
    bodies = known.mean(axis=-1) >= TRACKED_SHARE
    frames = np.flatnonzero(bodies.any(axis=-1))[:FIRST_FRAMES]
    if not len(frames):
        return None
    used = (known & bodies[..., None])[frames]
    low = np.where(used[..., None], px[frames], np.inf).min(axis=2)  # frames, bodies, (x, y)
    high = np.where(used[..., None], px[frames], -np.inf).max(axis=2)
    boxes = np.concatenate((low.min(axis=1), high.max(axis=1)), axis=-1)
    heights = (high - low)[..., 1].max(axis=1, where=bodies[frames], initial=0)
    return np.median(boxes, axis=0), float(np.median(heights))


def _box_of_depth(recording: Recording) -> tuple[Box, float]:
    """The outline of what moves, else of what is nearest; the whole image without any depth."""
    times = np.unique(np.linspace(0, len(recording) - 1, _LATER + 1).astype(int))
    first = recording.depth[0]
    near = _nearer_where_moved(first, (recording.depth[int(t)] for t in times[1:]))
    least = _LEAST_SHARE * first.size
    if np.count_nonzero(near) < least:
        near = first
        middle_m = np.percentile(first[first > 0], 5) if first.any() else 0.0
    else:
        middle_m = np.median(near[near > 0])
    body = (np.abs(first - np.float32(middle_m)) < _REACH_M) & (first > 0)
    mask = _component(body, near > 0)
    if np.count_nonzero(mask) < least:
        mask = near > 0 if near.any() else np.ones(first.shape, bool)
    rows, columns = np.nonzero(mask)
    (left, right), (top, bottom) = (np.percentile(at, (1, 99)) for at in (columns, rows))
    height = TALLER * (bottom - top)
    middle = np.array([(left + right) / 2, (top + bottom) / 2])
    return np.concatenate((middle - height / 2, middle + height / 2)), float(height)


def _nearer_where_moved(first: Depth, later: Iterable[Depth]) -> Depth:
    """The nearer of both depths where a later frame differs from the first; 0 elsewhere."""
    near = np.zeros_like(first)
    for depth in later:
        moved = (first > 0) & (depth > 0) & (np.abs(depth - first) > _MOVED_M)
        kept = cv2.morphologyEx(moved.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
        nearer = np.where(kept > 0, np.minimum(first, depth), 0)
        near = np.where(near > 0, near, nearer)
    return near


def _component(body: Mask, seeds: Mask) -> Mask:
    """The connected part of a mask that holds the most seeds; nothing where none holds any."""
    count, labels = cv2.connectedComponents(body.astype(np.uint8), connectivity=4)
    votes = np.bincount(labels[seeds & body], minlength=count)
    votes[0] = 0
    return np.asarray((labels == int(votes.argmax())) & body)
