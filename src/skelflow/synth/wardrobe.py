"""What people wear: a material for each face, and cloth that stands off the skin."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32, Float64, UInt8
from scipy import sparse

from skelflow.synth.body import Body
from skelflow.synth.template import Template

MATERIALS = ("skin", "hair", "shirt", "trousers", "shoes", "eyes")
SKIN, HAIR, SHIRT, TROUSERS, SHOES, EYES = range(6)
THICK_M = np.array([0.0, 0.014, 0.007, 0.008, 0.008, 0.0], np.float32)
SMOOTHED = np.array([0, 4, 12, 8, 40, 0])  # how often: cloth bridges what skin does not


@dataclass(frozen=True)
class Wardrobe:
    """Cuts of clothes and hair.

    Parameters
    ----------
    sleeve : share of the arm that is covered: 0.25 (T-shirt) to 0.97.
    leg : share of the leg that is covered: 0.5 (shorts) to 0.97.
    hem_m : how far the shirt hangs over the hips' middle.
    hair_m : how far above the ears' middle hair begins at the sides; None = bald.
    """

    sleeve: float
    leg: float
    hem_m: float
    hair_m: float | None


def draw_wardrobe(rng: np.random.Generator, *, old: float, sex: str) -> Wardrobe:
    """Clothes for one person; some elderly men are bald."""
    short_sleeve, short_leg = rng.random() < 0.45, rng.random() < 0.15
    bald = sex == "male" and rng.random() < 0.35 * old
    return Wardrobe(
        sleeve=float(rng.uniform(0.2, 0.38) if short_sleeve else rng.uniform(0.9, 0.97)),
        leg=float(rng.uniform(0.42, 0.55) if short_leg else rng.uniform(0.93, 0.98)),
        hem_m=float(rng.uniform(-0.05, 0.06)),
        hair_m=None if bald else float(rng.uniform(-0.09, 0.0) if sex == "female" else 0.005),
    )


def dress(
    body: Body, wardrobe: Wardrobe
) -> tuple[Float32[np.ndarray, "points 3"], UInt8[np.ndarray, " faces"]]:
    """The dressed rest points, and the material of each face (numbers into `MATERIALS`)."""
    worn = _materials(body, wardrobe)
    points = body.points_m.copy()
    for material in (HAIR, SHIRT, TROUSERS, SHOES):
        points = _smooth(points, worn == material, body.template, int(SMOOTHED[material]))
    edge = _blur(THICK_M[worn], body.template)
    dressed = points + np.minimum(edge, THICK_M[worn])[:, None] * body.normals
    dressed[:, 1] -= max(float(dressed[:, 1].max()), 0.0)
    corners = np.sort(worn[body.template.faces], axis=1)
    return dressed.astype(np.float32), corners[:, 1].astype(np.uint8)


def _materials(body: Body, wardrobe: Wardrobe) -> UInt8[np.ndarray, " points"]:
    """What each point wears."""
    template, points = body.template, body.points_m.astype(np.float64)
    main = np.array(template.bone_names)[template.skin_bone[:, 0]]
    part = np.array([name.split(".")[0].rstrip("0123456789-") for name in main])
    worn = np.full(len(points), SKIN, np.uint8)
    height = -points[:, 1]
    hips = -body.bone_m("upperleg01.L")[1]
    neck = -body.landmark_m("chin")[1] - 0.075
    trunk = np.isin(part, ("root", "spine", "clavicle", "shoulder", "upperleg", "neck"))
    worn[trunk & (height > hips + 0.06 - wardrobe.hem_m) & (height < neck)] = SHIRT
    worn[_along_arm(body, points, part) < wardrobe.sleeve] = SHIRT
    knee_down = np.isin(part, ("root", "spine", "upperleg", "lowerleg", "foot"))
    cuff = hips * (1 - wardrobe.leg)
    worn[knee_down & (height > cuff) & (height <= hips + 0.06 - wardrobe.hem_m)] = TROUSERS
    worn[np.isin(part, ("foot", "toe")) & (height < hips * 0.1)] = SHOES
    if wardrobe.hair_m is not None:
        worn[_scalp(body, points, part, wardrobe.hair_m)] = HAIR
    worn[template.eye :] = EYES
    return worn


def _along_arm(
    body: Body, points: Float64[np.ndarray, "points 3"], part: np.ndarray
) -> Float64[np.ndarray, " points"]:
    """How far down the arm each point lies, 0 shoulder to 1 wrist; infinite elsewhere."""
    share = np.full(len(points), np.inf)
    for letter, sign in (("L", 1), ("R", -1)):
        start, middle, end = (
            body.bone_m(f"{bone}.{letter}") for bone in ("upperarm01", "lowerarm01", "wrist")
        )
        mine = points[:, 0] * sign > 0
        for name, a, b, first in (
            ("upperarm", start, middle, 0.0), ("lowerarm", middle, end, 0.5),
        ):  # fmt: skip
            on = mine & (part == name)
            share[on] = first + 0.5 * ((points[on] - a) @ (b - a)) / ((b - a) @ (b - a))
    return share


def _scalp(
    body: Body, points: Float64[np.ndarray, "points 3"], part: np.ndarray, low_m: float
) -> Bool[np.ndarray, " points"]:
    """Where hair grows: above a line from the hairline over the ears to the nape."""
    ear, brow = body.landmark_m("left_ear"), body.landmark_m("forehead")
    behind = points[:, 2] - ear[2]
    front = brow[2] - ear[2]
    share = np.clip(behind / front, 0, 1)
    line = -ear[1] + low_m + 0.02 + share * (-brow[1] + 0.012 + ear[1] - low_m - 0.02)
    nape = -ear[1] + low_m - 0.05
    line = np.where(behind > 0.015, nape, line)
    head = np.isin(part, ("head", "neck"))
    inside = np.abs(points[:, 0]) > np.abs(ear[0]) - 0.012
    at_ear = inside & (np.abs(points[:, 1] - ear[1]) < 0.04)
    return np.asarray(head & (-points[:, 1] > line) & ~at_ear)


def _neighbors(template: Template) -> sparse.csr_matrix:
    """The mean of each point's neighbors as a matrix."""
    a = template.faces[:, [0, 1, 2]].ravel()
    b = template.faces[:, [1, 2, 0]].ravel()
    size = template.points.shape[2]
    links = sparse.csr_matrix((np.ones(len(a), np.float32), (a, b)), shape=(size, size))
    links = links + links.T
    links.data[:] = 1
    return sparse.diags(1 / np.asarray(links.sum(axis=1)).ravel()) @ links


def _smooth(
    points: Float32[np.ndarray, "points 3"],
    where: Bool[np.ndarray, " points"],
    template: Template,
    times: int,
) -> Float32[np.ndarray, "points 3"]:
    """Cloth bridges hollows: each point goes to the middle of its neighbors."""
    mean = _neighbors(template)[where]
    smoothed = points.copy()
    for _ in range(times):
        smoothed[where] += 0.5 * (mean @ smoothed - smoothed[where])
    return smoothed


def _blur(values: Float32[np.ndarray, " points"], template: Template) -> np.ndarray:
    """Values that go over into each other at the edge of cloth."""
    return np.asarray(_neighbors(template) @ values)
