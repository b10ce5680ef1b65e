"""Render one noise-free frame of a scene: depth, infrared, color and joints."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float32, UInt8

from skelflow.synth.actor import Points
from skelflow.synth.motions.timing import FRAME_RATE_HZ
from skelflow.synth.rendering.raster import NOTHING, Raster, rasterize
from skelflow.synth.rendering.shading import (
    Light,
    Surface,
    find_normals,
    shade_color,
    shade_infrared,
)
from skelflow.synth.rigid import Rigid, rigid_transform
from skelflow.synth.scene.scene_mesh import BACKGROUND, JOINTS, SceneMesh, transform_points
from skelflow.synth.scene.textures import Texture, texture_table
from skelflow.synth.scene.views import View, color_camera
from skelflow.types import Camera, Color, Intensity

LAMP_M = (0.5, -2.55, -1.1)  # scene coordinates
_LAMP = Camera(400, 400, 120.0, 120.0, 199.5, 199.5)
_LAMP_POSE = rigid_transform(rotvec_deg=(90.0, 0.0, 0.0)) @ rigid_transform(
    (-LAMP_M[0], -LAMP_M[1], -LAMP_M[2])
)


@dataclass(frozen=True)
class Scene:
    """A scene to render: surfaces, camera, duration, textures.

    Parameters
    ----------
    mesh : all surfaces.
    view : the camera.
    frames : number of frames at 30 Hz.
    textures : frame number -> a texture for each of the mesh's materials.
    color_size : (width, height) of the color image, None for none.
    """

    mesh: SceneMesh
    view: View
    frames: int
    textures: Callable[[int], tuple[Texture, ...]]
    color_size: tuple[int, int] | None = None


@dataclass(frozen=True)
class RenderedFrame:
    """A noise-free frame.

    Parameters
    ----------
    points_m : (points, 3) of the scene in the depth camera's frame.
    raster : what each depth pixel sees.
    infrared : (h, w) float32, gray 0..255.
    signal : (h, w) float32, reflected infrared, see `shading.shade_infrared`.
    color : (h2, w2, 3) uint8 RGB, or None.
    joints_m : (people, 25, 3) in the depth camera's frame.
    """

    points_m: Points
    raster: Raster
    infrared: Intensity
    signal: Intensity
    color: UInt8[np.ndarray, "h2 w2 3"] | None
    joints_m: Float32[np.ndarray, "people 25 3"]


def render_frame(scene: Scene, t: int) -> RenderedFrame:
    """Render frame t of a scene."""
    scene_mesh, view = scene.mesh, scene.view
    in_scene, pose = scene_mesh.points_m(t), view.pose_at(t)
    points_m = transform_points(in_scene, pose)
    raster = rasterize(points_m, scene_mesh.faces, camera=view.camera)
    normals = find_normals(points_m, scene_mesh)
    textures = texture_table(scene.textures(t))
    surface = Surface(raster, view.camera, scene_mesh, normals, textures)
    infrared, signal = shade_infrared(surface)
    color = None
    if scene.color_size is not None:
        color = _render_color(scene, surface, in_scene, pose, scene.color_size)
    joints_m = transform_points(scene_mesh.joints_m(t).reshape(-1, 3), pose).reshape(-1, JOINTS, 3)
    return RenderedFrame(points_m, raster, infrared, signal, color, joints_m)


def find_parts(raster: Raster, scene_mesh: SceneMesh) -> UInt8[np.ndarray, "h w"]:
    """Body part of every pixel, taken from the nearest corner of its triangle."""
    nearest = raster.weights.argmax(axis=-1)[..., None]
    corners = np.take_along_axis(scene_mesh.faces[raster.face], nearest, axis=-1)[..., 0]
    return np.where(raster.face == NOTHING, BACKGROUND, scene_mesh.part[corners]).astype(np.uint8)


def animate_screens(
    textures: tuple[Texture, ...], screens: tuple[int, ...], random: np.random.Generator
) -> Callable[[int], tuple[Texture, ...]]:
    """Textures over time: those of `screens` move and change their brightness."""
    speeds_m = random.uniform(-0.6, 0.6, (len(screens), 2))
    rates_hz = random.uniform(0.5, 4.0, len(screens))

    def at(t: int) -> tuple[Texture, ...]:
        now, seconds = list(textures), t / FRAME_RATE_HZ
        for number, (x, y), rate_hz in zip(screens, speeds_m, rates_hz, strict=True):
            emission = 0.85 + 0.25 * np.sin(2 * np.pi * rate_hz * seconds)
            shift = (float(x * seconds), float(y * seconds), 0.0)
            now[number] = replace(textures[number], emission=float(emission), shift_m=shift)
        return tuple(now)

    return at


def _render_color(
    scene: Scene, seen: Surface, in_scene: Points, pose: Rigid, size: tuple[int, int]
) -> Color:
    """Render the same moment from the color camera, with a shadow map of the lamp."""
    width, height = size
    camera, color_pose = color_camera(scene.view.projection, width=width, height=height)
    points_m = transform_points(in_scene, color_pose @ pose)
    raster = rasterize(points_m, seen.mesh.faces, camera=camera)
    surface = replace(seen, raster=raster, camera=camera)
    lamp = rasterize(transform_points(in_scene, _LAMP_POSE), seen.mesh.faces, camera=_LAMP)
    lit = np.where(lamp.face == NOTHING, np.float32(np.inf), lamp.depth_m)
    to_lamp = _LAMP_POSE @ np.linalg.inv(color_pose @ pose)
    return shade_color(surface, Light(to_lamp[:3].astype(np.float32), _LAMP, lit))
