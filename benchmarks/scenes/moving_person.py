"""A person of ellipsoids and capsules before a depth camera, every pixel's 3D motion known."""

import cv2
import numpy as np

from benchmarks.scenes.sensor import sense_depth
from skelflow.types import Camera

CAMERA = Camera(320, 240, 260.0, 260.0, 159.5, 119.5)
MOVING_M = 0.01  # a limb pixel counts as moving from here on

# part: (parent, joint in the parent's frame, radii of an ellipsoid or length and radius, offset)
PARTS = {
    "torso": (None, (0, 0, 0), ((0.18, 0.30, 0.12), (0, -0.22, 0))),
    "pelvis": ("torso", (0, 0, 0), ((0.17, 0.14, 0.12), (0, 0.02, 0))),
    "head": ("torso", (0, -0.50, 0), ((0.08, 0.12, 0.10), (0, -0.12, 0))),
    "upper_arm_l": ("torso", (-0.20, -0.42, 0), (0.28, 0.050)),
    "forearm_l": ("upper_arm_l", (0, 0.28, 0), (0.24, 0.040)),
    "hand_l": ("forearm_l", (0, 0.24, 0), ((0.045, 0.09, 0.025), (0, 0.08, 0))),
    "upper_arm_r": ("torso", (0.20, -0.42, 0), (0.28, 0.050)),
    "forearm_r": ("upper_arm_r", (0, 0.28, 0), (0.24, 0.040)),
    "hand_r": ("forearm_r", (0, 0.24, 0), ((0.045, 0.09, 0.025), (0, 0.08, 0))),
    "thigh_l": ("torso", (-0.10, 0.06, 0), (0.40, 0.075)),
    "shin_l": ("thigh_l", (0, 0.40, 0), (0.38, 0.055)),
    "foot_l": ("shin_l", (0, 0.40, 0), ((0.05, 0.04, 0.12), (0, 0.03, -0.06))),
    "thigh_r": ("torso", (0.10, 0.06, 0), (0.40, 0.075)),
    "shin_r": ("thigh_r", (0, 0.40, 0), (0.38, 0.055)),
    "foot_r": ("shin_r", (0, 0.40, 0), ((0.05, 0.04, 0.12), (0, 0.03, -0.06))),
}
TRUNK = 3  # the first parts are no limbs
LOW = {"torso": (-0.1, -0.4, -0.05), "head": (-0.2, -0.3, -0.1), "upper_arm": (-2.0, -0.5, 0.1)}
HIGH = {"torso": (0.1, 0.4, 0.05), "head": (0.2, 0.3, 0.1), "upper_arm": (0.3, 0.5, 2.0)}
LOW |= {
    "forearm": (-2.0, 0, 0),
    "hand": (-0.3, 0, -0.2),
    "thigh": (-0.9, -0.1, 0),
    "shin": (0,) * 3,
}
HIGH |= {"forearm": (-0.1, 0, 0), "hand": (0.3, 0, 0.2), "thigh": (0.2, 0.1, 0.4)}
HIGH |= {"shin": (0.9, 0, 0)}
REACH_M = {"upper_arm": ("hand", 0.08), "thigh": ("foot", 0.03)}  # the tip's top speed a frame


def draw_motion(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Joint angles (parts, 3), their rates a frame, the body's place and its velocity."""
    angles, rates = np.zeros((len(PARTS), 3)), np.zeros((len(PARTS), 3))
    for row, part in enumerate(PARTS):
        kind = part.removesuffix("_l").removesuffix("_r")
        if kind in LOW:
            low, high = np.array(LOW[kind]), np.array(HIGH[kind])
            mirror = np.array([1, 1, -1]) if part.endswith("_r") else 1
            angles[row] = rng.uniform(low, high) * mirror
            rates[row] = rng.normal(size=3) * (high > low) * (0.004 if row < TRUNK else 1)
    place = np.array([rng.uniform(-0.3, 0.3), 0.05, rng.uniform(2.2, 2.9)])
    velocity = rng.uniform(-0.004, 0.004, 3)
    names = list(PARTS)
    for row, part in enumerate(PARTS):
        kind, _, side = part.rpartition("_")
        if kind in REACH_M:
            tip, fastest = REACH_M[kind]
            limb = slice(row, names.index(f"{tip}_{side}") + 1)
            step = np.zeros_like(rates)
            step[limb] = 1e-3 * rates[limb]
            moved = [pose(angles + k * step, place)[limb.stop - 1] for k in (0, 1)]
            speed = np.linalg.norm((moved[1] - moved[0]) @ [0, 0.1, 0, 1])
            rates[limb] *= rng.uniform(0, fastest) / speed * 1e-3
    return angles, rates, place, velocity


def pose(angles: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Every part's frame in the camera's, (parts, 4, 4)."""
    frames: dict[str, np.ndarray] = {}
    for part, (x, y, z) in zip(PARTS, angles, strict=True):
        parent, joint, _ = PARTS[part]
        frame = np.eye(4)
        turns = (cv2.Rodrigues(np.array(turn))[0] for turn in ([0, 0, z], [0, y, 0], [x, 0, 0]))
        frame[:3, :3] = np.linalg.multi_dot(list(turns))
        frame[:3, 3] = place if parent is None else joint
        frames[part] = frame if parent is None else frames[parent] @ frame
    return np.stack(list(frames.values()))


def hit_ellipsoid(start: np.ndarray, rays: np.ndarray, radii: object, center: object) -> np.ndarray:
    """Ray parameter of the first hit, infinite where there is none."""
    o, d = (start - center) / radii, rays / radii
    a, b, c = (d * d).sum(-1), (d * o).sum(-1), (o * o).sum() - 1
    root = b * b - a * c
    return np.where(root > 0, (-b - np.sqrt(np.maximum(root, 0))) / a, np.inf)


def hit_capsule(start: np.ndarray, rays: np.ndarray, length: float, radius: float) -> np.ndarray:
    """The same for a rod along y from 0 to `length` with round ends."""
    o, d = start[[0, 2]], rays[..., [0, 2]]
    a, b, c = (d * d).sum(-1), (d * o).sum(-1), (o * o).sum() - radius**2
    root = b * b - a * c
    side = (-b - np.sqrt(np.maximum(root, 0))) / a
    along = start[1] + side * rays[..., 1]
    side = np.where((root > 0) & (along > 0) & (along < length), side, np.inf)
    ends = (hit_ellipsoid(start, rays, radius, np.array([0, y, 0])) for y in (0, length))
    return np.minimum.reduce([side, *ends])


def rays_of(camera: Camera) -> np.ndarray:
    """Direction of every pixel, (h, w, 3), one meter away along the optical axis."""
    v, u = np.mgrid[: camera.height, : camera.width]
    return np.stack(
        [(u - camera.cx) / camera.fx, (v - camera.cy) / camera.fy, np.ones(u.shape)], -1
    )


def render(frames: np.ndarray, camera: Camera = CAMERA) -> tuple[np.ndarray, np.ndarray]:
    """Depth (0 = background) and the part seen at every pixel."""
    rays = rays_of(camera)
    hits = []
    for frame, (_, _, shape) in zip(frames, PARTS.values(), strict=True):
        turn = frame[:3, :3]
        hit = hit_ellipsoid if isinstance(shape[0], tuple) else hit_capsule
        hits.append(hit(-frame[:3, 3] @ turn, rays @ turn, *map(np.array, shape)))
    depth = np.min(hits, axis=0)
    return np.where(np.isfinite(depth), depth, 0).astype(np.float32), np.argmin(hits, axis=0)


def make_pair(seed: int, camera: Camera = CAMERA) -> dict[str, np.ndarray]:
    """Two frames, clean and noisy, and frame 0's true motion (h, w, 3) in meters.

    `own` is every pixel's point in its part's own frame, by which the person can be painted.
    """
    rng = np.random.default_rng(seed)
    angles, rates, place, velocity = draw_motion(rng)
    poses = pose(angles, place), pose(angles + rates, place + velocity)
    (depth0, part), (depth1, part1) = (render(frames, camera) for frames in poses)
    points = [
        np.concatenate([rays_of(camera) * depth[..., None], np.ones((*depth.shape, 1))], -1)
        for depth in (depth0, depth1)
    ]
    change = poses[1] @ np.linalg.inv(poses[0]) - np.eye(4)
    truth = np.einsum("hwij,hwj->hwi", change[part][..., :3, :], points[0])
    moving = (part >= TRUNK) & (np.linalg.norm(truth, axis=-1) > MOVING_M)
    noisy = sense_depth(depth0, rng), sense_depth(depth1, rng)
    own = [
        np.einsum("hwij,hwj->hwi", np.linalg.inv(frames)[seen][..., :3, :], point)
        for frames, seen, point in zip(poses, (part, part1), points, strict=True)
    ]
    pair = {"clean": (depth0, depth1), "noisy": noisy, "truth": truth, "moving": moving}
    return pair | {"own": own, "part": (part, part1)}
