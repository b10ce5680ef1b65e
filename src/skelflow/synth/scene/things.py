"""Things on a stage that are no person: sheets, sharp edges, and solids as actors."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from skelflow.synth.actor import NO_PART, Actor, Points
from skelflow.synth.motions.solids import Solid, Triple
from skelflow.synth.rigid import Rigid
from skelflow.synth.scene.stage import carry

Motion = Callable[[Points, int], Points]  # points at rest and a frame number -> where they are


def make_sheet(
    corner_m: Triple,
    along_m: Triple,
    down_m: Triple,
    material: str,
    *,
    cells: tuple[int, int] = (1, 1),
) -> Solid:
    """A parallelogram of `cells` (along, down) cells."""
    across, below = cells
    v, u = np.mgrid[: below + 1, : across + 1]
    points = (
        np.array(corner_m, np.float64)
        + u[..., None] / across * np.array(along_m, np.float64)
        + v[..., None] / below * np.array(down_m, np.float64)
    )
    number = np.arange(points.shape[0] * points.shape[1]).reshape(points.shape[:2])
    quads = np.stack((number[:-1, :-1], number[:-1, 1:], number[1:, 1:], number[1:, :-1]), axis=-1)
    corners = quads.reshape(-1, 4)
    faces = np.concatenate((corners[:, [0, 1, 2]], corners[:, [0, 2, 3]])).astype(np.int32)
    return Solid(points.reshape(-1, 3), faces, np.zeros(len(faces), np.uint8), (material,))


def facet(solid: Solid) -> Solid:
    """The same with corners of each face's own: no light flows around its edges."""
    faces = np.arange(3 * len(solid.faces), dtype=np.int32).reshape(-1, 3)
    return replace(solid, points_m=solid.points_m[solid.faces].reshape(-1, 3), faces=faces)


def place_thing(solid: Solid, *, pose: Rigid | None = None, motion: Motion | None = None) -> Actor:
    """A solid as an actor, painted in its own coordinates.

    Parameters
    ----------
    pose : (4, 4), from these to stage coordinates.
    motion : how its points on the stage move from where they are at rest; still by default.
    """
    own = solid.points_m.astype(np.float32)
    rest = own if pose is None else carry(own, pose)

    def points_m(t: int) -> Points:
        return rest if motion is None else motion(rest, t)

    return Actor(
        faces=solid.faces,
        points_m=points_m,
        paint_m=own,
        material=solid.material,
        materials=solid.materials,
        part=np.full(len(own), NO_PART, np.uint8),
    )
