"""Meshes of simple objects: boxes, cylinders, balls, and their unions."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int32, UInt8

Number = float | int | np.floating
Triple = tuple[Number, Number, Number]


@dataclass(frozen=True)
class Mesh:
    """A closed mesh; faces counterclockwise as seen from outside."""

    points_m: Float64[np.ndarray, "points 3"]
    faces: Int32[np.ndarray, "faces 3"]
    material: UInt8[np.ndarray, " faces"]
    materials: tuple[str, ...]

    def moved(self, shift_m: Triple) -> "Mesh":
        """The mesh after a translation."""
        return Mesh(self.points_m + np.array(shift_m), self.faces, self.material, self.materials)

    def mirrored(self) -> "Mesh":
        """The mirror image along z, faces oriented outward."""
        points = self.points_m * np.array([1, 1, -1])
        return Mesh(points, self.faces[:, ::-1].copy(), self.material, self.materials)


def make_box(size_m: Triple, material: str) -> Mesh:
    """A box around the origin."""
    corners = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)]) / 2
    quads = np.array(
        [[0, 1, 3, 2], [4, 6, 7, 5], [0, 4, 5, 1], [2, 3, 7, 6], [0, 2, 6, 4], [1, 5, 7, 3]]
    )
    return _mesh(corners * np.array(size_m), _halves(quads), material)


def make_tube(radius_m: Number, length_m: Number, material: str, *, sides: int = 16) -> Mesh:
    """A closed cylinder around the z axis."""
    angle = np.arange(sides) * 2 * np.pi / sides
    ring = np.stack([radius_m * np.cos(angle), radius_m * np.sin(angle)], axis=1)
    ends = [np.column_stack([ring, np.full(sides, z)]) for z in (-length_m / 2, length_m / 2)]
    middles = np.array([[0, 0, -length_m / 2], [0, 0, length_m / 2]])
    a, b = np.arange(sides), (np.arange(sides) + 1) % sides
    wall = np.stack([a, b, b + sides, a + sides], axis=1)
    bottom = np.stack([b, a, np.full(sides, 2 * sides)], axis=1)
    top = np.stack([a + sides, b + sides, np.full(sides, 2 * sides + 1)], axis=1)
    return _mesh(np.vstack([*ends, middles]), np.vstack([_halves(wall), bottom, top]), material)


def make_ball(
    radius_m: Number, material: str, *, rng: np.random.Generator | None = None, rough: Number = 0.2
) -> Mesh:
    """A ball; crumpled by up to the share `rough` of its radius where `rng` is given."""
    rows, sides = 9, 14
    tilt = np.linspace(0, np.pi, rows)[1:-1]
    angle = np.arange(sides) * 2 * np.pi / sides
    ring = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    body = [np.column_stack([np.sin(t) * ring, np.full(sides, np.cos(t))]) for t in tilt]
    points = np.vstack([[[0, 0, 1]], *body, [[0, 0, -1]]]) * radius_m
    if rng is not None:
        points *= 1 - rough * rng.random((len(points), 1))
    a, b = np.arange(sides), (np.arange(sides) + 1) % sides
    first = 1 + sides * np.arange(rows - 3)[:, None]
    wall = np.stack([first + a, first + sides + a, first + sides + b, first + b], axis=-1)
    last = 1 + sides * (rows - 3)
    top = np.stack([np.zeros(sides, int), a + 1, b + 1], axis=1)
    bottom = np.stack([np.full(sides, last + sides), last + b, last + a], axis=1)
    return _mesh(points, np.vstack([top, _halves(wall.reshape(-1, 4)), bottom]), material)


def join_meshes(*meshes: Mesh) -> Mesh:
    """Several meshes as one."""
    names = tuple(dict.fromkeys(name for mesh in meshes for name in mesh.materials))
    starts = np.cumsum([0, *(len(mesh.points_m) for mesh in meshes)])
    numbers = [
        np.array([names.index(name) for name in mesh.materials], np.uint8)[mesh.material]
        for mesh in meshes
    ]
    return Mesh(
        np.vstack([mesh.points_m for mesh in meshes]),
        np.vstack([mesh.faces + start for mesh, start in zip(meshes, starts, strict=False)]).astype(
            np.int32
        ),
        np.concatenate(numbers),
        names,
    )


def _halves(quads: np.ndarray) -> np.ndarray:
    return np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])


def _mesh(points: np.ndarray, faces: np.ndarray, material: str) -> Mesh:
    kind = np.zeros(len(faces), np.uint8)
    return Mesh(points.astype(np.float64), faces.astype(np.int32), kind, (material,))
