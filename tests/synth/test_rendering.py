"""Rendered scenes: light, shadow, infrared, textures, and body parts."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skelflow.errors import ConfigError, DataError
from skelflow.synth.motions.meshes import Mesh, join_meshes, make_box
from skelflow.synth.rendering.frame import LAMP_M, Scene, animate_screens, find_parts, render_frame
from skelflow.synth.rendering.raster import cross_edges, rasterize
from skelflow.synth.rendering.shading import find_normals
from skelflow.synth.rigid import rigid_transform
from skelflow.synth.scene.objects import make_object, make_sheet, split_corners
from skelflow.synth.scene.room import build_room
from skelflow.synth.scene.scene_mesh import BACKGROUND, OBJECT, Role, SceneObject, build_scene_mesh
from skelflow.synth.scene.texture_kernels import mix, mottle
from skelflow.synth.scene.textures import BLOBS, Texture, choose_textures, texture_table
from skelflow.synth.scene.views import View, color_camera, look_at, place_view
from skelflow.types import Camera, Projection

CAMERA = Camera(64, 48, 60.0, 60.0, 31.5, 23.5)
PROJECTION = Projection(1920, 1080, np.float32([[1000, 0, 959.5, 0], [0, 1000, 539.5, 0]]))
FLAT = Texture((0.8, 0.8, 0.8), mottle=0.0)


def scene_of(*meshes: Mesh, view: View, color_size: tuple[int, int] | None = None) -> Scene:
    """Static objects of one plain texture."""
    objects = [SceneObject(make_object(split_corners(mesh)), Role.MOVING) for mesh in meshes]
    scene_mesh = build_scene_mesh(objects)
    textures = (FLAT,) * len(scene_mesh.materials)
    return Scene(scene_mesh, view, 1, lambda _: textures, color_size)


def wall_at(depth_m: float) -> Mesh:
    return make_sheet((-9, -9, depth_m), (18, 0, 0), (0, 18, 0), "wall")


def test_infrared_falls_with_the_squared_distance_and_to_the_corners() -> None:
    view = View(CAMERA, PROJECTION, np.eye(4))
    near, far = (render_frame(scene_of(wall_at(z), view=view), 0).signal for z in (2.0, 4.0))
    np.testing.assert_allclose(near, 4 * far, rtol=1e-5)
    assert near[24, 32] == pytest.approx(0.6 / 4, rel=0.01)
    assert near[0, 0] < 0.8 * near[24, 32]


def test_color_is_darker_where_a_thing_keeps_the_lamp_away() -> None:
    floor = make_sheet((-3, 0, -3), (6, 0, 0), (0, 0, 6), "floor")
    board = make_box((0.6, 0.02, 0.6), "board").moved((LAMP_M[0], -1.5, LAMP_M[2]))
    above = look_at(np.array([LAMP_M[0], -1.0, LAMP_M[2] - 0.01]), np.array([*LAMP_M]) * [1, 0, 1])
    view = View(CAMERA, PROJECTION, above)
    lit = render_frame(scene_of(floor, view=view, color_size=(96, 54)), 0).color
    shaded = render_frame(scene_of(floor, board, view=view, color_size=(96, 54)), 0).color
    assert lit is not None
    assert shaded is not None
    assert shaded[27, 48, 0] < 0.8 * lit[27, 48, 0]
    np.testing.assert_array_equal(shaded[0, 0], lit[0, 0])


def test_color_image_is_a_pinhole_image_of_any_size() -> None:
    matrix = np.float32([[1000, 0, 900, 50], [0, 1010, 500, 0]])
    camera, pose = color_camera(Projection(1920, 1080, matrix), width=480, height=270)
    x, y, z = (pose @ np.array([0.3, -0.2, 2.0, 1.0]))[:3]
    u, v = camera.fx * x / z + camera.cx, camera.fy * y / z + camera.cy
    full = matrix @ np.array([0.15, -0.1, 1.0, 0.5])
    np.testing.assert_allclose([(u + 0.5) * 4, (v + 0.5) * 4], full + 0.5, rtol=1e-5)


def test_look_at_puts_its_target_in_the_middle_and_keeps_down_down() -> None:
    pose = look_at(np.array([1.0, -2.0, -3.0]), np.array([0.0, -1.0, 0.5]))
    np.testing.assert_allclose(pose[:3, :3] @ pose[:3, :3].T, np.eye(3), atol=1e-12)
    target, below = (
        pose @ np.array([*rigid_transform, 1.0])
        for rigid_transform in ((0, -1, 0.5), (0, -0.5, 0.5))
    )
    np.testing.assert_allclose(target[:2], 0, atol=1e-12)
    assert below[0] == pytest.approx(0)
    assert below[1] > 0
    assert target[2] > 0


def test_place_view_mirrors_as_a_kinect_does_and_trembles_on_request() -> None:
    still = place_view(1, 2, seed=0)
    right_hand = still.pose @ np.array([-0.5, -1.0, -0.2, 1.0])  # of who faces the camera
    assert right_hand[0] > 0
    np.testing.assert_array_equal(still.pose_at(3), still.pose)
    shaken = place_view(1, 2, seed=0, shake=np.random.default_rng(0))
    moved = shaken.pose_at(4) @ np.linalg.inv(shaken.pose_at(3))
    assert 1e-5 < np.linalg.norm(moved[:3, 3]) < 0.02
    with pytest.raises(ConfigError, match="camera 4: expected one of 1, 2, 3"):
        place_view(1, 4, seed=0)


def test_scene_mesh_tells_people_objects_and_the_room_apart() -> None:
    box = make_object(make_box((0.5, 0.5, 0.1), "thing").moved((0, 0, 2)))
    person = replace(
        box,
        part=np.full(len(box.part), 7, np.uint8),
        joints_m=lambda _: np.zeros((25, 3), np.float32),
    )
    second = replace(person, points_m=lambda t: person.points_m(t) + np.float32([1, 0, 0]))
    wall = make_object(wall_at(4.0))
    prop = make_object(make_box((0.5, 0.5, 0.1), "thing").moved((-0.8, 0, 2)))
    scene_mesh = build_scene_mesh(
        [
            SceneObject(person, Role.PERSON),
            SceneObject(second, Role.PEDESTRIAN),
            SceneObject(prop, Role.PROP),
            SceneObject(wall, Role.ROOM),
        ]
    )
    assert scene_mesh.joints_m(0).shape == (1, 25, 3)
    parts = find_parts(
        rasterize(scene_mesh.points_m(0), scene_mesh.faces, camera=CAMERA), scene_mesh
    )
    assert (parts[24, 32], parts[24, 58], parts[0, 40]) == (7, 32, BACKGROUND)
    assert OBJECT in parts
    with pytest.raises(DataError, match="at least one actor"):
        build_scene_mesh([])


@settings(max_examples=50, deadline=None)
@given(st.tuples(*[st.floats(-3, 3)] * 3), st.integers(0, BLOBS))
def test_texture_is_continuous_and_in_range(
    place_m: tuple[float, float, float], pattern: int
) -> None:
    row = texture_table([replace(FLAT, pattern=pattern, mottle=0.2)])[0]
    here = np.array(place_m, np.float32)
    nearby = here + np.float32(1e-4)
    assert 0 <= mix(row, *here) <= 1
    assert 0.6 <= mottle(row, *here) <= 1.4
    assert abs(mix(row, *here) - mix(row, *nearby)) < 0.05
    assert abs(mottle(row, *here) - mottle(row, *nearby)) < 0.01


def test_choose_textures_keeps_a_persons_clothes_and_tells_people_apart() -> None:
    asked = [(1, "shirt"), (2, "shirt"), (1, "skin"), (1, "no such thing")]
    one, other, *_ = chosen = choose_textures(asked, seed=0)
    assert chosen == choose_textures(asked, seed=0)
    assert one != other
    assert one != choose_textures(asked, seed=1)[0]


def test_animate_screens_changes_only_the_screens() -> None:
    textures = (FLAT, replace(FLAT, emission=1.0))
    at = animate_screens(textures, (1,), np.random.default_rng(0))
    assert at(0)[0] == at(9)[0] == FLAT
    assert at(0)[1] != at(9)[1]


def test_room_faces_look_inward_and_boxes_outward() -> None:
    box = split_corners(join_meshes(make_box((1, 2, 3), "wood")))
    scene_mesh = build_scene_mesh([SceneObject(make_object(box), Role.ROOM)])
    normals = find_normals(scene_mesh.points_m(0), scene_mesh)
    assert ((normals * scene_mesh.points_m(0)).sum(axis=1) > 0).all()
    a, b, c = (box.points_m[box.faces[0, corner]] for corner in range(3))
    assert np.linalg.norm(cross_edges(a, b, c)) > 0


def test_room_is_the_same_in_the_wind_but_for_its_curtain() -> None:
    still, windy = (build_room(np.random.default_rng(3), wind=wind) for wind in (False, True))
    for name in ("still", "screen"):
        one, other = getattr(still, name), getattr(windy, name)
        np.testing.assert_array_equal(one.points_m(0), other.points_m(7))
    hangs, swings = still.curtain, windy.curtain
    np.testing.assert_array_equal(hangs.points_m(0), hangs.points_m(9))
    step_m = np.abs(swings.points_m(8) - swings.points_m(7)).max()
    assert 1e-3 < step_m < 0.05


def test_make_object_keeps_its_texture_where_it_is_placed() -> None:
    box = make_box((1, 1, 1), "wood")
    placed = make_object(box, pose=rigid_transform((1, 0, 0)))
    np.testing.assert_allclose(placed.points_m(5) - placed.texture_m, [[1, 0, 0]] * 8)
