"""Who and what is on the stage of a take, and how it is looked at."""

from dataclasses import dataclass

import numpy as np

from skelflow.errors import DataError
from skelflow.recordings import open_recording
from skelflow.synth.actor import Performance
from skelflow.synth.motions.perform import perform
from skelflow.synth.motions.reenact import reenact
from skelflow.synth.recording.recording_spec import SynthConfig, Take
from skelflow.synth.rendering.look import Shot, flicker
from skelflow.synth.rigid import Rigid, place
from skelflow.synth.scene.paint import choose_paints
from skelflow.synth.scene.passer import pass_by
from skelflow.synth.scene.room import TELEVISION, build_room
from skelflow.synth.scene.stage import (
    Member,
    Role,
    build_stage,
    cut_performance,
    place_performance,
)
from skelflow.synth.scene.views import place_view

PARTNER, PASSER, ROOM = 1000, 2000, 10_000  # added to a number: whose paints these are
CHANCES = {"curtain": 0.5, "screen": 0.5, "passer": 0.35, "shake": 0.25}
FARTHEST_OFF_M, FARTHEST_TURNED_DEG = 0.15, 12.0


@dataclass(frozen=True)
class Distractors:
    """What moves beside the action."""

    curtain: bool = False
    screen: bool = False
    passer: bool = False
    shake: bool = False

    def names(self) -> list[str]:
        """Those that are there."""
        return [name for name, there in vars(self).items() if there]


def choose_distractors(take: Take, config: SynthConfig) -> Distractors:
    """At random, the same for all cameras of a moment; none where none are wanted."""
    if not config.distractors:
        return Distractors()
    random = take.moment_random(config.seed, "distractors")
    return Distractors(**{name: bool(random.random() < chance) for name, chance in CHANCES.items()})


def cast(take: Take, config: SynthConfig) -> Shot:
    """Everything that is before the camera of a take.

    Raises
    ------
    SkelflowError
        The action cannot be played, or the skeleton not be re-enacted.
    """
    moving = choose_distractors(take, config)
    performance = place_performance(_act(take, config), _spot(take, config))
    if config.longest is not None:
        performance = cut_performance(performance, config.longest)
    room = build_room(np.random.default_rng((config.seed, take.setup)), wind=moving.curtain)
    members = _dress(performance, take)
    if moving.passer:
        members.append(_send_passer(take, config, performance.frames))
    members += [
        Member(room.curtain, Role.MOVER, _room_number(take)),
        Member(room.screen, Role.MOVER, _room_number(take)),
        Member(room.still, Role.ROOM, _room_number(take)),
    ]
    stage = build_stage(members)
    paints = choose_paints(stage.materials, seed=config.seed)
    screens = tuple(i for i, (_, name) in enumerate(stage.materials) if name == TELEVISION)
    over_time = flicker(paints, screens, take.moment_random(config.seed, "screen"))
    shake = take.random(config.seed, "shake") if moving.shake else None
    return Shot(
        stage=stage,
        view=place_view(take.setup, take.camera, seed=config.seed, shake=shake),
        frames=performance.frames,
        paints=over_time if moving.screen else lambda _: paints,
        color_size=config.color_size,
    )


def _act(take: Take, config: SynthConfig) -> Performance:
    """What is played: an action, or the skeleton of a recording."""
    if take.skeleton is not None:
        skeleton = open_recording(take.skeleton).skeleton
        if skeleton is None:
            raise DataError(f"{take.skeleton}: has no skeleton any more")
        return reenact(skeleton, performer=take.performer, seed=config.seed)
    return perform(
        take.action, performer=take.performer, replication=take.replication, seed=config.seed
    )


def _spot(take: Take, config: SynthConfig) -> Rigid:
    """Where on the stage they act, and how far they turn from the front."""
    random = take.moment_random(config.seed, "spot")
    x, z = random.uniform(-FARTHEST_OFF_M, FARTHEST_OFF_M, 2)
    turn = random.uniform(-FARTHEST_TURNED_DEG, FARTHEST_TURNED_DEG)
    return place((x, 0, z), turn_deg=(0, turn, 0))


def _room_number(take: Take) -> int:
    return ROOM + take.setup


def _dress(performance: Performance, take: Take) -> list[Member]:
    people = [
        Member(actor, Role.PERSON, take.performer + number * PARTNER)
        for number, actor in enumerate(performance.people)
    ]
    props = [Member(actor, Role.PROP, take.performer) for actor in performance.props]
    return people + props


def _send_passer(take: Take, config: SynthConfig, frames: int) -> Member:
    """Somebody who is no performer."""
    number = PASSER + take.performer
    random = take.moment_random(config.seed, "passer")
    return Member(
        pass_by(number, seed=config.seed, random=random, frames=frames), Role.PASSER, number
    )
