"""Everything before the camera as one mesh, with what each surface is made of and belongs to."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np
from jaxtyping import Float32, Int32, UInt8

from skelflow.errors import DataError
from skelflow.skeleton.layouts import KINECT_V2
from skelflow.synth.actor import NO_PART, Actor, Performance, Points
from skelflow.synth.rigid import Rigid, move

JOINTS = len(KINECT_V2)
BACKGROUND = 255  # body part of what never moves: the room
THING = 254  # body part of what is no person and may move
MOST_PEOPLE = 8


class Role(Enum):
    """What an actor is for."""

    PERSON = "acts, and is tracked"
    PROP = "is held or used"
    PASSER = "walks by, and is not tracked"
    MOVER = "moves by itself"
    ROOM = "stands still"


@dataclass(frozen=True)
class Member:
    """An actor, what it is for, and whose clothes it wears.

    Parameters
    ----------
    actor, role : who, and what for.
    wearer : number of the person whose paints its materials get; things of the room share one.
    """

    actor: Actor
    role: Role
    wearer: int = 0


@dataclass(frozen=True)
class Stage:
    """Actors as one mesh.

    Parameters
    ----------
    members : who is on it.
    faces : (faces, 3) int32, into the points of all members.
    paint_m : (points, 3) float32, places in the solid textures.
    material : (faces,) uint8, into `materials`.
    materials : (wearer, name) of each material.
    part : (points,) uint8
        25 x person + Kinect v2 joint, people in the order of `members`; `THING`; `BACKGROUND`.
    """

    members: tuple[Member, ...]
    faces: Int32[np.ndarray, "faces 3"]
    paint_m: Points
    material: UInt8[np.ndarray, " faces"]
    materials: tuple[tuple[int, str], ...]
    part: UInt8[np.ndarray, " points"]

    def points_m(self, t: int) -> Points:
        """Where all points are in frame t, stage coordinates."""
        return np.concatenate([member.actor.points_m(t) for member in self.members])

    def joints_m(self, t: int) -> Float32[np.ndarray, "people 25 3"]:
        """The joints of those who are tracked, stage coordinates."""
        found = [
            member.actor.joints_m(t)
            for member in self.members
            if member.role is Role.PERSON and member.actor.joints_m is not None
        ]
        return np.stack(found) if found else np.zeros((0, JOINTS, 3), np.float32)


def build_stage(members: Sequence[Member]) -> Stage:
    """Put actors together.

    Raises
    ------
    DataError
        Nobody is there, or more people than body parts can be told apart.
    """
    if not members:
        raise DataError("a stage needs at least one actor")
    materials = tuple(dict.fromkeys(_materials(members)))
    if len(materials) > 255:
        raise DataError(f"{len(materials)} materials on a stage, at most 255 can be told apart")
    faces, material, start = [], [], 0
    for member in members:
        actor = member.actor
        faces.append(actor.faces + np.int32(start))
        own = [materials.index((member.wearer, name)) for name in actor.materials]
        material.append(np.array(own, np.uint8)[actor.material])
        start += len(actor.paint_m)
    return Stage(
        members=tuple(members),
        faces=np.concatenate(faces),
        paint_m=np.concatenate([member.actor.paint_m for member in members]),
        material=np.concatenate(material),
        materials=materials,
        part=np.concatenate(_parts(members)),
    )


def place_performance(performance: Performance, pose: Rigid) -> Performance:
    """The same action, turned and moved about the stage."""
    return replace(
        performance,
        people=tuple(place_actor(actor, pose) for actor in performance.people),
        props=tuple(place_actor(actor, pose) for actor in performance.props),
    )


def cut_performance(performance: Performance, most: int) -> Performance:
    """At most so many frames of it, from the middle, where the action is."""
    start = max(performance.frames - most, 0) // 2
    return replace(
        performance,
        people=tuple(_begin_at(actor, start) for actor in performance.people),
        props=tuple(_begin_at(actor, start) for actor in performance.props),
        frames=min(performance.frames, most),
    )


def _begin_at(actor: Actor, start: int) -> Actor:
    joints_m = actor.joints_m
    return replace(
        actor,
        points_m=lambda t: actor.points_m(t + start),
        joints_m=None if joints_m is None else lambda t: joints_m(t + start),
    )


def place_actor(actor: Actor, pose: Rigid) -> Actor:
    """The same actor, turned and moved about the stage."""
    joints_m = actor.joints_m
    return replace(
        actor,
        points_m=lambda t: carry(actor.points_m(t), pose),
        joints_m=None if joints_m is None else lambda t: carry(joints_m(t), pose),
    )


def carry(points_m: Points, pose: Rigid) -> Points:
    """Points in other coordinates."""
    return move(points_m.astype(np.float64), pose).astype(np.float32)


def _materials(members: Sequence[Member]) -> list[tuple[int, str]]:
    return [(member.wearer, name) for member in members for name in member.actor.materials]


def _parts(members: Sequence[Member]) -> list[UInt8[np.ndarray, " points"]]:
    """Body parts of each member, people numbered as they come."""
    parts, person = [], 0
    for member in members:
        own = member.actor.part
        if member.actor.joints_m is None:
            code = BACKGROUND if member.role is Role.ROOM else THING
            parts.append(np.full(len(own), code, np.uint8))
            continue
        if person == MOST_PEOPLE:
            raise DataError(f"more than {MOST_PEOPLE} people on a stage")
        parts.append(np.where(own == NO_PART, THING, own + JOINTS * person).astype(np.uint8))
        person += 1
    return parts
