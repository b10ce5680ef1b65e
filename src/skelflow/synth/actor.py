"""Actors: triangle meshes that move, among them people.

Scene coordinates: meters, x right, y down, z away from a camera in front of the scene. The origin
lies on the floor in the center, so heights are negative y. A person at rest faces -z.
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
        Three point indices each, counterclockwise as seen from outside.
    points_m : frame number -> (points, 3) float32, scene coordinates.
    texture_m : (points, 3) float32
        Coordinates of each point in a solid texture, so that the pattern moves with the surface.
    material : (faces,) uint8
        Index into `materials`.
    materials : names such as "skin", "shirt", "wood"; they select the textures.
    part : (points,) uint8
        The Kinect v2 joint whose bone the point belongs to, `NO_PART` for objects.
    joints_m : frame number -> (25, 3) float32, scene coordinates, layout `kinect_v2`; None for
        objects.
    """

    faces: Int32[np.ndarray, "faces 3"]
    points_m: Callable[[int], Points]
    texture_m: Points
    material: UInt8[np.ndarray, " faces"]
    materials: tuple[str, ...]
    part: UInt8[np.ndarray, " points"]
    joints_m: Callable[[int], Joints] | None = None


@dataclass(frozen=True)
class Performance:
    """A performed action: the people and props that move, at 30 Hz.

    Parameters
    ----------
    people : one or two actors with joints.
    props : objects held or used.
    frames : number of frames.
    """

    people: tuple[Actor, ...]
    props: tuple[Actor, ...]
    frames: int
