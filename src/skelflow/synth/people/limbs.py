"""Two-bone inverse kinematics for arms and legs."""

import math
from typing import NamedTuple

import numpy as np

from skelflow.synth.people.rotations import RotationMatrix, Vector, rotation_between, unit

FOLDED_RAD = 0.55  # smallest angle of elbow or knee
STRETCH = 0.998  # largest share of the full length: a limb never locks


class Limb(NamedTuple):
    """Positions of a limb's middle (elbow, knee) and end (wrist, ankle), and its hinge axis."""

    middle_m: Vector
    end_m: Vector
    hinge: Vector


def reach(
    start_m: Vector,
    target_m: Vector,
    toward: Vector,
    lengths_m: tuple[float, float],
) -> Limb:
    """Place two bones from `start_m` to `target_m`, or as near as they reach, bent `toward` a side.

    Notes
    -----
    The law of cosines gives the angle at the start; the hinge is normal to the limb's plane.
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


def limb_rotations(
    rest: tuple[Vector, Vector, Vector], start_m: Vector, limb: Limb
) -> tuple[RotationMatrix, RotationMatrix]:
    """Rotations of both bones from the rest pose (start, middle, end) to a posed limb.

    The hinge of the rest pose follows from its own slight bend.
    """
    start, middle, end = rest
    hinge = unit(np.cross(end - start, middle - start))
    upper = rotation_between((middle - start, hinge), (limb.middle_m - start_m, limb.hinge))
    lower = rotation_between((end - middle, hinge), (limb.end_m - limb.middle_m, limb.hinge))
    return upper, lower
