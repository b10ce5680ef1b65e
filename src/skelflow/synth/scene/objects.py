"""Objects of a scene: sheets, flat shading, and meshes as actors."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from skelflow.synth.actor import NO_PART, Actor, Points
from skelflow.synth.motions.meshes import Mesh, Triple
from skelflow.synth.rigid import Rigid
from skelflow.synth.scene.scene_mesh import transform_points

PointMotion = Callable[[Points, int], Points]  # (rest points, frame number) -> points


def make_sheet(
    corner_m: Triple,
    along_m: Triple,
    down_m: Triple,
    material: str,
    *,
    cells: tuple[int, int] = (1, 1),
) -> Mesh:
    """A parallelogram divided into `cells` (along, down)."""
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
    return Mesh(points.reshape(-1, 3), faces, np.zeros(len(faces), np.uint8), (material,))


def split_corners(mesh: Mesh) -> Mesh:
    """The same mesh with separate corners for each face, for flat shading."""
    faces = np.arange(3 * len(mesh.faces), dtype=np.int32).reshape(-1, 3)
    return replace(mesh, points_m=mesh.points_m[mesh.faces].reshape(-1, 3), faces=faces)


def make_object(
    mesh: Mesh, *, pose: Rigid | None = None, motion: PointMotion | None = None
) -> Actor:
    """A mesh as an actor, textured in its own coordinates.

    Parameters
    ----------
    pose : (4, 4), from mesh to scene coordinates.
    motion : moves the points from rest in each frame; static by default.
    """
    own = mesh.points_m.astype(np.float32)
    rest = own if pose is None else transform_points(own, pose)

    def points_m(t: int) -> Points:
        return rest if motion is None else motion(rest, t)

    return Actor(
        faces=mesh.faces,
        points_m=points_m,
        texture_m=own,
        material=mesh.material,
        materials=mesh.materials,
        part=np.full(len(own), NO_PART, np.uint8),
    )
