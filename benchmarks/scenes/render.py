"""Ray casting: bodies before a moving camera to two RGB-D frames and the true flow between."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from jaxtyping import Bool, Float64, Int64

from benchmarks.scenes.sensor import sense_depth, sense_intensity
from benchmarks.scenes.shapes import Body, Surface
from skelflow.synth.rigid import Rays, Rigid, apply_rigid
from skelflow.types import Camera, Depth, Flow, Intensity

Mask = Bool[np.ndarray, "h w"]
Image = Float64[np.ndarray, "h w"]
Index = Int64[np.ndarray, "h w"]

BOUNDARY_PX = 3.0  # at 240 rows; grows with the image
ROWS = 240
SAME = 1e-6  # rounding, in pixels and relative in depth


@dataclass(frozen=True)
class Scene:
    """Two RGB-D frames, the true flow between them, and where it is hard to find.

    Parameters
    ----------
    camera : Camera
    intensity0, intensity1 : (h, w) float32, gray 0..255.
    depth0, depth1 : (h, w) float32, meters along the optical axis, 0 where there is none.
    flow_m : (h, w, 3) float32
        Where the point of each pixel is in frame 1's camera, minus where it is in frame 0's, in
        meters: x right, y down, z away. The camera's own motion is part of it. Known for every
        pixel that hits a body, also where a noisy `depth0` has a hole; 0 elsewhere.
    visible : (h, w) bool
        The point is seen in frame 1 too: inside the image and not occluded.
    boundary : (h, w) bool
        Within 3 pixels (at 240 rows; scaled with the image) of a step in depth or motion.
    untextured : (h, w) bool
        The surface has one gray level.
    moving : (h, w) bool
        The body moves in the world, whatever the camera does.
    """

    camera: Camera
    intensity0: Intensity
    depth0: Depth
    intensity1: Intensity
    depth1: Depth
    flow_m: Flow
    visible: Mask
    boundary: Mask
    untextured: Mask
    moving: Mask

    @property
    def regions(self) -> dict[str, Mask]:
        """Where flow is hard to find or matters most; what left the image counts as occluded."""
        return {
            "boundary": self.boundary,
            "untextured": self.untextured,
            "occluded": ~self.visible,
            "moving": self.moving,
        }


@dataclass(frozen=True)
class View:
    """One frame, and which surface each pixel sees; `surface` is -1 where there is none."""

    intensity: Image
    depth: Image
    surface: Index


def render_scene(
    bodies: Sequence[Body],
    *,
    camera: Camera,
    camera_motion: Rigid | None = None,
    noisy: bool = False,
    seed: int = 0,
) -> Scene:
    """Two frames of moving bodies and the true flow of every pixel.

    Parameters
    ----------
    bodies : placed in frame 0's camera. The surfaces of one body must not hide one another.
    camera_motion : (4, 4) float64
        Takes frame 1's camera coordinates to frame 0's: the pose of the moved camera. Still by
        default.
    noisy : bool
        Both frames as a Kinect would give them; the truth stays exact.
    seed : int
        Of the textures and of the noise.
    """
    surfaces = [surface for body in bodies for surface in body.surfaces]
    owner = np.array([i for i, body in enumerate(bodies) for _ in body.surfaces] + [-1])
    seen_from = np.eye(4) if camera_motion is None else np.linalg.inv(camera_motion)
    motions = [seen_from @ body.motion for body in bodies for _ in body.surfaces]
    rays = cast_rays(camera)
    first = _look(surfaces, [np.eye(4)] * len(surfaces), rays, seed)
    second = _look(surfaces, motions, rays, seed)
    points = first.depth[..., None] * rays
    moved = points.copy()
    for number, motion in enumerate(motions):
        seen = first.surface == number
        moved[seen] = apply_rigid(points[seen], motion)
    untextured = np.array([surface.texture.contrast == 0 for surface in surfaces] + [False])
    moving = np.array([body.moves for body in bodies] + [False])
    edges = [_find_edges(owner[view.surface]) for view in (first, second)]
    scene = Scene(
        camera=camera,
        intensity0=first.intensity.astype(np.float32),
        depth0=first.depth.astype(np.float32),
        intensity1=second.intensity.astype(np.float32),
        depth1=second.depth.astype(np.float32),
        flow_m=(moved - points).astype(np.float32),
        visible=(first.surface >= 0) & _is_seen(moved, surfaces, motions, camera),
        boundary=_is_near(edges[0], BOUNDARY_PX * camera.height / ROWS),
        untextured=untextured[first.surface],
        moving=moving[owner[first.surface]],
    )
    return _sense(scene, edges, seed) if noisy else scene


def cast_rays(camera: Camera) -> Float64[np.ndarray, "h w 3"]:
    """The ray through every pixel's center, as long as to reach one meter of depth."""
    v, u = np.mgrid[: camera.height, : camera.width].astype(np.float64)
    x, y = (u - camera.cx) / camera.fx, (v - camera.cy) / camera.fy
    return np.stack((x, y, np.ones_like(x)), axis=-1)


def _look(surfaces: Sequence[Surface], motions: Sequence[Rigid], rays: Rays, seed: int) -> View:
    """What the camera sees after each surface has moved."""
    depth = np.full(rays.shape[:2], np.inf)
    index = np.full(rays.shape[:2], -1)
    for number, (surface, motion) in enumerate(zip(surfaces, motions, strict=True)):
        reach = surface.meet(rays, motion)
        nearer = reach < depth
        depth[nearer], index[nearer] = reach[nearer], number
    depth[index < 0] = 0
    gray = np.zeros_like(depth)
    for number, (surface, motion) in enumerate(zip(surfaces, motions, strict=True)):
        seen = index == number
        own = apply_rigid(depth[seen][:, None] * rays[seen], np.linalg.inv(motion @ surface.pose))
        rng = np.random.default_rng((seed, number))
        gray[seen] = surface.texture.paint(own, rng, columns=rays.shape[1])
    return View(gray, depth, index)


def _is_seen(
    points_m: Rays, surfaces: Sequence[Surface], motions: Sequence[Rigid], camera: Camera
) -> Mask:
    """Whether frame 1 shows the moved points: inside the image, nothing before them."""
    z = points_m[..., 2]
    rays = np.where((z > 0)[..., None], points_m, (0, 0, 1)) / np.where(z > 0, z, 1)[..., None]
    u, v = rays[..., 0] * camera.fx + camera.cx, rays[..., 1] * camera.fy + camera.cy
    across, down = (camera.width - 1) / 2, (camera.height - 1) / 2
    seen = (z > 0) & (np.abs(u - across) <= across + SAME) & (np.abs(v - down) <= down + SAME)
    for surface, motion in zip(surfaces, motions, strict=True):
        seen &= surface.meet(rays, motion) > z * (1 - SAME)
    return seen


def _find_edges(owner: Index) -> Mask:
    """Pixels whose right, left, upper or lower neighbor belongs to another body."""
    edge = np.zeros(owner.shape, bool)
    beside, below = owner[:, 1:] != owner[:, :-1], owner[1:] != owner[:-1]
    edge[:, 1:] |= beside
    edge[:, :-1] |= beside
    edge[1:] |= below
    edge[:-1] |= below
    return edge


def _is_near(mask: Mask, reach_px: float) -> Mask:
    if not mask.any():
        return mask
    away = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.asarray(away < reach_px)


def _sense(scene: Scene, edges: Sequence[Mask], seed: int) -> Scene:
    """The same scene as a Kinect would give it."""
    rng = np.random.default_rng((seed, 1 << 16))
    depth0, depth1 = (
        sense_depth(depth, rng, edge=edge)
        for depth, edge in zip((scene.depth0, scene.depth1), edges, strict=True)
    )
    return replace(
        scene,
        intensity0=sense_intensity(scene.intensity0, rng),
        depth0=depth0,
        intensity1=sense_intensity(scene.intensity1, rng),
        depth1=depth1,
    )
