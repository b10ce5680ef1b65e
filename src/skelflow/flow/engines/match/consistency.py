"""Which pixels' match is one surface's motion, and what the others take instead."""

import cv2
import numpy as np

from skelflow.flow.constants import FARTHEST_M, FEW_RETURN, LONELY_M, VIEW_MARGIN
from skelflow.flow.engines.match.image_match import Mask, places
from skelflow.flow.engines.match.surfaces import fill_holes, read_depth, surface_means
from skelflow.flow.state import Field, Motion
from skelflow.types import Depth

TRUST_PX, FILL_PX = 12.0, 15.0  # reach of the means on a surface
SEEN = 0.99  # share of a place's neighbors that have depth where it counts as read
LEAST = np.float32(1e-4)  # trusted share within reach, below which a surface has none


def read_change(u: Field, v: Field, depth0: Depth, depth1: Depth) -> tuple[Motion, Mask]:
    """The displacement with its change of depth, and where both depths are known."""
    height, width = depth0.shape
    x, y = places(u, v)
    ahead = read_depth(fill_holes(depth1), x, y)
    w = np.where(depth0 > 0, ahead - depth0, np.float32(0))
    seen = cv2.remap((depth1 > 0).astype(np.float32), x, y, cv2.INTER_LINEAR) > SEEN
    inside = (x > -VIEW_MARGIN) & (x < width - VIEW_MARGIN)
    inside &= (y > -VIEW_MARGIN) & (y < height - VIEW_MARGIN)
    return Motion(u, v, w), seen & inside & (depth0 > 0)


def find_trusted(motion: Motion, seen: Mask, returns: Mask, depth: Depth) -> Mask:
    """Where a match stays on its surface, changes depth as the pixels around it, and comes back.

    Parameters
    ----------
    motion : the match.
    seen : (h, w) bool, where its change of depth could be read.
    returns : (h, w) bool, where the match back leads home. Where less than 30 % of a surface does,
        the way back was lost, and says nothing about the way there.
    depth : (h, w) float32, meters, without holes.
    """
    near = seen & (np.abs(motion.w) < FARTHEST_M)
    weight = near.astype(np.float32)
    fields = weight, motion.w * weight, returns.astype(np.float32)
    total, change, share = surface_means(fields, depth, TRUST_PX)
    lonely = np.abs(motion.w - change / np.maximum(total, np.float32(1e-6))) >= LONELY_M
    return np.asarray(near & ~lonely & (returns | (share < FEW_RETURN)))


def fill_untrusted(motion: Motion, trusted: Mask, depth: Depth, coarse: Motion) -> Motion:
    """What is not trusted takes the trusted mean of its surface, or the coarse motion."""
    weight = trusted.astype(np.float32)
    total, *sums = surface_means((weight, *(f * weight for f in motion)), depth, FILL_PX)
    total = np.maximum(total, np.float32(1e-9))
    fill = (
        np.where(total < LEAST, rough, moment / total)
        for moment, rough in zip(sums, coarse, strict=True)
    )
    return Motion(*(np.where(trusted, own, f) for own, f in zip(motion, fill, strict=True)))
