"""The benchmark on real pairs: its readers, its measure, and its run without any data."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.flow_real import judge_truth
from benchmarks.scenes.real_pairs import (
    FOLDERS,
    RealPair,
    find_pair,
    halve,
    load_motorcycle,
    read_sflow,
    shift_left,
)
from benchmarks.scenes.residual import warp_residual
from skelflow.errors import DataError
from skelflow.types import Camera
from tests.conftest import REPOSITORY


def write_sflow(path: Path, flow: np.ndarray, *, channels: int = 3) -> Path:
    height, width = flow.shape[:2]
    header = np.array([width, height, channels], "<u4").tobytes()
    path.write_bytes(header + flow.transpose(2, 0, 1).astype("<f4").tobytes())
    return path


def test_read_sflow_gives_rows_columns_and_axes_in_order(tmp_path: Path) -> None:
    flow = np.random.default_rng(0).normal(size=(3, 5, 3)).astype(np.float32)
    flow[0, 1] = 0
    flow[2, 4, 0] = -np.inf
    found = read_sflow(write_sflow(tmp_path / "one.sflow", flow))
    assert np.isnan(found[0, 1]).all() and np.isnan(found[2, 4]).all()
    known = np.isfinite(found).all(axis=-1)
    assert known.sum() == 13
    np.testing.assert_array_equal(found[known], flow[known])


def test_read_sflow_refuses_a_file_of_another_length(tmp_path: Path) -> None:
    path = write_sflow(tmp_path / "one.sflow", np.ones((3, 5, 3), np.float32))
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(DataError, match=r"188 bytes .* expected 192"):
        read_sflow(path)
    with pytest.raises(DataError, match="2 channels"):
        read_sflow(write_sflow(path, np.ones((3, 5, 2), np.float32), channels=2))


def test_shift_left_keeps_the_nearest_and_leaves_holes() -> None:
    depth = np.array([[3, 3, 1, 3, 3, 0]], np.float32)
    shift = np.array([[1, 1, 2, 1, 1, 1]], np.float32)
    np.testing.assert_array_equal(shift_left(depth, shift), [[1, 0, 3, 3, 0, 0]])


def test_halve_keeps_rays() -> None:
    image = np.zeros((6, 8), np.float32)
    camera = Camera(8, 6, 10.0, 10.0, 4.0, 2.0)
    small = halve(RealPair(image, image, image, image, camera, np.zeros((6, 8, 3), np.float32)))
    assert small.truth_m is not None and small.truth_m.shape == (3, 4, 3)
    assert (small.camera.width, small.camera.height) == (4, 3)
    assert (2 - small.camera.cx) / small.camera.fx == (4 - camera.cx) / camera.fx


def test_residual_does_not_count_hidden_pixels_when_told_the_farthest() -> None:
    camera = Camera.from_fov(40, 30, 62.5)
    still = np.zeros((30, 40, 3), np.float32)
    gray, wall = np.full((30, 40), 90, np.float32), np.full((30, 40), 2, np.float32)
    before = wall.copy()
    before[:, :10] = 1  # something near goes away from here
    found = warp_residual(still, gray, before, gray, wall, camera=camera)
    assert found.depth_m == pytest.approx(0.25) and found.share == 1
    same = warp_residual(still, gray, before, gray, wall, camera=camera, farthest_m=0.3)
    assert same.depth_m == 0 and same.share == pytest.approx(0.75)


@pytest.mark.parametrize("name", FOLDERS)
def test_pairs_load_at_their_sizes(name: str, data_dir: Path) -> None:
    load = find_pair(name, data_dir)
    if isinstance(load, str):
        pytest.skip(load)
    pair = load()
    assert pair.depth0.shape == (480, 640)
    assert {field.shape for field in pair[:4]} == {(480, 640)}
    assert 0.4 < np.median(pair.depth0[pair.depth0 > 0]) < 6
    if pair.truth_m is not None:
        truth = judge_truth(pair, pair.truth_m)
        assert truth["mean_m"] == 0 and truth["within"] == 1
        assert truth["depth_m"] < 0.01  # right units and axes: it leads to the depth found there


def test_motorcycle_moves_as_one(tmp_path: Path) -> None:
    import cv2

    disparity = np.full((40, 60), 9.0, np.float32)
    disparity[10:20, 30:40], disparity[0, 0] = 20.0, np.inf
    np.savez(tmp_path / "motorcycle_disp.npz", disparity)
    for side in ("left", "right"):
        cv2.imwrite(str(tmp_path / f"motorcycle_{side}.png"), np.full((40, 60, 3), 90, np.uint8))
    pair = load_motorcycle(tmp_path)
    assert pair.truth_m is not None and np.isnan(pair.truth_m[0, 0]).all()
    assert np.unique(pair.truth_m[1:, :, 0]).tolist() == pytest.approx([-0.193001])
    assert pair.depth1[30, 5] == pair.depth0[30, 50]


def test_run_without_data_skips_every_pair_and_says_why(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.flow_real", "--pairs", "pair1", "deepdeform"],
        cwd=REPOSITORY,
        env={"PATH": "", "SKELFLOW_DATA": str(tmp_path), "PYTHONPATH": str(REPOSITORY / "src")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.count("skipped; no ") == 2 and "SKELFLOW_DATA" in done.stdout
