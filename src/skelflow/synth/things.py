"""Things on a stage: boxes, sheets and what is built of them, as actors without joints."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from skelflow.synth.actor import NO_PART, Actor, Points
from skelflow.synth.shapes import Rigid, Triple, move

_CORNERS = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], np.float32)
_SIDES = ((0, 1, 3, 2), (5, 4, 6, 7), (4, 5, 1, 0), (2, 3, 7, 6), (4, 0, 2, 6), (1, 5, 7, 3))


@dataclass(frozen=True)
class Shape:
    """Points in meters and triangles, counterclockwise as seen from outside."""

    points_m: Points
    faces: np.ndarray


def build_box(center_m: Triple, size_m: Triple) -> Shape:
    """An upright box whose sides share no points, so that its edges stay sharp."""
    corners = _CORNERS * np.float32(size_m) / 2 + np.float32(center_m)
    points = np.concatenate([corners[list(side)] for side in _SIDES])
    return Shape(points, _two_each(np.arange(24).reshape(6, 4)))


def build_sheet(
    corner_m: Triple, along_m: Triple, down_m: Triple, *, cells: tuple[int, int]
) -> Shape:
    """A parallelogram of `cells` (along, down) cells, counterclockwise from its corner."""
    across, below = cells
    v, u = np.mgrid[: below + 1, : across + 1].astype(np.float32)
    places = (
        np.float32(corner_m)
        + u[..., None] / np.float32(across) * np.float32(along_m)
        + v[..., None] / np.float32(below) * np.float32(down_m)
    )
    number = np.arange(places.shape[0] * places.shape[1]).reshape(places.shape[:2])
    quads = (number[:-1, :-1], number[1:, :-1], number[1:, 1:], number[:-1, 1:])
    return Shape(places.reshape(-1, 3), _two_each(np.stack(quads, axis=-1).reshape(-1, 4)))


def place_thing(
    shapes: Sequence[tuple[Shape, str]],
    *,
    pose: Rigid | None = None,
    motion: Callable[[Points, int], Points] | None = None,
) -> Actor:
    """An actor of several shapes, each of one material.

    Parameters
    ----------
    shapes : (shape, material) pairs, in the thing's own coordinates, in which it is painted.
    pose : (4, 4), from these to stage coordinates.
    motion : stage points at rest and a frame number -> where they are; still by default.
    """
    counts = np.cumsum([0] + [len(shape.points_m) for shape, _ in shapes])
    own = np.concatenate([shape.points_m for shape, _ in shapes])
    rest = own if pose is None else move(own.astype(np.float64), pose).astype(np.float32)
    materials = tuple(dict.fromkeys(material for _, material in shapes))
    faces = [shape.faces + start for (shape, _), start in zip(shapes, counts[:-1], strict=True)]
    material = [
        np.full(len(shape.faces), materials.index(name), np.uint8) for shape, name in shapes
    ]

    def points_m(t: int) -> Points:
        return rest if motion is None else motion(rest, t)

    return Actor(
        faces=np.concatenate(faces).astype(np.int32),
        points_m=points_m,
        paint_m=own,
        material=np.concatenate(material),
        materials=materials,
        part=np.full(len(own), NO_PART, np.uint8),
    )


def _two_each(quads: np.ndarray) -> np.ndarray:
    """Two triangles for each row of four points."""
    return np.concatenate((quads[:, [0, 1, 2]], quads[:, [0, 2, 3]])).astype(np.int32)
