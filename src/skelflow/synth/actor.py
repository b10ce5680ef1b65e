"""What is on a stage: triangle meshes that move, and the people among them.

Stage coordinates: meters, x right, y down, z away from a camera that looks at the stage from the
front. The origin lies on the floor in the middle, so what stands up has negative y. A person at
rest faces the front (-z).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int32, UInt8

Points = Float32[np.ndarray, "points 3"]
Joints = Float32[np.ndarray, "25 3"]

NO_PART = 255


@dataclass(frozen=True)
class Actor:
    """A mesh whose points move over time; its triangles stay the same.

    Parameters
    ----------
    faces : (faces, 3) int32
        Three point numbers each, counterclockwise as seen from outside.
    points_m : frame number -> (points, 3) float32, stage coordinates.
    paint_m : (points, 3) float32
        Where each point was when the mesh was painted: its place in a solid texture, so that the
        pattern moves with the surface.
    material : (faces,) uint8
        Number into `materials`.
    materials : names such as "skin", "shirt", "wood"; the painter gives each its colors.
    part : (points,) uint8
        The Kinect v2 joint whose bone the point belongs to, `NO_PART` for things.
    joints_m : frame number -> (25, 3) float32, stage coordinates, layout `kinect_v2`; None for
        things.
    """

    faces: Int32[np.ndarray, "faces 3"]
    points_m: Callable[[int], Points]
    paint_m: Points
    material: UInt8[np.ndarray, " faces"]
    materials: tuple[str, ...]
    part: UInt8[np.ndarray, " points"]
    joints_m: Callable[[int], Joints] | None = None


@dataclass(frozen=True)
class Performance:
    """An action as it is played: who and what moves, over how many frames at 30 Hz.

    Parameters
    ----------
    people : one or two actors with joints.
    props : things held or used, which move with the people.
    frames : int
    """

    people: tuple[Actor, ...]
    props: tuple[Actor, ...]
    frames: int
