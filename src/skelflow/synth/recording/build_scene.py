"""The scene of a recording: people, props, room, distractors, camera."""

from dataclasses import dataclass

import numpy as np

from skelflow.errors import DataError
from skelflow.recordings import open_recording
from skelflow.synth.actor import Performance
from skelflow.synth.motions.perform import perform
from skelflow.synth.motions.retargeting import retarget
from skelflow.synth.recording.recording_spec import RecordingSpec, SynthConfig
from skelflow.synth.rendering.frame import Scene, animate_screens
from skelflow.synth.rigid import Rigid, rigid_transform
from skelflow.synth.scene.pedestrian import make_pedestrian
from skelflow.synth.scene.room import TELEVISION, build_room
from skelflow.synth.scene.scene_mesh import (
    Role,
    SceneObject,
    build_scene_mesh,
    crop_performance,
    transform_performance,
)
from skelflow.synth.scene.textures import choose_textures
from skelflow.synth.scene.views import place_view

PARTNER, PEDESTRIAN, ROOM = 1000, 2000, 10_000  # added to a number: owners of textures
CHANCES = {"curtain": 0.5, "screen": 0.5, "passer": 0.35, "shake": 0.25}
FARTHEST_OFF_M, FARTHEST_TURNED_DEG = 0.15, 12.0


@dataclass(frozen=True)
class Distractors:
    """What moves besides the action; the field names are those stored in truth files.

    Parameters
    ----------
    curtain : moves in the wind.
    screen : the television shows a moving picture.
    passer : a pedestrian walks by behind the action.
    shake : the camera trembles.
    """

    curtain: bool = False
    screen: bool = False
    passer: bool = False
    shake: bool = False

    def names(self) -> list[str]:
        """The distractors present."""
        return [name for name, there in vars(self).items() if there]


def choose_distractors(spec: RecordingSpec, config: SynthConfig) -> Distractors:
    """Draw the distractors; all cameras of a scene share them. None if the config wants none."""
    if not config.distractors:
        return Distractors()
    random = spec.scene_random(config.seed, "distractors")
    return Distractors(**{name: bool(random.random() < chance) for name, chance in CHANCES.items()})


def build_scene(spec: RecordingSpec, config: SynthConfig) -> Scene:
    """Build everything the camera of a recording sees.

    Raises
    ------
    SkelflowError
        The action is unknown, or the skeleton cannot be retargeted.
    """
    moving = choose_distractors(spec, config)
    performance = transform_performance(_perform_action(spec, config), _action_pose(spec, config))
    if config.longest is not None:
        performance = crop_performance(performance, config.longest)
    room = build_room(np.random.default_rng((config.seed, spec.setup)), wind=moving.curtain)
    objects = _performance_objects(performance, spec)
    if moving.passer:
        objects.append(_pedestrian(spec, config, performance.frames))
    objects += [
        SceneObject(room.curtain, Role.MOVING, _room_owner(spec)),
        SceneObject(room.screen, Role.MOVING, _room_owner(spec)),
        SceneObject(room.still, Role.ROOM, _room_owner(spec)),
    ]
    scene_mesh = build_scene_mesh(objects)
    textures = choose_textures(scene_mesh.materials, seed=config.seed)
    screens = tuple(i for i, (_, name) in enumerate(scene_mesh.materials) if name == TELEVISION)
    over_time = animate_screens(textures, screens, spec.scene_random(config.seed, "screen"))
    shake = spec.random(config.seed, "shake") if moving.shake else None
    return Scene(
        mesh=scene_mesh,
        view=place_view(spec.setup, spec.camera, seed=config.seed, shake=shake),
        frames=performance.frames,
        textures=over_time if moving.screen else lambda _: textures,
        color_size=config.color_size,
    )


def _perform_action(spec: RecordingSpec, config: SynthConfig) -> Performance:
    """An action, or the skeleton of a recording retargeted to the performer."""
    if spec.skeleton is not None:
        recording = open_recording(spec.skeleton)
        if recording.skeleton is None:
            raise DataError(f"{spec.skeleton}: has no skeleton any more")
        return retarget(
            recording.skeleton,
            performer=spec.performer,
            seed=config.seed,
            frame_rate_hz=recording.frame_rate_hz,
        )
    return perform(
        spec.action, performer=spec.performer, replication=spec.replication, seed=config.seed
    )


def _action_pose(spec: RecordingSpec, config: SynthConfig) -> Rigid:
    """Where in the room the people act, and how far they turn from the front."""
    random = spec.scene_random(config.seed, "spot")
    x, z = random.uniform(-FARTHEST_OFF_M, FARTHEST_OFF_M, 2)
    yaw_deg = random.uniform(-FARTHEST_TURNED_DEG, FARTHEST_TURNED_DEG)
    return rigid_transform((x, 0, z), rotvec_deg=(0, yaw_deg, 0))


def _room_owner(spec: RecordingSpec) -> int:
    return ROOM + spec.setup


def _performance_objects(performance: Performance, spec: RecordingSpec) -> list[SceneObject]:
    people = [
        SceneObject(actor, Role.PERSON, spec.performer + number * PARTNER)
        for number, actor in enumerate(performance.people)
    ]
    props = [SceneObject(actor, Role.PROP, spec.performer) for actor in performance.props]
    return people + props


def _pedestrian(spec: RecordingSpec, config: SynthConfig, frames: int) -> SceneObject:
    """A pedestrian who is none of the performers."""
    number = PEDESTRIAN + spec.performer
    random = spec.scene_random(config.seed, "passer")
    return SceneObject(
        make_pedestrian(number, seed=config.seed, random=random, frames=frames),
        Role.PEDESTRIAN,
        number,
    )
