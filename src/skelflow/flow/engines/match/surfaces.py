"""Means that keep to one surface, and depth read between pixels and over holes."""

from collections.abc import Sequence
from typing import Any, no_type_check

import cv2
import numpy as np
from jaxtyping import Float32

from skelflow.flow.constants import DEPTH_BAND_M
from skelflow.flow.engines.jit import compiled
from skelflow.flow.state import Field
from skelflow.types import Depth

Places = Float32[np.ndarray, "h2 w2"]

PASSES = 2


def surface_means(
    fields: Sequence[Field], depth: Depth, reach_px: float
) -> Float32[np.ndarray, "fields h w"]:
    """Means of each field over about `reach_px` pixels, which do not cross steps in depth.

    Parameters
    ----------
    fields : each (h, w) float32.
    depth : (h, w) float32, meters, without holes.
    reach_px : float
        Standard deviation of the weights on a flat surface, pixels; a step of 10 cm in depth counts
        as that many pixels.

    Notes
    -----
    Source: the recursive domain transform, Gastal and Oliveira, SIGGRAPH 2011, equation 21.
    """
    means = np.stack(fields).astype(np.float32, copy=False)
    steepness = np.float32(reach_px) / DEPTH_BAND_M
    down, across = (1 + steepness * np.abs(np.diff(way, axis=0)) for way in (depth, depth.T))
    for later in reversed(range(PASSES)):
        sigma = reach_px * np.sqrt(3) * 2**later / np.sqrt(4**PASSES - 1)
        decay = np.float32(-np.sqrt(2) / sigma)
        for distance in (across, down):  # the columns of the transposed are the rows
            means = _transposed(means)
            sweep(means, cv2.exp(decay * distance))
    return means


def _transposed(fields: Float32[np.ndarray, "fields h w"]) -> Float32[np.ndarray, "fields w h"]:
    turned = np.empty((len(fields), *fields.shape[:0:-1]), np.float32)
    for field, into in zip(fields, turned, strict=True):
        cv2.transpose(field, dst=into)
    return turned


@compiled
@no_type_check
def sweep(fields: Any, weights: Any) -> None:
    """Down the columns and back up, in place: each pixel takes its share of its neighbor.

    `weights` is (h - 1, w): between each pixel and the one below.
    """
    count, height, width = fields.shape
    for field in range(count):
        for y in range(1, height):
            for x in range(width):
                here, above = fields[field, y, x], fields[field, y - 1, x]
                fields[field, y, x] = here + weights[y - 1, x] * (above - here)
        for y in range(height - 2, -1, -1):
            for x in range(width):
                here, below = fields[field, y, x], fields[field, y + 1, x]
                fields[field, y, x] = here + weights[y, x] * (below - here)


def read_depth(depth: Depth, x: Places, y: Places) -> Places:
    """Depth between pixels; the nearest pixel's where surfaces more than 10 cm apart meet."""
    edge = cv2.BORDER_REPLICATE
    between = cv2.remap(depth, x, y, cv2.INTER_LINEAR, borderMode=edge)
    nearest = cv2.remap(depth, x, y, cv2.INTER_NEAREST, borderMode=edge)
    return np.where(np.abs(between - nearest) < DEPTH_BAND_M / 2, between, nearest)


def fill_holes(field: Field) -> Field:
    """Every 0 takes the value of the nearest other pixel; nothing but zeros stays so."""
    hole = field == 0
    if hole.all() or not hole.any():
        return field
    _, nearest = cv2.distanceTransformWithLabels(
        hole.astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    by_label = np.zeros(nearest.max() + 1, np.float32)
    by_label[nearest[~hole]] = field[~hole]
    return by_label[nearest]
