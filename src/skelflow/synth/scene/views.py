"""Cameras: three around the scene, at a distance and height that depend on the set-up."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from skelflow.errors import ConfigError
from skelflow.synth.motions.timing import FRAME_RATE_HZ
from skelflow.synth.rigid import Rigid, rigid_transform
from skelflow.types import Camera, Projection

DEPTH_CAMERA = Camera(512, 424, 365.5, 365.5, 257.0, 209.5)  # a Kinect v2, about
COLOR_PROJECTION = Projection(
    1920, 1080, np.array([[1059.0, 0, 957.0, 56.0], [0, 1059.0, 551.0, 0]], np.float32)
)
ANGLES_DEG = {1: 45.0, 2: 0.0, 3: -45.0}  # camera number -> angle to the scene's left
PLACES_M = ((3.0, 1.3), (3.5, 1.7), (2.6, 1.0), (4.0, 2.0), (3.2, 0.8), (2.3, 1.1))
LOOKED_AT_M = 0.88  # height of the target on the scene's vertical axis
_MIRROR = np.diag([-1.0, 1.0, 1.0, 1.0])
SHAKE_M, SHAKE_DEG = 0.002, 0.12  # amplitude of each of three waves


@dataclass(frozen=True)
class View:
    """A Kinect v2: intrinsics, color projection and pose.

    Parameters
    ----------
    camera : of the depth and infrared images.
    projection : where points of the depth camera land in the 1920x1080 color image.
    pose : (4, 4) float64, from scene to camera coordinates, at rest. It includes a reflection,
        since a Kinect's images are mirrored: a person facing it has the right hand
        on the image's right.
    shake : frame number -> (4, 4), camera shake, applied after the pose.
    """

    camera: Camera
    projection: Projection
    pose: Rigid
    shake: Callable[[int], Rigid] | None = None

    def pose_at(self, t: int) -> Rigid:
        """Transform from scene to camera coordinates in frame t."""
        return self.pose if self.shake is None else np.asarray(self.shake(t) @ self.pose)


def place_view(
    setup: int, number: int, *, seed: int, shake: np.random.Generator | None = None
) -> View:
    """Camera 1, 2 or 3 of a set-up, each with its own intrinsics; determined by `seed`.

    Parameters
    ----------
    setup : from 1; selects a distance of 2.3 to 4 m and a height of 0.8 to 2 m.
    number : 1, 2, 3 look from 45, 0 and -45 degrees.
    shake : generator for camera shake; static by default.

    Raises
    ------
    ConfigError
        There is no such camera.
    """
    if number not in ANGLES_DEG:
        raise ConfigError(f"camera {number}: expected one of {', '.join(map(str, ANGLES_DEG))}")
    distance_m, height_m = PLACES_M[(setup - 1) % len(PLACES_M)]
    random = np.random.default_rng((seed, setup, number))
    angle = math.radians(ANGLES_DEG[number] + random.uniform(-3, 3))
    away = distance_m * random.uniform(0.97, 1.03)
    eye = np.array([-away * math.sin(angle), -height_m, -away * math.cos(angle)])
    camera, projection = _draw_device(random)
    return View(
        camera,
        projection,
        _MIRROR @ look_at(eye, np.array([0.0, -LOOKED_AT_M, 0.0])),
        None if shake is None else draw_shake(shake),
    )


def look_at(eye_m: Float64[np.ndarray, "3"], target_m: Float64[np.ndarray, "3"]) -> Rigid:
    """Transform from scene to the coordinates of a level camera at `eye_m` aimed at `target_m`."""
    ahead = (target_m - eye_m) / np.linalg.norm(target_m - eye_m)
    right = np.cross(np.array([0.0, 1.0, 0.0]), ahead)
    right /= np.linalg.norm(right)
    pose = np.eye(4)
    pose[:3, :3] = np.stack((right, np.cross(ahead, right), ahead))
    pose[:3, 3] = -pose[:3, :3] @ eye_m
    return pose


def color_camera(projection: Projection, *, width: int, height: int) -> tuple[Camera, Rigid]:
    """The color projection as a pinhole camera of any image size, and its pose.

    Returns
    -------
    camera : of that size; the same field of view.
    pose : (4, 4), from depth to color camera coordinates, a translation.
    """
    (fx, _, cx, x), (_, fy, cy, y) = projection.resized(width, height).matrix.tolist()
    return Camera(width, height, fx, fy, cx, cy), rigid_transform((x / fx, y / fy, 0))


def _draw_device(random: np.random.Generator) -> tuple[Camera, Projection]:
    """Intrinsics that vary as they do between Kinect v2 devices."""
    focal = DEPTH_CAMERA.fx + random.normal(0, 0.4)
    center = DEPTH_CAMERA.cx + random.normal(0, 2), DEPTH_CAMERA.cy + random.normal(0, 1)
    camera = Camera(DEPTH_CAMERA.width, DEPTH_CAMERA.height, focal, focal, *center)
    matrix = COLOR_PROJECTION.matrix.copy()
    matrix[0, 0] = matrix[1, 1] = matrix[0, 0] + random.normal(0, 2)
    matrix[:, 2] += random.normal(0, 2, 2).astype(np.float32)
    matrix[0, 3] += random.normal(0, 0.5)
    return camera, Projection(COLOR_PROJECTION.width, COLOR_PROJECTION.height, matrix)


def draw_shake(random: np.random.Generator) -> Callable[[int], Rigid]:
    """A trembling camera: three slow sine waves on each axis, frame number -> (4, 4)."""
    rates_hz = random.uniform(0.4, 3.0, (3, 6))
    phases, heights = random.uniform(0, 2 * np.pi, (3, 6)), random.normal(0, 1, (3, 6))

    def shake(t: int) -> Rigid:
        waves = heights * np.sin(2 * np.pi * rates_hz * t / FRAME_RATE_HZ + phases)
        x, y, z, a, b, c = waves.sum(axis=0)
        shift = (SHAKE_M * x, SHAKE_M * y, SHAKE_M * z)
        return rigid_transform(shift, rotvec_deg=(SHAKE_DEG * a, SHAKE_DEG * b, SHAKE_DEG * c))

    return shake
