"""Play an action: who does it, how, with what, over which frames."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from skelflow.errors import ConfigError
from skelflow.synth.actor import Performance
from skelflow.synth.motions import face, gestures, head
from skelflow.synth.motions.parts import Part
from skelflow.synth.person import draw_person
from skelflow.synth.play import Play, play_time
from skelflow.synth.props import place_prop
from skelflow.synth.rig import move_bones
from skelflow.synth.solve import solve_stance
from skelflow.synth.style import vary_style
from skelflow.synth.timing import FRAME_RATE_HZ

SHORTEST, LONGEST = 60, 120  # frames


class Motion(NamedTuple):
    """What the data set calls it, what writes it down, and how long it takes on average."""

    name: str
    write: Callable[[Play], Part]
    lasts_s: float


SOLO = {
    1: Motion("drink water", face.drink, 4.1),
    2: Motion("eat meal/snack", face.eat, 4.3),
    3: Motion("brushing teeth", face.brush_teeth, 4.1),
    10: Motion("clapping", gestures.clap, 4.0),
    23: Motion("hand waving", gestures.wave, 4.1),
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
ACTIONS = {number: motion.name for number, motion in SOLO.items()}


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
    return _play_solo(SOLO[action], action, performer, replication, seed)


def _play_solo(
    motion: Motion, action: int, performer: int, replication: int, seed: int
) -> Performance:
    person = draw_person(performer, seed)
    rng = np.random.default_rng([seed, performer, replication, action])
    style = vary_style(person.style, rng)
    seconds = motion.lasts_s / style.tempo + style.hesitation_s
    frames = int(np.clip(round(seconds * FRAME_RATE_HZ), SHORTEST, LONGEST))
    time_s = play_time(frames, tempo=style.tempo) - style.hesitation_s
    play = Play(person.body, style, rng, time_s)
    part = motion.write(play)
    moves = move_bones(person.body, solve_stance(play))
    props = tuple(place_prop(prop, person.body, moves, time_s) for prop in part.props)
    return Performance((person.act(moves),), props, frames)
