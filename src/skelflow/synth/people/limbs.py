"""Arms and legs: two bones that reach for a place, bent toward a side."""

import math
from typing import NamedTuple

import numpy as np

from skelflow.synth.people.rotations import Turn, Vector, between, unit

FOLDED_RAD = 0.55  # the sharpest angle of an elbow or a knee
STRETCH = 0.998  # of the full length: a limb never locks


class Limb(NamedTuple):
    """Where a limb's middle (elbow, knee) and end (wrist, ankle) are, and the axis of its hinge."""

    middle_m: Vector
    end_m: Vector
    hinge: Vector


def reach(
    start_m: Vector,
    target_m: Vector,
    toward: Vector,
    lengths_m: tuple[float, float],
) -> Limb:
    """Two bones from `start_m` to `target_m`, as far as they reach, the middle bent `toward`.

    Notes
    -----
    The law of cosines gives the angle at the start; the hinge is square to the limb's plane.
    """
    upper, lower = lengths_m
    way = target_m - start_m
    far = np.linalg.norm(way, axis=-1, keepdims=True)
    shortest = math.sqrt(upper**2 + lower**2 - 2 * upper * lower * math.cos(FOLDED_RAD))
    span = np.clip(far, shortest, STRETCH * (upper + lower))
    axis = unit(way)
    hinge = unit(np.cross(axis, toward))
    side = np.cross(hinge, axis)
    along = (upper**2 - lower**2 + span**2) / (2 * span)
    off = np.sqrt(np.maximum(upper**2 - along**2, 0))
    return Limb(start_m + along * axis + off * side, start_m + span * axis, hinge)


def turn_limb(
    rest: tuple[Vector, Vector, Vector], start_m: Vector, limb: Limb
) -> tuple[Turn, Turn]:
    """The rotations of both bones from the rest pose (start, middle, end) to a reached one.

    The hinge of the rest pose is the one its own slight bend shows.
    """
    start, middle, end = rest
    hinge = unit(np.cross(end - start, middle - start))
    upper = between((middle - start, hinge), (limb.middle_m - start_m, limb.hinge))
    lower = between((end - middle, hinge), (limb.end_m - limb.middle_m, limb.hinge))
    return upper, lower
