"""Body model: the template shaped by sex, age, weight, muscle and stature."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64

from skelflow.errors import ConfigError
from skelflow.synth.people.template import DIRECTIONS, SEXES, Template, load_template

STATURE_M = {"female": (1.63, 0.065), "male": (1.76, 0.07)}  # mean and standard deviation of adults
SHRINK_M = 0.05  # stature lost in old age
HEAVY = 1.8  # weight extrapolated beyond the template's own extreme
ELDERS = 0.25  # share of people over sixty


@dataclass(frozen=True)
class Build:
    """Shape parameters of a body.

    Parameters
    ----------
    sex : "female" or "male".
    old : 0 (about 25 years) to 1 (about 90).
    weight, muscle : -1 to 1, 0 the average.
    stature_m : standing height.
    """

    sex: str
    old: float
    weight: float
    muscle: float
    stature_m: float

    def __post_init__(self) -> None:
        if self.sex not in SEXES:
            raise ConfigError(f"build: sex must be one of {', '.join(SEXES)}, found {self.sex!r}")
        if not 1.2 <= self.stature_m <= 2.3:
            raise ConfigError(f"build: stature_m must lie in 1.2 to 2.3, found {self.stature_m}")


@dataclass(frozen=True)
class Body:
    """A body in the rest pose: soles on the floor, pelvis above the origin, facing -z.

    Parameters
    ----------
    points_m, normals : (points, 3)
    bones_m : (bones, 3) where each bone starts.
    joints_m : (25, 3) Kinect v2 joints.
    landmarks_m : (landmarks, 3)
    """

    build: Build
    template: Template
    points_m: Float32[np.ndarray, "points 3"]
    normals: Float32[np.ndarray, "points 3"]
    bones_m: Float64[np.ndarray, "bones 3"]
    joints_m: Float64[np.ndarray, "25 3"]
    landmarks_m: Float64[np.ndarray, "landmarks 3"]

    def bone_m(self, name: str) -> Float64[np.ndarray, " 3"]:
        """The head of a bone."""
        return np.asarray(self.bones_m[self.template.bone(name)])

    def landmark_m(self, name: str) -> Float64[np.ndarray, " 3"]:
        """The position of a landmark."""
        return np.asarray(self.landmarks_m[self.template.landmark_names.index(name)])


def draw_build(rng: np.random.Generator) -> Build:
    """Random shape of an adult; one in four is elderly."""
    sex = SEXES[int(rng.integers(2))]
    old = rng.uniform(0.6, 1.0) if rng.random() < ELDERS else rng.uniform(0.0, 0.55)
    mean, spread = STATURE_M[sex]
    stature = mean + spread * np.clip(rng.standard_normal(), -2, 2) - SHRINK_M * max(old - 0.5, 0)
    weight, muscle = (np.clip(0.55 * rng.standard_normal(), -1, 1) for _ in range(2))
    return Build(sex, float(old), float(weight), float(muscle), float(stature))


def shape_body(build: Build) -> Body:
    """The template in the shape of one person.

    Examples
    --------
    >>> body = shape_body(Build("male", old=0.2, weight=0.0, muscle=0.3, stature_m=1.8))
    >>> round(float(np.ptp(body.points_m[:, 1])), 2)
    1.8
    """
    template = load_template()
    sex = SEXES.index(build.sex)
    share = _shape_weights(template, build)

    def mix(bodies: Float32[np.ndarray, "8 n 3"]) -> Float64[np.ndarray, "n 3"]:
        return np.asarray(np.einsum("d,dnx->nx", share, bodies.astype(np.float64)))

    points = mix(template.points[sex])
    root = mix(template.bones[sex])[template.bone("upperleg01.L")]
    shift = np.array([0.0, points[:, 1].max(), root[2]])
    points -= shift
    return Body(
        build=build,
        template=template,
        points_m=points.astype(np.float32),
        normals=point_normals(points.astype(np.float32), template),
        bones_m=mix(template.bones[sex]) - shift,
        joints_m=mix(template.joints[sex]) - shift,
        landmarks_m=mix(template.landmarks[sex]) - shift,
    )


def point_normals(points: Float32[np.ndarray, "p 3"], template: Template) -> np.ndarray:
    """(points, 3) float32 outward unit normals: the area-weighted mean of adjacent faces."""
    a, b, c = (points[template.faces[:, corner]] for corner in range(3))
    face = np.cross(b - a, c - a)
    normal = np.zeros(points.shape, np.float32)
    for corner in range(3):
        for axis in range(3):
            normal[:, axis] += np.bincount(
                template.faces[:, corner], face[:, axis], minlength=len(points)
            ).astype(np.float32)
    return np.asarray(normal / np.linalg.norm(normal, axis=1, keepdims=True).clip(1e-12))


def _shape_weights(template: Template, build: Build) -> Float64[np.ndarray, " 8"]:
    """Weights of the mean body and of each shape direction; stature selects short or tall."""
    share = dict.fromkeys(DIRECTIONS, 0.0)
    share["old"] = build.old
    share["heavy"], share["thin"] = HEAVY * max(build.weight, 0), max(-build.weight, 0)
    share["strong" if build.muscle > 0 else "slack"] = abs(build.muscle)
    shares = np.array([1.0, *share.values()])
    bodies = template.points[SEXES.index(build.sex), :, :, 1]
    crown, sole = bodies[0].argmin(), bodies[0].argmax()
    heights = (bodies[:, sole] - bodies[:, crown]).astype(np.float64)
    missing = build.stature_m - shares @ heights
    direction = 1 + DIRECTIONS.index("tall" if missing > 0 else "short")
    shares[direction] = missing / heights[direction]
    return np.asarray(shares)
