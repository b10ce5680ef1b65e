"""Level-set functions of garments: signed distance of skin points to each garment's edge."""

import numpy as np
from jaxtyping import Bool, Float64

from skelflow.synth.people.body import Body
from skelflow.synth.people.outfits import HAIR, SHIRT, SHOES, TROUSERS, Outfit

Points = Float64[np.ndarray, "points 3"]
Levels = Float64[np.ndarray, " points"]

FAR_M = 1.0  # far outside a garment
SHOE_TOP = 0.085  # of the hips' height
WAIST_M = 0.1  # above the hips' joints


def garment_levels(body: Body, outfit: Outfit) -> dict[int, Levels]:
    """Signed distance in meters of each point inside each garment; outer garments come last."""
    points = body.points_m.astype(np.float64)
    part = _parts(body)
    hips = -float(body.bone_m("upperleg01.L")[1])
    clothes = {
        TROUSERS: _trousers(points, part, hips, outfit),
        SHOES: np.where(
            _among(part, "foot", "toe", "lowerleg"), SHOE_TOP * hips + points[:, 1], -FAR_M
        ),
        SHIRT: _shirt(body, points, part, hips + WAIST_M - outfit.hem_m, outfit),
    }
    if outfit.hair_m is not None:
        clothes[HAIR] = _hair(body, points, part, outfit.hair_m)
    return clothes


def _parts(body: Body) -> np.ndarray:
    """The main bone of each point, without side and number."""
    names = np.array(
        [name.split(".")[0].rstrip("0123456789-") for name in body.template.bone_names]
    )
    parts = names[body.template.skin_bone[:, 0]]
    parts[body.template.eye :] = "eye"
    return np.asarray(parts)


def _among(part: np.ndarray, *names: str) -> Bool[np.ndarray, " points"]:
    return np.isin(part, names)


def _trousers(points: Points, part: np.ndarray, hips_m: float, outfit: Outfit) -> Levels:
    height = -points[:, 1]
    cuff = hips_m * (1 - outfit.leg)
    level = np.minimum(height - cuff, hips_m + WAIST_M - height)
    return np.where(_among(part, "root", "spine", "upperleg", "lowerleg", "foot"), level, -FAR_M)


def _shirt(body: Body, points: Points, part: np.ndarray, hem_m: float, outfit: Outfit) -> Levels:
    height = -points[:, 1]
    neck = body.bone_m("neck01")
    round_neck = np.hypot(points[:, 0], 0.8 * (points[:, 2] - neck[2]))
    collar = -body.bone_m("clavicle.L")[1] + outfit.collar_m + 0.9 * (round_neck - 0.06)
    front = np.maximum(neck[2] - points[:, 2], 0)
    level = np.minimum(collar - 0.35 * front - height, height - hem_m)
    trunk = _among(part, "root", "spine", "clavicle", "shoulder", "upperleg", "neck")
    arm, share = _along_arm(body, points, part)
    level = np.where(trunk, level, -FAR_M)
    return np.where(arm, (outfit.sleeve - share) * 0.5, level)


def _along_arm(
    body: Body, points: Points, part: np.ndarray
) -> tuple[Bool[np.ndarray, " points"], Levels]:
    """Mask of the arms' points, and their position along the arm: 0 shoulder, 1 wrist."""
    share = np.zeros(len(points))
    for letter, sign in (("L", 1), ("R", -1)):
        shoulder, elbow, wrist = (
            body.bone_m(f"{bone}.{letter}") for bone in ("upperarm01", "lowerarm01", "wrist")
        )
        mine = points[:, 0] * sign > 0
        for name, start, end, first in (
            ("upperarm", shoulder, elbow, 0.0),
            ("lowerarm", elbow, wrist, 0.5),
        ):
            on = mine & (part == name)
            along = (points[on] - start) @ (end - start) / ((end - start) @ (end - start))
            share[on] = first + 0.5 * along
    return _among(part, "upperarm", "lowerarm"), share


def _hair(body: Body, points: Points, part: np.ndarray, low_m: float) -> Levels:
    """Hair: above a line from forehead over the ears to the nape, ears excluded."""
    ear, brow = body.landmark_m("left_ear"), body.landmark_m("forehead")
    height, behind = -points[:, 1], points[:, 2] - ear[2]
    toward_brow = np.clip(behind / (brow[2] - ear[2]), 0, 1)
    over_ear, hairline, nape = -ear[1] + 0.02, -brow[1] + 0.015, -ear[1] - 0.045 - low_m
    line = over_ear + toward_brow * (hairline - over_ear)
    back = np.clip(behind / 0.03, 0, 1)
    line = line + back * (nape - line)
    level = height - line
    at_ear = (np.abs(points[:, 0]) > abs(ear[0]) - 0.014) & (np.abs(height + ear[1]) < 0.045)
    level = np.where(at_ear & (behind < 0.035), np.minimum(level, -0.005), level)
    return np.where(_among(part, "head", "neck"), level, -FAR_M)
