"""Perform an action: plan its motion for a person, solve the pose, animate people and props."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from skelflow.errors import ConfigError
from skelflow.synth.actor import Performance
from skelflow.synth.motions.actions import face, gestures, head, legs, pairs, seat, throw
from skelflow.synth.motions.inverse_kinematics import solve_pose
from skelflow.synth.motions.motion_plan import MotionPlan, motion_time
from skelflow.synth.motions.props import Prop
from skelflow.synth.motions.timing import FRAME_RATE_HZ
from skelflow.synth.people.kinematics import forward_kinematics, transform_pose
from skelflow.synth.people.person import Person, draw_person
from skelflow.synth.people.rotations import from_rotvec
from skelflow.synth.people.style import vary_style

SHORTEST, LONGEST = 60, 120  # frames
HURRY = 0.08  # share of a motion that slow people may leave out
TAIL_S = 1.0  # duration planned beyond the last frame


class Motion(NamedTuple):
    """An action of one person: NTU RGB+D's name, planning function, mean duration."""

    name: str
    write: Callable[[MotionPlan], tuple[Prop, ...]]
    duration_s: float


class PairMotion(NamedTuple):
    """An action of two people; their initial distance is chosen first."""

    name: str
    write: Callable[[MotionPlan, MotionPlan, float], None]
    distance_m: Callable[[MotionPlan, MotionPlan], float]
    duration_s: float


SOLO = {
    1: Motion("drink water", face.drink, 4.1),
    2: Motion("eat meal/snack", face.eat, 4.3),
    3: Motion("brushing teeth", face.brush_teeth, 4.1),
    7: Motion("throw", throw.throw, 2.7),
    8: Motion("sitting down", seat.sit_down, 2.9),
    9: Motion("standing up (from sitting position)", seat.stand_up, 2.9),
    10: Motion("clapping", gestures.clap, 4.0),
    23: Motion("hand waving", gestures.wave, 4.1),
    24: Motion("kicking something", legs.kick, 2.7),
    26: Motion("hopping (one foot jumping)", legs.hop, 3.6),
    27: Motion("jump up", legs.jump, 3.0),
    28: Motion("make a phone call/answer phone", face.phone, 3.9),
    31: Motion("pointing to something with finger", gestures.point, 3.5),
    32: Motion("taking a selfie", gestures.take_selfie, 3.3),
    35: Motion("nod head/bow", head.nod, 3.0),
    36: Motion("shake head", head.shake, 3.1),
    37: Motion("wipe face", face.wipe_face, 3.9),
    38: Motion("salute", face.salute, 3.3),
    39: Motion("put the palms together", gestures.join_palms, 3.6),
    40: Motion("cross hands in front (say stop)", gestures.cross_hands, 3.4),
}
PAIRS = {
    50: PairMotion("punching/slapping other person", pairs.punch, pairs.punch_distance, 3.0),
    59: PairMotion("walking towards each other", pairs.approach, pairs.approach_distance, 3.3),
    60: PairMotion("walking apart from each other", pairs.walk_apart, pairs.part_distance, 3.6),
}
ACTIONS: dict[int, str] = dict(
    sorted(
        [(number, solo.name) for number, solo in SOLO.items()]
        + [(number, pair.name) for number, pair in PAIRS.items()]
    )
)


def perform(action: int, *, performer: int, replication: int, seed: int) -> Performance:
    """Perform one repetition of an action of NTU RGB+D by one person.

    Parameters
    ----------
    action : key of `ACTIONS`, NTU's own number.
    performer : int
        Number of the person; it determines body, outfit, style and handedness.
    replication : int
        Number of the repetition; each varies a little.
    seed : int
        Seed of the population.

    Returns
    -------
    Performance of 60 to 120 frames at 30 Hz; people stand at the origin, facing -z.

    Raises
    ------
    ConfigError
        The action is not among `ACTIONS`.

    Examples
    --------
    >>> performance = perform(23, performer=1, replication=1, seed=0)
    >>> performance.people[0].joints_m(0).shape, 60 <= performance.frames <= 120
    ((25, 3), True)
    """
    if action not in ACTIONS:
        known = ", ".join(f"{number} {name}" for number, name in ACTIONS.items())
        raise ConfigError(f"no motion for action {action}; known: {known}")
    rng = np.random.default_rng([seed, performer, replication, action])
    if action in PAIRS:
        return _perform_pair(PAIRS[action], performer, seed, rng)
    return _perform_solo(SOLO[action], performer, seed, rng)


def _perform_solo(
    motion: Motion, performer: int, seed: int, rng: np.random.Generator
) -> Performance:
    person = draw_person(performer, seed)
    plan, frames = _start_plan(person, motion.duration_s, rng)
    props = motion.write(plan)
    bone_motion = forward_kinematics(person.body, solve_pose(plan))
    actors = tuple(prop.animate(person.body, bone_motion, plan.time_s) for prop in props)
    return Performance((person.act(bone_motion),), actors, frames)


def _perform_pair(
    motion: PairMotion, performer: int, seed: int, rng: np.random.Generator
) -> Performance:
    """The performer stands on the left and faces right; the partner faces them."""
    pair = [draw_person(performer, seed, partner) for partner in (0, 1)]
    plan, frames = _start_plan(pair[0], motion.duration_s, rng)
    other = MotionPlan(pair[1].body, vary_style(pair[1].style, rng), rng, plan.time_s)
    distance_m = motion.distance_m(plan, other)
    motion.write(plan, other, distance_m)
    people = []
    for person, own_plan, way in zip(pair, (plan, other), (-1, 1), strict=True):
        rotation = from_rotvec(np.array([0.0, way * np.pi / 2, 0.0]))
        shift = np.array([way * distance_m / 2, 0.0, 0.0])
        pose = transform_pose(solve_pose(own_plan), rotation=rotation, shift_m=shift)
        people.append(person.act(forward_kinematics(person.body, pose)))
    return Performance(tuple(people), (), frames)


def _start_plan(
    person: Person, duration_s: float, rng: np.random.Generator
) -> tuple[MotionPlan, int]:
    """A new motion plan, and the number of its frames that are recorded.

    The plan extends beyond the last recorded frame, so that every movement is planned to its end.
    """
    style = vary_style(person.style, rng)
    whole_s = duration_s + style.hesitation_s
    tempo = max(style.tempo, (whole_s - HURRY * duration_s) * FRAME_RATE_HZ / LONGEST)
    shown = int(np.clip(round(whole_s / tempo * FRAME_RATE_HZ), SHORTEST, LONGEST))
    written = max(shown, math.ceil((whole_s + TAIL_S) / tempo * FRAME_RATE_HZ))
    time_s = motion_time(written, tempo=tempo) - style.hesitation_s
    return MotionPlan(person.body, style, rng, time_s), shown
