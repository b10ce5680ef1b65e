"""A pedestrian who walks by behind the action."""

import numpy as np
from jaxtyping import Float64

from skelflow.synth.actor import Actor
from skelflow.synth.motions.inverse_kinematics import solve_pose
from skelflow.synth.motions.motion_plan import MotionPlan
from skelflow.synth.motions.timing import FRAME_RATE_HZ, Trajectory
from skelflow.synth.motions.walking import walk
from skelflow.synth.people.kinematics import forward_kinematics
from skelflow.synth.people.person import draw_person
from skelflow.synth.rigid import rigid_transform
from skelflow.synth.scene.scene_mesh import transform_actor

BEHIND_M = (1.0, 1.15)  # distance behind the scene's center
SPEEDS_M_S = (0.9, 1.3)
STEP_M = 0.62
_BEFORE_S = 1.0  # walking time before and after the recording


def make_pedestrian(
    performer: int, *, seed: int, random: np.random.Generator, frames: int
) -> Actor:
    """A person who passes behind the scene's center in the middle of the recording.

    Parameters
    ----------
    performer, seed : as in `skelflow.synth.motions.perform.perform`.
    random : for path, speed and direction.
    frames : length of the recording.
    """
    person = draw_person(performer, seed)
    speed, side = random.uniform(*SPEEDS_M_S), random.choice((-1.0, 1.0))
    time_s = np.arange(frames) / FRAME_RATE_HZ
    plan = MotionPlan(person.body, person.style, random, time_s)

    def path(time: Trajectory) -> Float64[np.ndarray, "t 3"]:
        return np.stack([0 * time, speed * (time - time_s[-1] / 2), 0 * time], axis=1)

    start_s, end_s = -_BEFORE_S, time_s[-1] + _BEFORE_S
    steps = max(round(speed * (end_s - start_s) / STEP_M), 2)
    walk(plan, path, start_s=start_s, end_s=end_s, steps=steps)
    actor = person.act(forward_kinematics(person.body, solve_pose(plan)))
    where = (0, 0, random.uniform(*BEHIND_M))
    return transform_actor(actor, rigid_transform(where, rotvec_deg=(0, side * 90, 0)))
