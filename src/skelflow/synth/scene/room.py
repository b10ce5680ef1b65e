"""Rooms: floor, walls, furniture, a curtain and a television."""

from dataclasses import dataclass, replace

import numpy as np

from skelflow.synth.actor import Actor, Points
from skelflow.synth.motions.meshes import Mesh, Triple, join_meshes, make_box
from skelflow.synth.motions.timing import FRAME_RATE_HZ
from skelflow.synth.rigid import rigid_transform
from skelflow.synth.scene.objects import make_object, make_sheet, split_corners

HALF_WIDTH_M, HEIGHT_M = 3.6, 2.8
BACK_M, FRONT_M = 2.7, -5.2  # z of the walls behind the scene's center and behind the cameras
TELEVISION = "television"
_FOLD_M, _FOLD_DEPTH_M = 0.2, 0.05  # of a curtain


@dataclass(frozen=True)
class Room:
    """A furnished room.

    Parameters
    ----------
    still : walls and furniture.
    curtain : static, or moving in the wind.
    screen : a television; its picture may move.
    """

    still: Actor
    curtain: Actor
    screen: Actor


def build_room(random: np.random.Generator, *, wind: bool = False) -> Room:
    """A randomly furnished room; `wind` does not change what is drawn from `random`.

    Parameters
    ----------
    wind : the curtain moves.
    """
    right = 1.0 if random.random() < 0.5 else -1.0
    meshes = (
        *_build_walls(),
        *_build_table(random, right),
        *_build_shelf(random, -right),
        *_build_pictures(random, right),
    )
    return Room(
        still=make_object(split_corners(join_meshes(*meshes))),
        curtain=_hang_curtain(random, -right, wind=wind),
        screen=_stand_screen(random, right),
    )


def _build_walls() -> list[Mesh]:
    x, y, z = HALF_WIDTH_M, HEIGHT_M, BACK_M - FRONT_M
    return [
        make_sheet((-x, 0, FRONT_M), (0, 0, z), (2 * x, 0, 0), "floor"),
        make_sheet((-x, -y, FRONT_M), (2 * x, 0, 0), (0, 0, z), "ceiling"),
        make_sheet((-x, -y, BACK_M), (2 * x, 0, 0), (0, y, 0), "wall"),
        make_sheet((x, -y, FRONT_M), (-2 * x, 0, 0), (0, y, 0), "wall"),
        make_sheet((-x, -y, FRONT_M), (0, 0, z), (0, y, 0), "wall"),
        make_sheet((x, -y, BACK_M), (0, 0, -z), (0, y, 0), "wall"),
        _box((0, -0.05, BACK_M - 0.01), (2 * x, 0.1, 0.03), "frame_skirting"),
    ]


def _build_table(random: np.random.Generator, side: float) -> list[Mesh]:
    """A table with a few objects on it."""
    x, z = side * random.uniform(1.7, 2.2), random.uniform(1.85, 2.1)
    width, depth, height = random.uniform(1.1, 1.5), random.uniform(0.6, 0.8), 0.74
    meshes = [_box((x, -height, z), (width, 0.04, depth), "wood_table")]
    for dx in (-1.0, 1.0):
        for dz in (-1.0, 1.0):
            leg = (x + dx * (width / 2 - 0.06), -height / 2, z + dz * (depth / 2 - 0.06))
            meshes.append(_box(leg, (0.06, height, 0.06), "wood_table"))
    for number in range(3):
        size = random.uniform((0.08, 0.06, 0.08), (0.28, 0.3, 0.24))
        dx, dz = random.uniform(-0.4, 0.4) * width, random.uniform(-0.3, 0.3) * depth
        center = (x + dx, -height - 0.02 - size[1] / 2, z + dz)
        meshes.append(_box(center, (size[0], size[1], size[2]), f"thing_{number}"))
    return meshes


def _build_shelf(random: np.random.Generator, side: float) -> list[Mesh]:
    """A shelf against the back wall, with books."""
    x, z, depth = side * random.uniform(0.9, 1.4), BACK_M - 0.17, 0.3
    width, height, boards = 0.9, random.uniform(1.5, 2.0), 5
    meshes = [
        _box((x + dx * width / 2, -height / 2, z), (0.03, height, depth), "wood_shelf")
        for dx in (-1.0, 1.0)
    ]
    for board in range(boards):
        y = 0.05 + board * (height - 0.08) / (boards - 1)
        meshes.append(_box((x, -y, z), (width, 0.03, depth), "wood_shelf"))
        left, end = x - width / 2 + 0.03, x + width / 2 - 0.1
        while board < boards - 1 and left < end:
            thick, tall = random.uniform(0.025, 0.07), random.uniform(0.18, 0.28)
            center = (left + thick / 2, -y - 0.015 - tall / 2, z + random.uniform(-0.04, 0.02))
            name = f"book_{int(random.integers(6))}"
            meshes.append(_box(center, (0.9 * thick, tall, 0.2), name))
            left += thick + (0.15 if random.random() < 0.12 else 0.0)
    return meshes


def _build_pictures(random: np.random.Generator, side: float) -> list[Mesh]:
    """A picture on the back wall and one on each side wall."""
    meshes = []
    walls = ((0.0, side * random.uniform(0.1, 0.5)), (-1.0, 0.9), (1.0, 0.7))
    for number, (wall, along) in enumerate(walls):
        wide, tall, y = random.uniform(0.5, 0.8), random.uniform(0.4, 0.6), -1.75
        x, z = (along, BACK_M - 0.02) if wall == 0 else (wall * (HALF_WIDTH_M - 0.02), along)
        for grow, thick, name in ((0.06, 0.02, "frame_picture"), (0.0, 0.03, f"picture_{number}")):
            size = (wide + grow, tall + grow, thick)
            size = size if wall == 0 else (thick, tall + grow, wide + grow)
            meshes.append(_box((x, y, z), size, name))
    return meshes


def _hang_curtain(random: np.random.Generator, side: float, *, wind: bool) -> Actor:
    """A folded curtain whose motion grows toward its lower end."""
    center, width, tall = side * random.uniform(2.3, 2.6), random.uniform(1.0, 1.4), 2.1
    corner = (center - width / 2, -tall - 0.2, BACK_M - 0.22)
    flat = make_sheet(corner, (width, 0, 0), (0, tall, 0), "curtain", cells=(48, 24))
    folds = _FOLD_DEPTH_M * np.sin(2 * np.pi / _FOLD_M * flat.points_m[:, 0])
    sheet = replace(flat, points_m=flat.points_m + folds[:, None] * np.array([0.0, 0.0, 1.0]))
    reach_m = random.uniform(0.06, 0.12)
    rates_hz, phases = random.uniform(0.3, 0.8, 2), random.uniform(0, 2 * np.pi, 2)

    def swing(rest: Points, t: int) -> Points:
        phase = 2 * np.pi * rates_hz * t / FRAME_RATE_HZ + phases
        low = (rest[:, 1] - np.float32(corner[1])) / np.float32(tall)
        moved = rest.copy()
        wave = np.sin(phase[0] + 2.2 * rest[:, 0]) - 0.6
        moved[:, 2] += (reach_m * low**1.5 * wave).astype(np.float32)
        moved[:, 0] += (0.5 * reach_m * low * np.sin(phase[1])).astype(np.float32)
        return moved

    return make_object(sheet, motion=swing if wind else None)


def _stand_screen(random: np.random.Generator, side: float) -> Actor:
    """A television on a stand, facing the scene's center."""
    wide, tall, foot = 1.0, 0.58, random.uniform(0.75, 0.95)
    middle = -foot - tall / 2
    mesh = join_meshes(
        _box((0, middle, -0.032), (wide, tall, 0.006), TELEVISION),
        _box((0, middle, 0), (wide + 0.06, tall + 0.06, 0.06), "frame_television"),
        _box((0, -foot / 2, 0.02), (0.08, foot, 0.06), "frame_television"),
        _box((0, -0.02, 0.02), (0.5, 0.04, 0.35), "frame_television"),
    )
    at = (side * random.uniform(2.7, 2.9), 0, random.uniform(0.1, 0.5))
    return make_object(split_corners(mesh), pose=rigid_transform(at, rotvec_deg=(0, side * 62, 0)))


def _box(center_m: Triple, size_m: Triple, material: str) -> Mesh:
    return make_box(size_m, material).moved(center_m)
