"""One frame of a stage as a perfect sensor would see it."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float32, UInt8

from skelflow.synth.actor import Points
from skelflow.synth.motions.timing import FRAME_RATE_HZ
from skelflow.synth.rendering.raster import NOTHING, Raster, rasterize
from skelflow.synth.rendering.shade import Light, Surface, find_normals, shade_color, shade_infrared
from skelflow.synth.rigid import Rigid, place
from skelflow.synth.scene.paint import Paint, paint_table
from skelflow.synth.scene.stage import BACKGROUND, JOINTS, Stage, carry
from skelflow.synth.scene.views import View, color_camera
from skelflow.types import Camera, Color, Intensity

LAMP_M = (0.5, -2.55, -1.1)  # on the stage
_LAMP = Camera(400, 400, 120.0, 120.0, 199.5, 199.5)
_LAMP_POSE = place(turn_deg=(90.0, 0.0, 0.0)) @ place((-LAMP_M[0], -LAMP_M[1], -LAMP_M[2]))


@dataclass(frozen=True)
class Shot:
    """What is recorded, and from where.

    Parameters
    ----------
    stage, view : who is there, and the camera.
    frames : how many, at 30 Hz.
    paints : of the stage's materials in a frame.
    color_size : (width, height) of the color image, None for none.
    """

    stage: Stage
    view: View
    frames: int
    paints: Callable[[int], tuple[Paint, ...]]
    color_size: tuple[int, int] | None = None


@dataclass(frozen=True)
class Look:
    """One frame without noise.

    Parameters
    ----------
    points_m : (points, 3) of the stage in the depth camera's frame.
    raster : what each depth pixel sees.
    infrared : (h, w) float32, gray 0..255.
    signal : (h, w) float32, how much infrared comes back, see `skelflow.synth.rendering.shade`.
    color : (h2, w2, 3) uint8 RGB, or None.
    joints_m : (people, 25, 3) in the depth camera's frame.
    """

    points_m: Points
    raster: Raster
    infrared: Intensity
    signal: Intensity
    color: UInt8[np.ndarray, "h2 w2 3"] | None
    joints_m: Float32[np.ndarray, "people 25 3"]


def look(shot: Shot, t: int) -> Look:
    """Frame t of a shot, rendered."""
    stage, view = shot.stage, shot.view
    on_stage, pose = stage.points_m(t), view.pose_at(t)
    points_m = carry(on_stage, pose)
    raster = rasterize(points_m, stage.faces, camera=view.camera)
    normals = find_normals(points_m, stage)
    paints = paint_table(shot.paints(t))
    surface = Surface(raster, view.camera, stage, normals, paints)
    infrared, signal = shade_infrared(surface)
    color = None
    if shot.color_size is not None:
        color = _look_in_color(shot, surface, on_stage, pose, shot.color_size)
    joints_m = carry(stage.joints_m(t).reshape(-1, 3), pose).reshape(-1, JOINTS, 3)
    return Look(points_m, raster, infrared, signal, color, joints_m)


def find_parts(raster: Raster, stage: Stage) -> UInt8[np.ndarray, "h w"]:
    """The body part at every pixel: of the triangle's corner that is nearest."""
    nearest = raster.weights.argmax(axis=-1)[..., None]
    corners = np.take_along_axis(stage.faces[raster.face], nearest, axis=-1)[..., 0]
    return np.where(raster.face == NOTHING, BACKGROUND, stage.part[corners]).astype(np.uint8)


def flicker(
    paints: tuple[Paint, ...], screens: tuple[int, ...], random: np.random.Generator
) -> Callable[[int], tuple[Paint, ...]]:
    """Paints over time: the pictures of some of them move and change their brightness."""
    speeds_m = random.uniform(-0.6, 0.6, (len(screens), 2))
    rates_hz = random.uniform(0.5, 4.0, len(screens))

    def at(t: int) -> tuple[Paint, ...]:
        now, seconds = list(paints), t / FRAME_RATE_HZ
        for number, (x, y), rate_hz in zip(screens, speeds_m, rates_hz, strict=True):
            glow = 0.85 + 0.25 * np.sin(2 * np.pi * rate_hz * seconds)
            shift = (float(x * seconds), float(y * seconds), 0.0)
            now[number] = replace(paints[number], glow=float(glow), shift_m=shift)
        return tuple(now)

    return at


def _look_in_color(
    shot: Shot, seen: Surface, on_stage: Points, pose: Rigid, size: tuple[int, int]
) -> Color:
    """The same moment from the color camera."""
    width, height = size
    camera, beside = color_camera(shot.view.projection, width=width, height=height)
    points_m = carry(on_stage, beside @ pose)
    raster = rasterize(points_m, seen.stage.faces, camera=camera)
    surface = replace(seen, raster=raster, camera=camera)
    lamp = rasterize(carry(on_stage, _LAMP_POSE), seen.stage.faces, camera=_LAMP)
    lit = np.where(lamp.face == NOTHING, np.float32(np.inf), lamp.depth_m)
    way = _LAMP_POSE @ np.linalg.inv(beside @ pose)
    return shade_color(surface, Light(way[:3].astype(np.float32), _LAMP, lit))
