"""Somebody who walks by behind those who act."""

import numpy as np
from jaxtyping import Float64

from skelflow.synth.actor import Actor
from skelflow.synth.motions.inverse_kinematics import solve_stance
from skelflow.synth.motions.play import Play
from skelflow.synth.motions.timing import FRAME_RATE_HZ, Course
from skelflow.synth.motions.walking import walk
from skelflow.synth.people.kinematics import move_bones
from skelflow.synth.people.person import draw_person
from skelflow.synth.rigid import place
from skelflow.synth.scene.stage import place_actor

BEHIND_M = (1.0, 1.15)  # the stage's middle
SPEEDS_M_S = (0.9, 1.3)
STEP_M = 0.62
_BEFORE_S = 1.0  # so long they walk before and after what is recorded


def pass_by(performer: int, *, seed: int, random: np.random.Generator, frames: int) -> Actor:
    """A person who is half-way, behind the stage's middle, in the middle of the recording.

    Parameters
    ----------
    performer, seed : who, as in `skelflow.synth.motions.perform.perform`.
    random : of the way, the speed and the side they come from.
    frames : how long the recording is.
    """
    person = draw_person(performer, seed)
    speed, side = random.uniform(*SPEEDS_M_S), random.choice((-1.0, 1.0))
    time_s = np.arange(frames) / FRAME_RATE_HZ
    play = Play(person.body, person.style, random, time_s)

    def path(time: Course) -> Float64[np.ndarray, "t 3"]:
        return np.stack([0 * time, speed * (time - time_s[-1] / 2), 0 * time], axis=1)

    start_s, end_s = -_BEFORE_S, time_s[-1] + _BEFORE_S
    steps = max(round(speed * (end_s - start_s) / STEP_M), 2)
    walk(play, path, start_s=start_s, end_s=end_s, steps=steps)
    actor = person.act(move_bones(person.body, solve_stance(play)))
    where = (0, 0, random.uniform(*BEHIND_M))
    return place_actor(actor, place(where, turn_deg=(0, side * 90, 0)))
