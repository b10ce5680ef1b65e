"""The scenes that scene flow is measured on: rooms, spheres and panels with known motion."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from benchmarks.scenes.render import Scene, render_scene
from benchmarks.scenes.shapes import Body, Plane, Sphere, Surface, spin
from benchmarks.scenes.texture import Texture
from skelflow.errors import ConfigError
from skelflow.synth.rigid import Rigid, Triple, rigid_transform
from skelflow.types import Camera

FOV_X_DEG = 62.5

RICH = Texture()
FLOOR = Texture(finest_m=0.18, coarsest_m=1.2)  # longer waves: seen at a grazing angle
NEAR = Texture(finest_m=0.06, coarsest_m=0.4)
PLAIN = Texture(contrast=0.0, middle=150.0)


class Setting(NamedTuple):
    """What stands before the camera, and how the camera moves."""

    bodies: tuple[Body, ...]
    camera_motion: Rigid


def make_scene(name: str, *, width: int, height: int, noisy: bool = False, seed: int = 0) -> Scene:
    """Two RGB-D frames of a named scene with the true flow of every pixel.

    Parameters
    ----------
    name : str, one of `SCENES`.
    width, height : int, pixels; the camera sees 62.5 degrees across at any size.
    noisy : bool
        Both frames as a Kinect would give them.
    seed : int
        Of the textures and of the noise; shapes and motions are the scene's own.

    Raises
    ------
    ConfigError
        No scene has that name, or a size is not positive.

    Notes
    -----
    S1 slanted plane and floor moving; S2 still room, moving and spinning sphere; S3 camera turning
    one degree and moving; S4 the same with the sphere; S5 untextured sphere and panel moving;
    S6 as S4 with eight gray levels of contrast; S7 a near panel passing before a far room;
    S8 camera and sphere moving 20 to 30 pixels (at 320 columns).

    Examples
    --------
    >>> scene = make_scene("S2", width=80, height=60)
    >>> scene.flow_m.shape, bool(scene.flow_m[scene.moving].any())
    ((60, 80, 3), True)
    """
    if name not in _SETTINGS:
        raise ConfigError(f"unknown scene {name!r}, known: {', '.join(SCENES)}")
    setting = _SETTINGS[name]()
    return render_scene(
        setting.bodies,
        camera=Camera.from_fov(width, height, FOV_X_DEG),
        camera_motion=setting.camera_motion,
        noisy=noisy,
        seed=seed,
    )


def make_plane(
    *,
    width: int,
    height: int,
    motion_m: Triple,
    distance_m: float = 2.0,
    rotvec_deg: Triple = (0, 0, 0),
    texture: Texture = NEAR,
    noisy: bool = False,
    seed: int = 0,
) -> Scene:
    """A single endless plane that shifts by `motion_m`: the flow is `motion_m` everywhere.

    Parameters
    ----------
    distance_m : float, where the optical axis meets the plane.
    rotvec_deg : (x, y, z)
        Rotation vector of the plane in degrees; it faces the camera by default.

    Examples
    --------
    >>> scene = make_plane(width=40, height=30, motion_m=(0.0, 0.0, 0.25))
    >>> float(scene.flow_m[3, 4, 2]), float(scene.depth1[0, 0])
    (0.25, 2.25)
    """
    surface = Surface(Plane(), rigid_transform((0, 0, distance_m), rotvec_deg=rotvec_deg), texture)
    return render_scene(
        [Body((surface,), rigid_transform(motion_m))],
        camera=Camera.from_fov(width, height, FOV_X_DEG),
        noisy=noisy,
        seed=seed,
    )


def build_room(*, far_m: float = 2.7, wall: Texture = RICH, floor: Texture = FLOOR) -> Body:
    """A closed room around the camera: far wall, floor, ceiling, two side walls."""
    turned = rigid_transform(rotvec_deg=(0, -14, 0))
    walls = (
        Surface(Plane(), turned @ rigid_transform((0, 0, far_m)), wall),
        Surface(Plane(), turned @ rigid_transform((0, 0.85, 0), rotvec_deg=(90, 0, 0)), floor),
        Surface(Plane(), turned @ rigid_transform((0, -1.5, 0), rotvec_deg=(90, 0, 0)), floor),
        Surface(Plane(), turned @ rigid_transform((-1.6, 0, 0), rotvec_deg=(0, 90, 0)), floor),
        Surface(Plane(), turned @ rigid_transform((1.6, 0, 0), rotvec_deg=(0, 90, 0)), floor),
    )
    return Body(walls)


def build_ball(
    center_m: Triple,
    radius_m: float,
    *,
    shift_m: Triple,
    rotvec_deg: Triple = (0, 0, 0),
    texture: Texture = NEAR,
) -> Body:
    """A sphere that turns about its center and shifts."""
    surface = Surface(Sphere(radius_m), rigid_transform(center_m), texture)
    return Body((surface,), spin(center_m, rotvec_deg=rotvec_deg, shift_m=shift_m))


def build_panel(
    center_m: Triple,
    half_size_m: tuple[float, float],
    *,
    shift_m: Triple,
    facing_deg: Triple = (0, 0, 0),
    rotvec_deg: Triple = (0, 0, 0),
    texture: Texture = NEAR,
) -> Body:
    """A rectangle, placed at `facing_deg`, that turns about its center and shifts."""
    surface = Surface(
        Plane(*half_size_m), rigid_transform(center_m, rotvec_deg=facing_deg), texture
    )
    return Body((surface,), spin(center_m, rotvec_deg=rotvec_deg, shift_m=shift_m))


def _translating() -> Setting:
    surfaces = (
        Surface(Plane(), rigid_transform((0, 0, 2.6), rotvec_deg=(0, 25, 0)), RICH),
        Surface(Plane(), rigid_transform((0, 0.9, 0), rotvec_deg=(90, 0, 0)), FLOOR),
    )
    return Setting((Body(surfaces, rigid_transform((0.026, -0.008, -0.025))),), np.eye(4))


def _spinning_ball(texture: Texture = NEAR) -> Body:
    return build_ball(
        (-0.15, -0.05, 2.0),
        0.4,
        shift_m=(0.034, 0.014, 0.028),
        rotvec_deg=(1.0, -3.5, 2.0),
        texture=texture,
    )


def _still_room() -> Setting:
    return Setting((build_room(), _spinning_ball()), np.eye(4))


def _turning_camera(*others: Body, room: Body | None = None) -> Setting:
    camera = rigid_transform((-0.004, 0.004, -0.024), rotvec_deg=(0.3, -0.9, 0.3))
    return Setting((room or build_room(), *others), camera)


def _turning_with_ball() -> Setting:
    return _turning_camera(_spinning_ball())


def _untextured_movers() -> Setting:
    ball = build_ball((-0.55, 0.2, 2.0), 0.35, shift_m=(0.05, 0.0, -0.04), texture=PLAIN)
    panel = build_panel(
        (0.6, -0.1, 2.2),
        (0.35, 0.45),
        shift_m=(-0.04, 0.02, 0.03),
        facing_deg=(0, 20, 0),
        texture=Texture(contrast=0.0, middle=90.0),
    )
    return Setting((build_room(), ball, panel), np.eye(4))


def _low_contrast() -> Setting:
    wall, floor, near = (
        Texture(8.0, 120.0, texture.finest_m, texture.coarsest_m) for texture in (RICH, FLOOR, NEAR)
    )
    return _turning_camera(_spinning_ball(near), room=build_room(wall=wall, floor=floor))


def _passing_panel() -> Setting:
    panel = build_panel(
        (-0.1, 0.05, 0.9),
        (0.14, 0.2),
        shift_m=(0.032, 0.003, 0.0),
        facing_deg=(0, -10, 5),
        texture=Texture(finest_m=0.03, coarsest_m=0.2),
    )
    return Setting((build_room(far_m=4.0), panel), rigid_transform((0.004, 0.0, 0.0)))


def _large_motion() -> Setting:
    ball = build_ball((0.35, 0.1, 1.9), 0.35, shift_m=(-0.07, 0.14, 0.06), rotvec_deg=(0, 5, 3))
    panel = build_panel((-0.65, -0.1, 2.3), (0.3, 0.4), shift_m=(0.03, 0.11, -0.05))
    camera = rigid_transform((0.03, 0.0, 0.05), rotvec_deg=(0.8, -4.5, 0.6))
    return Setting((build_room(), ball, panel), camera)


_SETTINGS: dict[str, Callable[[], Setting]] = {
    "S1": _translating,
    "S2": _still_room,
    "S3": _turning_camera,
    "S4": _turning_with_ball,
    "S5": _untextured_movers,
    "S6": _low_contrast,
    "S7": _passing_panel,
    "S8": _large_motion,
}
SCENES = tuple(_SETTINGS)
