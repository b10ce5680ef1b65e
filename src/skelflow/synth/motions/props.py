"""Props: objects that people hold, throw or sit on."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64

from skelflow.synth.actor import NO_PART, Actor, Points
from skelflow.synth.motions.meshes import Mesh, join_meshes, make_ball, make_box, make_tube
from skelflow.synth.motions.timing import Trajectory
from skelflow.synth.people.body import Body
from skelflow.synth.people.kinematics import SIDES, BoneMotion, palm_frame
from skelflow.synth.people.rotations import rotate

GRAVITY = 9.81
Number = float | int | np.floating


@dataclass(frozen=True)
class HeldProp:
    """An object in a hand; mesh axes: toward the fingers, out of the palm, toward the thumb.

    Parameters
    ----------
    mesh : its origin is where the hand holds it.
    side : 0 left, 1 right.
    touch_m : (3,) the holding point of the hand at rest, relative to the wrist.
    release_s : when it leaves the hand and falls freely; None = never.
    """

    mesh: Mesh
    side: int
    touch_m: Float64[np.ndarray, " 3"]
    release_s: Number | None = None

    def animate(self, body: Body, bone_motion: BoneMotion, time_s: Trajectory) -> Actor:
        """The object as an actor that moves with the hand until it is released."""
        letter = SIDES[self.side]
        wrist = body.template.bone(f"wrist.{letter}")
        mesh = self.mesh if self.side == 1 else self.mesh.mirrored()
        position = bone_motion.transform_point(body, wrist, body.bones_m[wrist] + self.touch_m)
        rotation = bone_motion.rotation[:, wrist] @ palm_frame(body, letter)
        if self.release_s is not None:
            position = _fall(position, int(np.searchsorted(time_s, float(self.release_s))))
        points = position[:, None] + rotate(rotation[:, None], mesh.points_m)
        return _actor(mesh, points.astype(np.float32))


@dataclass(frozen=True)
class FixedProp:
    """An object that stays where it is, in the person's scene axes."""

    mesh: Mesh

    def animate(self, body: Body, bone_motion: BoneMotion, time_s: Trajectory) -> Actor:
        """The object as an actor that does not move."""
        del body, bone_motion
        points = self.mesh.points_m.astype(np.float32)
        return _actor(self.mesh, np.broadcast_to(points, (len(time_s), *points.shape)))


Prop = HeldProp | FixedProp


def make_cup() -> Mesh:
    """A mug, upright when the thumb points up."""
    return make_tube(0.036, 0.1, "cup").moved((0, 0, 0.01))


def make_phone() -> Mesh:
    """A phone that lies in the palm, long side along the fingers."""
    screen = make_box((0.135, 0.001, 0.064), "screen").moved((0.01, 0.0005, 0))
    return join_meshes(make_box((0.145, 0.009, 0.072), "phone").moved((0.01, -0.0045, 0)), screen)


def make_toothbrush() -> Mesh:
    """A brush whose handle lies in the fist and leaves it beside the thumb."""
    handle = make_box((0.009, 0.008, 0.15), "toothbrush").moved((0, 0, 0.045))
    return join_meshes(handle, make_box((0.012, 0.014, 0.028), "bristle").moved((0, 0.008, 0.107)))


def make_snack() -> Mesh:
    """A bar that sticks out beside the thumb."""
    return make_box((0.03, 0.025, 0.11), "snack").moved((0, 0, 0.03))


def make_crumple(rng: np.random.Generator) -> Mesh:
    """A crumpled sheet of paper, as large as a tennis ball."""
    return make_ball(0.04, "paper", rng=rng)


def make_chair(seat_m: Number, *, back_m: Number, deep_m: Number = 0.44) -> Mesh:
    """A chair behind the person: seat height and where its middle is; no arms."""
    wide, leg = 0.46, 0.035
    middle = float(back_m)
    parts = [make_box((wide, 0.05, deep_m), "seat").moved((0, -seat_m + 0.025, middle))]
    for x in (-1, 1):
        for z in (-1, 1):
            place = (x * (wide - leg) / 2, -(seat_m - 0.05) / 2, middle + z * (deep_m - leg) / 2)
            parts.append(make_box((leg, seat_m - 0.05, leg), "wood").moved(place))
    rest = (0, -seat_m - 0.27, middle + deep_m / 2 + 0.02)
    parts.append(make_box((wide, 0.36, 0.03), "seat").moved(rest))
    for x in (-1, 1):
        place = (x * (wide - leg) / 2, -seat_m - 0.2, middle + deep_m / 2 + 0.02)
        parts.append(make_box((leg, 0.45, leg), "wood").moved(place))
    return join_meshes(*parts)


def _fall(
    place_m: Float64[np.ndarray, "t 3"], release: int, rate_hz: Number = 30
) -> Float64[np.ndarray, "t 3"]:
    """Free fall from frame `release` on, at the velocity it had then, down to the floor."""
    release = min(max(release, 1), len(place_m) - 1)
    speed = (place_m[release] - place_m[release - 1]) * rate_hz
    gone_s = np.maximum(np.arange(len(place_m)) - release, 0) / rate_hz
    flight = place_m[release] + speed * gone_s[:, None]
    flight[:, 1] += GRAVITY / 2 * gone_s**2
    flight[:, 1] = np.minimum(flight[:, 1], -0.03)
    free = np.arange(len(place_m)) > release
    return np.where(free[:, None], flight, place_m)


def _actor(mesh: Mesh, points_m: Float32[np.ndarray, "t points 3"]) -> Actor:
    def at(frame: int) -> Points:
        return np.asarray(points_m[frame])

    return Actor(
        faces=mesh.faces,
        points_m=at,
        texture_m=mesh.points_m.astype(np.float32),
        material=mesh.material,
        materials=mesh.materials,
        part=np.full(len(mesh.points_m), NO_PART, np.uint8),
    )
