"""Play an action: who does it, how, with what, over which frames."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from skelflow.errors import ConfigError
from skelflow.synth.actor import Performance
from skelflow.synth.motions.actions import face, gestures, head, legs, pairs, seat, throw
from skelflow.synth.motions.actions.parts import Part
from skelflow.synth.motions.inverse_kinematics import solve_stance
from skelflow.synth.motions.play import Play, play_time
from skelflow.synth.motions.props import place_prop
from skelflow.synth.motions.timing import FRAME_RATE_HZ
from skelflow.synth.people.kinematics import move_bones, place_stance
from skelflow.synth.people.person import Person, draw_person
from skelflow.synth.people.rotations import turn_about
from skelflow.synth.people.style import vary_style

SHORTEST, LONGEST = 60, 120  # frames
HURRY = 0.08  # share of a motion that slow people leave out rather than hurry
TAIL_S = 1.0  # how far beyond the last frame movements may end


class Motion(NamedTuple):
    """What the data set calls it, what writes it down, and how long it takes on average."""

    name: str
    write: Callable[[Play], Part]
    lasts_s: float


class PairMotion(NamedTuple):
    """The same for two people; how far apart they begin is decided first."""

    name: str
    write: Callable[[Play, Play, float], None]
    apart_m: Callable[[Play, Play], float]
    lasts_s: float


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
    """An action of NTU RGB+D as one person does it, one of the times they do it.

    Parameters
    ----------
    action : key of `ACTIONS`, NTU's own number.
    performer : int
        Who: the same number has the same body, clothes, manner and handedness.
    replication : int
        Which time: a little different each time.
    seed : int
        Of the whole crowd.

    Returns
    -------
    Performance of 60 to 120 frames at 30 Hz; people stand at the origin, facing -z.

    Raises
    ------
    ConfigError
        Nobody knows how to do that action.

    Examples
    --------
    >>> played = perform(23, performer=1, replication=1, seed=0)
    >>> played.people[0].joints_m(0).shape, 60 <= played.frames <= 120
    ((25, 3), True)
    """
    if action not in ACTIONS:
        known = ", ".join(f"{number} {name}" for number, name in ACTIONS.items())
        raise ConfigError(f"no motion for action {action}; known: {known}")
    chance = np.random.default_rng([seed, performer, replication, action])
    if action in PAIRS:
        return _play_pair(PAIRS[action], performer, seed, chance)
    return _play_solo(SOLO[action], performer, seed, chance)


def _play_solo(
    motion: Motion, performer: int, seed: int, chance: np.random.Generator
) -> Performance:
    person = draw_person(performer, seed)
    play, frames = _begin(person, motion.lasts_s, chance)
    part = motion.write(play)
    moves = move_bones(person.body, solve_stance(play))
    props = tuple(place_prop(prop, person.body, moves, play.time_s) for prop in part.props)
    return Performance((person.act(moves),), props, frames)


def _play_pair(
    motion: PairMotion, performer: int, seed: int, chance: np.random.Generator
) -> Performance:
    """The performer stands to the left of the stage and faces right, the other faces them."""
    pair = [draw_person(performer, seed, partner) for partner in (0, 1)]
    play, frames = _begin(pair[0], motion.lasts_s, chance)
    other = Play(pair[1].body, vary_style(pair[1].style, chance), chance, play.time_s)
    apart_m = motion.apart_m(play, other)
    motion.write(play, other, apart_m)
    people = []
    for person, part, way in zip(pair, (play, other), (-1, 1), strict=True):
        turn = turn_about(np.array([0.0, way * np.pi / 2, 0.0]))
        shift = np.array([way * apart_m / 2, 0.0, 0.0])
        stance = place_stance(solve_stance(part), turn=turn, shift_m=shift)
        people.append(person.act(move_bones(person.body, stance)))
    return Performance(tuple(people), (), frames)


def _begin(person: Person, lasts_s: float, chance: np.random.Generator) -> tuple[Play, int]:
    """An empty part, and how many of its frames are shown.

    The part goes on a little after the last frame shown, so that no movement is cut short on paper.
    """
    style = vary_style(person.style, chance)
    whole_s = lasts_s + style.hesitation_s
    tempo = max(style.tempo, (whole_s - HURRY * lasts_s) * FRAME_RATE_HZ / LONGEST)
    shown = int(np.clip(round(whole_s / tempo * FRAME_RATE_HZ), SHORTEST, LONGEST))
    written = max(shown, math.ceil((whole_s + TAIL_S) / tempo * FRAME_RATE_HZ))
    time_s = play_time(written, tempo=tempo) - style.hesitation_s
    return Play(person.body, style, chance, time_s), shown
