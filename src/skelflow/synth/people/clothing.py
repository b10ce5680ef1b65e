"""Dress a body: cut garments along their hems, offset cloth from the skin, shape shoes."""

import numpy as np
from jaxtyping import Bool, Float32, Float64, UInt8
from scipy import sparse
from scipy.spatial import ConvexHull

from skelflow.synth.people.body import Body
from skelflow.synth.people.clothing_patterns import garment_levels
from skelflow.synth.people.outfits import (
    EYES,
    HAIR,
    IRIS,
    SHIRT,
    SHOES,
    SKIN,
    TROUSERS,
    Outfit,
)
from skelflow.synth.people.template import Template

Points = Float64[np.ndarray, "points 3"]
Levels = Float64[np.ndarray, " points"]

HAIR_M, SOLE_M = 0.013, 0.007
SMOOTHED = {HAIR: 4, SHIRT: 25, TROUSERS: 8}  # smoothing steps per garment
IRIS_M = 0.0065


def dress_body(
    body: Body, outfit: Outfit
) -> tuple[Float32[np.ndarray, "points 3"], UInt8[np.ndarray, " faces"]]:
    """The dressed rest points, and the material of each face, an index into `MATERIALS`.

    Each garment is a level-set function on the skin, positive where it covers. Points near its zero
    line move onto it, so that hems are smooth.
    """
    template = body.template
    points = body.points_m.astype(np.float64)
    material = np.full(len(template.faces), SKIN, np.uint8)
    thick = np.zeros(len(points))
    for garment, level in garment_levels(body, outfit).items():
        points, level = _snap_to_hem(points, level, template)
        material[level[template.faces].sum(axis=1) > 0] = garment
        covered = level > 0
        points = _smooth(points, covered, template, SMOOTHED.get(garment, 0))
        thick = np.where(level >= 0, _thickness(garment, outfit), thick)
    points += np.minimum(thick, _mean_around(template) @ thick)[:, None] * body.normals
    for side in (1, -1):
        points = _shoe(points, (material == SHOES), side, template)
    points[:, 1] -= points[:, 1].max()
    _mark_eyes(points, material, template)
    return points.astype(np.float32), material


def _thickness(garment: int, outfit: Outfit) -> float:
    return {HAIR: HAIR_M, SHOES: SOLE_M}.get(garment, outfit.loose_m)


def _snap_to_hem(points: Points, level: Levels, template: Template) -> tuple[Points, Levels]:
    """Move points onto the zero line where it crosses the nearer half of one of their edges."""
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
    """Sparse matrix that averages over each point's neighbors."""
    start, end = template.faces[:, [0, 1, 2]].ravel(), template.faces[:, [1, 2, 0]].ravel()
    size = template.points.shape[2]
    links = sparse.csr_matrix((np.ones(len(start)), (start, end)), shape=(size, size))
    links = links + links.T
    links.data[:] = 1
    return sparse.diags(1 / np.asarray(links.sum(axis=1)).ravel()) @ links


def _smooth(
    points: Points, where: Bool[np.ndarray, " points"], template: Template, times: int
) -> Points:
    """Laplacian smoothing with step 0.5."""
    mean = _mean_around(template)[where]
    smoothed = points.copy()
    for _ in range(times):
        smoothed[where] += 0.5 * (mean @ smoothed - smoothed[where])
    return smoothed


def _shoe(
    points: Points, shoe: Bool[np.ndarray, " faces"], side: int, template: Template
) -> Points:
    """Push the points of a foot outward onto its convex hull."""
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


def _mark_eyes(points: Points, material: UInt8[np.ndarray, " faces"], template: Template) -> None:
    """Assign eye and iris materials; irises face forward."""
    middle = points[template.faces].mean(axis=1)
    for side in (1, -1):
        eye = (template.faces.min(axis=1) >= template.eye) & (middle[:, 0] * side > 0)
        ball = points[np.unique(template.faces[eye])]
        center = (ball.min(axis=0) + ball.max(axis=0)) / 2
        ahead = np.linalg.norm((middle - center)[:, :2], axis=1) < IRIS_M
        material[eye] = EYES
        material[eye & ahead & (middle[:, 2] < center[2])] = IRIS
