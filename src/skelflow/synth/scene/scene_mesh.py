"""All surfaces of a scene as one mesh, with the material and body part of each."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np
from jaxtyping import Float32, Int32, UInt8

from skelflow.errors import DataError
from skelflow.skeleton.layouts import KINECT_V2
from skelflow.synth.actor import NO_PART, Actor, Performance, Points
from skelflow.synth.rigid import Rigid, apply_rigid

JOINTS = len(KINECT_V2)
BACKGROUND = 255  # body part of the room, which never moves
OBJECT = 254  # body part of objects that may move
MOST_PEOPLE = 8


class Role(Enum):
    """Role of an actor in a scene."""

    PERSON = "performs the action and is tracked"
    PROP = "object used in the action"
    PEDESTRIAN = "walks by, not tracked"
    MOVING = "object that moves by itself"
    ROOM = "static background"


@dataclass(frozen=True)
class SceneObject:
    """An actor with its role and the owner of its textures.

    Parameters
    ----------
    actor : the moving mesh.
    role : its role in the scene.
    owner : number of the person or room whose textures its materials get.
    """

    actor: Actor
    role: Role
    owner: int = 0


@dataclass(frozen=True)
class SceneMesh:
    """All actors of a scene as one mesh.

    Parameters
    ----------
    objects : the actors, in order of their points.
    faces : (faces, 3) int32, indices into the points of all objects.
    texture_m : (points, 3) float32, coordinates in the solid textures.
    material : (faces,) uint8, into `materials`.
    materials : (wearer, name) of each material.
    part : (points,) uint8
        25 x person + Kinect v2 joint, people in the order of `objects`; `OBJECT`; `BACKGROUND`.
    """

    objects: tuple[SceneObject, ...]
    faces: Int32[np.ndarray, "faces 3"]
    texture_m: Points
    material: UInt8[np.ndarray, " faces"]
    materials: tuple[tuple[int, str], ...]
    part: UInt8[np.ndarray, " points"]

    def points_m(self, t: int) -> Points:
        """All points in frame t, scene coordinates."""
        return np.concatenate([scene_object.actor.points_m(t) for scene_object in self.objects])

    def joints_m(self, t: int) -> Float32[np.ndarray, "people 25 3"]:
        """Joints of the tracked people in frame t, scene coordinates."""
        found = [
            scene_object.actor.joints_m(t)
            for scene_object in self.objects
            if scene_object.role is Role.PERSON and scene_object.actor.joints_m is not None
        ]
        return np.stack(found) if found else np.zeros((0, JOINTS, 3), np.float32)


def build_scene_mesh(objects: Sequence[SceneObject]) -> SceneMesh:
    """Combine actors into one mesh.

    Raises
    ------
    DataError
        There is no actor, or more people or materials than uint8 codes can tell apart.
    """
    if not objects:
        raise DataError("a scene needs at least one actor")
    materials = tuple(dict.fromkeys(_materials(objects)))
    if len(materials) > 255:
        raise DataError(f"{len(materials)} materials in a scene, at most 255 are possible")
    faces, material, start = [], [], 0
    for scene_object in objects:
        actor = scene_object.actor
        faces.append(actor.faces + np.int32(start))
        own = [materials.index((scene_object.owner, name)) for name in actor.materials]
        material.append(np.array(own, np.uint8)[actor.material])
        start += len(actor.texture_m)
    return SceneMesh(
        objects=tuple(objects),
        faces=np.concatenate(faces),
        texture_m=np.concatenate([scene_object.actor.texture_m for scene_object in objects]),
        material=np.concatenate(material),
        materials=materials,
        part=np.concatenate(_parts(objects)),
    )


def transform_performance(performance: Performance, pose: Rigid) -> Performance:
    """The same action after a rigid transform."""
    return replace(
        performance,
        people=tuple(transform_actor(actor, pose) for actor in performance.people),
        props=tuple(transform_actor(actor, pose) for actor in performance.props),
    )


def crop_performance(performance: Performance, most: int) -> Performance:
    """At most `most` frames, cut from the middle."""
    start = max(performance.frames - most, 0) // 2
    return replace(
        performance,
        people=tuple(_skip_frames(actor, start) for actor in performance.people),
        props=tuple(_skip_frames(actor, start) for actor in performance.props),
        frames=min(performance.frames, most),
    )


def _skip_frames(actor: Actor, start: int) -> Actor:
    joints_m = actor.joints_m
    return replace(
        actor,
        points_m=lambda t: actor.points_m(t + start),
        joints_m=None if joints_m is None else lambda t: joints_m(t + start),
    )


def transform_actor(actor: Actor, pose: Rigid) -> Actor:
    """The same actor after a rigid transform."""
    joints_m = actor.joints_m
    return replace(
        actor,
        points_m=lambda t: transform_points(actor.points_m(t), pose),
        joints_m=None if joints_m is None else lambda t: transform_points(joints_m(t), pose),
    )


def transform_points(points_m: Points, pose: Rigid) -> Points:
    """Points after a rigid transform, computed in float64."""
    return apply_rigid(points_m.astype(np.float64), pose).astype(np.float32)


def _materials(objects: Sequence[SceneObject]) -> list[tuple[int, str]]:
    return [
        (scene_object.owner, name)
        for scene_object in objects
        for name in scene_object.actor.materials
    ]


def _parts(objects: Sequence[SceneObject]) -> list[UInt8[np.ndarray, " points"]]:
    """Body parts of each object, people numbered in order."""
    parts, person = [], 0
    for scene_object in objects:
        own = scene_object.actor.part
        if scene_object.actor.joints_m is None:
            code = BACKGROUND if scene_object.role is Role.ROOM else OBJECT
            parts.append(np.full(len(own), code, np.uint8))
            continue
        if person == MOST_PEOPLE:
            raise DataError(f"more than {MOST_PEOPLE} people in a scene")
        parts.append(np.where(own == NO_PART, OBJECT, own + JOINTS * person).astype(np.uint8))
        person += 1
    return parts
