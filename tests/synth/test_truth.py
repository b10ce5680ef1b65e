"""True flow: known motions, occlusion, and its files."""

from pathlib import Path

import numpy as np
import pytest

from skelflow.errors import FormatError
from skelflow.synth.actor import Points
from skelflow.synth.motions.meshes import join_meshes, make_box
from skelflow.synth.recording.truth_file import TruthWriter, read_truth
from skelflow.synth.rendering.raster import Raster, rasterize
from skelflow.synth.rendering.truth import true_flow
from skelflow.synth.scene.objects import make_object, make_sheet
from skelflow.synth.scene.scene_mesh import Role, SceneMesh, SceneObject, build_scene_mesh
from skelflow.types import Camera, Flow

CAMERA = Camera(64, 48, 60.0, 60.0, 31.5, 23.5)
WALL = make_sheet((-4, -4, 3), (8, 0, 0), (0, 8, 0), "wall")
BOX = make_box((0.5, 0.6, 0.2), "thing").moved((0, 0, 2))


def flow_of(
    shift_m: Points, *, wall_too: bool = False
) -> tuple[Flow, np.ndarray, Raster, SceneMesh]:
    """The box, and the wall if asked for, shift by that much."""
    scene_mesh = build_scene_mesh([SceneObject(make_object(join_meshes(WALL, BOX)), Role.ROOM)])
    before = scene_mesh.points_m(0)
    moves = np.ones(len(before), bool)
    moves[: len(WALL.points_m)] = wall_too
    after = before + moves[:, None].astype(np.float32) * shift_m
    first, second = (rasterize(p, scene_mesh.faces, camera=CAMERA) for p in (before, after))
    flow_m, seen = true_flow(first, second, (before, after), scene_mesh=scene_mesh, camera=CAMERA)
    return flow_m, seen, first, scene_mesh


def test_true_flow_is_the_shift_where_everything_shifts() -> None:
    shift = np.array([0.03, -0.02, 0.05], np.float32)
    flow_m, seen, *_ = flow_of(shift, wall_too=True)
    np.testing.assert_allclose(flow_m, np.broadcast_to(shift, flow_m.shape), atol=1e-6)
    assert seen[4:-4, 4:-4].mean() > 0.97  # some of the wall gets hidden behind the box


def test_true_flow_says_what_gets_hidden_and_what_leaves_the_image() -> None:
    flow_m, seen, first, _ = flow_of(np.array([0.2, 0, 0], np.float32))
    box = first.depth_m < 2.5
    np.testing.assert_allclose(
        flow_m[box], np.broadcast_to((0.2, 0, 0), flow_m[box].shape), rtol=1e-5
    )
    assert (flow_m[~box] == 0).all()
    assert seen[box].all()
    row = np.flatnonzero(box[24])
    hidden = np.flatnonzero(~seen[24])
    np.testing.assert_allclose(hidden[[0, -1]], [row[-1] + 1, row[-1] + 6], atol=1)
    flow_m, seen, *_ = flow_of(np.array([2.0, 0, 0], np.float32), wall_too=True)
    assert not seen[:, 30:].any()


def test_truth_file_gives_back_what_was_written(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    flow_m = rng.normal(0, 0.05, (2, 6, 8, 3)).astype(np.float32)
    seen, part = rng.random((2, 6, 8)) < 0.5, rng.integers(0, 255, (3, 6, 8), np.uint8)
    camera = Camera(8, 6, 7.5, 7.25, 3.5, 2.5)
    for path in (tmp_path / "a_truth.npz", tmp_path / "b_truth.npz"):
        with TruthWriter(path) as file:
            for t in range(3):
                file.add_part(t, part[t])
                if t:
                    file.add_flow(t - 1, flow_m[t - 1], seen[t - 1])
            file.finish(camera, 3, ("curtain",))
    assert path.read_bytes() == (tmp_path / "a_truth.npz").read_bytes()
    truth = read_truth(path)
    assert (truth.camera, truth.distractors) == (camera, ("curtain",))
    assert (len(truth.flow_m), len(truth.seen), len(truth.part)) == (2, 2, 3)
    np.testing.assert_allclose(list(truth.flow_m), flow_m, atol=5.1e-5)
    np.testing.assert_array_equal(list(truth.seen), seen)
    np.testing.assert_array_equal(list(truth.part), part)


def test_read_truth_fails_when_the_file_is_missing_or_something_else(tmp_path: Path) -> None:
    path = tmp_path / "S001C001P001R001A001_truth.npz"
    with pytest.raises(FormatError, match=r"_truth\.npz: no about that can be read"):
        read_truth(path)
    path.write_text("no archive")
    with pytest.raises(FormatError, match=r"expected a NAME_truth\.npz of `skelflow synth`"):
        read_truth(path)
