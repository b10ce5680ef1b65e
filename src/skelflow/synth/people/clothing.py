"""Dressing: cloth is cut along straight hems, stands off the skin, and shoes have no toes."""

import numpy as np
from jaxtyping import Bool, Float32, Float64, UInt8
from scipy import sparse
from scipy.spatial import ConvexHull

from skelflow.synth.people.body import Body
from skelflow.synth.people.clothing_patterns import cut_clothes
from skelflow.synth.people.outfits import (
    EYES,
    HAIR,
    IRIS,
    SHIRT,
    SHOES,
    SKIN,
    TROUSERS,
    Wardrobe,
)
from skelflow.synth.people.template import Template

Points = Float64[np.ndarray, "points 3"]
Levels = Float64[np.ndarray, " points"]

HAIR_M, SOLE_M = 0.013, 0.007
SMOOTHED = {HAIR: 4, SHIRT: 25, TROUSERS: 8}  # how often: cloth bridges what skin does not
IRIS_M = 0.0065


def dress(
    body: Body, wardrobe: Wardrobe
) -> tuple[Float32[np.ndarray, "points 3"], UInt8[np.ndarray, " faces"]]:
    """The dressed rest points, and the material of each face, a number into `MATERIALS`.

    Every garment is a level over the skin, positive where it covers; points near its edge move
    onto it, so that hems are lines and not teeth.
    """
    template = body.template
    points = body.points_m.astype(np.float64)
    material = np.full(len(template.faces), SKIN, np.uint8)
    thick = np.zeros(len(points))
    for worn, level in cut_clothes(body, wardrobe).items():
        points, level = _snap(points, level, template)
        material[level[template.faces].sum(axis=1) > 0] = worn
        covered = level > 0
        points = _smooth(points, covered, template, SMOOTHED.get(worn, 0))
        thick = np.where(level >= 0, _thickness(worn, wardrobe), thick)
    points += np.minimum(thick, _mean_around(template) @ thick)[:, None] * body.normals
    for side in (1, -1):
        points = _shoe(points, (material == SHOES), side, template)
    points[:, 1] -= points[:, 1].max()
    _look(points, material, template)
    return points.astype(np.float32), material


def _thickness(worn: int, wardrobe: Wardrobe) -> float:
    return {HAIR: HAIR_M, SHOES: SOLE_M}.get(worn, wardrobe.loose_m)


def _snap(points: Points, level: Levels, template: Template) -> tuple[Points, Levels]:
    """Points nearer to the edge than half way to a neighbor beyond it move onto it."""
    faces = template.faces
    start = np.concatenate([faces[:, [0, 1, 2]].ravel(), faces[:, [1, 2, 0]].ravel()])
    end = np.concatenate([faces[:, [1, 2, 0]].ravel(), faces[:, [0, 1, 2]].ravel()])
    crossing = level[start] * level[end] < 0
    start, end = start[crossing], end[crossing]
    share = level[start] / (level[start] - level[end])
    near = share < 0.5
    start, end, share = start[near], end[near], share[near]
    order = np.lexsort((end, share))
    moved, first = np.unique(start[order], return_index=True)
    chosen = order[first]
    snapped, at_edge = points.copy(), level.copy()
    way = points[end[chosen]] - points[moved]
    snapped[moved] += share[chosen][:, None] * way
    at_edge[moved] = 0
    return snapped, at_edge


def _mean_around(template: Template) -> sparse.csr_matrix:
    """The mean over each point's neighbors, as a matrix."""
    start, end = template.faces[:, [0, 1, 2]].ravel(), template.faces[:, [1, 2, 0]].ravel()
    size = template.points.shape[2]
    links = sparse.csr_matrix((np.ones(len(start)), (start, end)), shape=(size, size))
    links = links + links.T
    links.data[:] = 1
    return sparse.diags(1 / np.asarray(links.sum(axis=1)).ravel()) @ links


def _smooth(
    points: Points, where: Bool[np.ndarray, " points"], template: Template, times: int
) -> Points:
    """Each point goes half way to the middle of its neighbors, again and again."""
    mean = _mean_around(template)[where]
    smoothed = points.copy()
    for _ in range(times):
        smoothed[where] += 0.5 * (mean @ smoothed - smoothed[where])
    return smoothed


def _shoe(
    points: Points, shoe: Bool[np.ndarray, " faces"], side: int, template: Template
) -> Points:
    """Points of a foot pushed out to its convex hull, seen from a line inside the foot."""
    mine = np.unique(template.faces[shoe])
    mine = mine[points[mine, 0] * side > 0]
    foot = points[mine]
    hull = ConvexHull(foot).equations
    low, high = foot.min(axis=0), foot.max(axis=0)
    inside = foot.copy()
    inside[:, 2] = np.clip(foot[:, 2], low[2] + 0.05, high[2] - 0.04)
    inside[:, 1] = high[1] - 0.03
    inside[:, 0] = np.median(foot[:, 0])
    way = foot - inside
    speed = way @ hull[:, :3].T
    room = -(inside @ hull[:, :3].T + hull[:, 3])
    reach = np.where(speed > 1e-9, room / np.maximum(speed, 1e-9), np.inf).min(axis=1)
    share = np.clip((foot[:, 1] - low[1]) / (0.6 * (high[1] - low[1])), 0, 1)[:, None]
    pushed = points.copy()
    pushed[mine] += share * ((reach - 1)[:, None] * way)
    return pushed


def _look(points: Points, material: UInt8[np.ndarray, " faces"], template: Template) -> None:
    """Eyeballs with an iris where they look ahead."""
    middle = points[template.faces].mean(axis=1)
    for side in (1, -1):
        eye = (template.faces.min(axis=1) >= template.eye) & (middle[:, 0] * side > 0)
        ball = points[np.unique(template.faces[eye])]
        center = (ball.min(axis=0) + ball.max(axis=0)) / 2
        ahead = np.linalg.norm((middle - center)[:, :2], axis=1) < IRIS_M
        material[eye] = EYES
        material[eye & ahead & (middle[:, 2] < center[2])] = IRIS
