"""The room behind a recorded person, and what moves in it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from skelflow.synth.actor import Actor
from skelflow.synth.motions.timing import FRAME_RATE_HZ
from skelflow.synth.pasting.stance import Stance
from skelflow.synth.rendering.raster import rasterize
from skelflow.synth.rigid import Rigid, rigid_transform
from skelflow.synth.scene.pedestrian import make_pedestrian
from skelflow.synth.scene.room import build_room
from skelflow.synth.scene.scene_mesh import Role, SceneObject, build_scene_mesh, transform_points
from skelflow.synth.scene.views import draw_shake
from skelflow.types import Camera, Depth

CHANCES = {"curtain": 0.8, "passer": 0.9, "shake": 0.3}  # where none is drawn, somebody passes
FARTHEST_OFF_M, FARTHEST_TURNED_DEG = 0.15, 12.0
_PASSERS = 100_000  # bodies to draw from

Random = Callable[[str], np.random.Generator]  # of a use


@dataclass(frozen=True)
class Backdrop:
    """What a camera sees but for the person, without noise; 0 where there is no surface.

    Parameters
    ----------
    room_m : frame number -> (h, w) float32, meters.
    passer_m : the same of a pedestrian alone; None where nobody passes.
    moving : what moves: some of "curtain", "passer", "shake".
    """

    room_m: Callable[[int], Depth]
    passer_m: Callable[[int], Depth] | None
    moving: tuple[str, ...]


def build_backdrop(
    stance: Stance,
    camera: Camera,
    *,
    frames: int,
    frame_rate_hz: float,
    random: Random,
    distractors: bool = True,
) -> Backdrop:
    """Furnish a room around the person and choose what moves in it.

    Parameters
    ----------
    stance : where the camera stands.
    camera : its size and intrinsics.
    frames, frame_rate_hz : of the recording; what moves keeps its own speed.
    random : a generator for each use, the same one every time.
    distractors : False leaves the room at rest.
    """
    moving = _choose(random("distractors")) if distractors else ()
    pose = _place(stance, random("spot"))
    shake = draw_shake(random("shake")) if "shake" in moving else None

    def moment(t: int) -> int:
        return round(t * FRAME_RATE_HZ / frame_rate_hz)

    def renderer(actors: tuple[Actor, ...]) -> Callable[[int], Depth]:
        mesh = build_scene_mesh([SceneObject(actor, Role.MOVING) for actor in actors])

        def render(t: int) -> Depth:
            now = moment(t)
            view = pose if shake is None else shake(now) @ pose
            points_m = transform_points(mesh.points_m(now), view)
            return rasterize(points_m, mesh.faces, camera=camera).depth_m

        return render

    passer_m = None
    if "passer" in moving:
        way = random("passer")
        number, seed = int(way.integers(_PASSERS)), int(way.integers(2**31))
        end = moment(frames - 1) + 1
        passer_m = renderer((make_pedestrian(number, seed=seed, random=way, frames=end),))
    room = build_room(random("room"), wind="curtain" in moving)
    return Backdrop(renderer((room.still, room.curtain, room.screen)), passer_m, moving)


def _choose(random: np.random.Generator) -> tuple[str, ...]:
    drawn = {name: random.random() < chance for name, chance in CHANCES.items()}
    return tuple(name for name, there in drawn.items() if there) or ("passer",)


def _place(stance: Stance, random: np.random.Generator) -> Rigid:
    """From scene to camera coordinates: the person at the room's center, turned a little."""
    x, z = random.uniform(-FARTHEST_OFF_M, FARTHEST_OFF_M, 2)
    turned = (0, random.uniform(-FARTHEST_TURNED_DEG, FARTHEST_TURNED_DEG), 0)
    person = rigid_transform((stance.aside_m, stance.height_m, stance.away_m), rotvec_deg=turned)
    return np.asarray(person @ rigid_transform((x, 0, z)))
