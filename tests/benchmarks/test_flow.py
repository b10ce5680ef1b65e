"""The flow benchmark: its peers are right, its run is whole, its demands are held."""

import json
import subprocess
import sys
from functools import partial

import numpy as np
import pytest

from benchmarks.methods import peers
from benchmarks.reports import footprint
from benchmarks.reports.flow_demands import find_failures
from benchmarks.reports.flow_tables import print_errors
from benchmarks.scenes.render import Scene
from benchmarks.scenes.scenes import make_plane, make_scene
from skelflow.flow.metrics import end_point_error, median_end_point_error
from skelflow.flow.presets import PRESETS
from tests.conftest import REPOSITORY


def frames_of(scene: Scene) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    images = np.rint(scene.intensity0), np.rint(scene.intensity1)
    return images[0], scene.depth0, images[1], scene.depth1


def image_flow(scene: Scene) -> np.ndarray:
    """Where each pixel goes, in pixels."""
    camera = scene.camera
    v, u = np.mgrid[: camera.height, : camera.width]
    z = scene.depth0 + scene.flow_m[..., 2]
    x = (u - camera.cx) / camera.fx * scene.depth0 + scene.flow_m[..., 0]
    y = (v - camera.cy) / camera.fy * scene.depth0 + scene.flow_m[..., 1]
    ends = camera.fx * x / z + camera.cx, camera.fy * y / z + camera.cy
    return np.stack((ends[0] - u, ends[1] - v), -1).astype(np.float32)


def test_peers_find_a_known_translation() -> None:
    motion_m = (0.03, -0.015, 0.02)
    plane = make_plane(width=160, height=120, motion_m=motion_m, rotvec_deg=(10.0, 15.0, 0.0))
    available = [name for name in peers.PEERS if peers.is_available(name)]
    assert peers.RIVAL in available
    for name in available:
        found = peers.PEERS[name](*frames_of(plane), plane.camera)
        error = np.median(found[15:-15, 15:-15], axis=(0, 1)) - motion_m
        assert np.linalg.norm(error) < 0.03 * np.linalg.norm(motion_m), name


def test_peers_lift_the_true_image_flow_to_the_true_flow() -> None:
    scene = make_scene("S4", width=320, height=240)
    truth = image_flow(scene)
    found = peers.lift_flow(*frames_of(scene), scene.camera, follow=lambda _: truth)
    easy = scene.visible & ~scene.boundary
    assert end_point_error(found, scene.flow_m, valid=easy) < 5e-4  # creases meet the median
    assert median_end_point_error(found, scene.flow_m, valid=easy) < 1e-4
    assert found.dtype == np.float32


def test_peers_lift_over_holes() -> None:
    scene = make_plane(width=64, height=48, motion_m=(0.02, 0.0, 0.05))
    holes = np.random.default_rng(0).random((48, 64)) < 0.2
    depth0, depth1 = (np.where(holes, np.float32(0), z) for z in (scene.depth0, scene.depth1))
    gray0, _, gray1, _ = frames_of(scene)
    lift = partial(peers.lift_flow, gray0, depth0, gray1, depth1, scene.camera, bilateral=True)
    found = lift(follow=lambda _: image_flow(scene))
    assert (found[holes] == 0).all()
    assert median_end_point_error(found, scene.flow_m, valid=~holes) < 1e-3
    assert (lift(follow=lambda _: image_flow(scene), farthest_m=0.04)[..., 2] == 0).all()


def test_peers_smoothing_lowers_noise_and_keeps_steps_and_holes() -> None:
    random = np.random.default_rng(0)
    clean = np.full((40, 60), 1.5, np.float32)
    clean[:, 30:] = 2.5
    noisy = clean + random.normal(0, 0.01, clean.shape).astype(np.float32)
    noisy[10, 10] = 0
    error = np.abs(peers.smooth_depth(noisy) - clean)
    assert peers.smooth_depth(noisy)[10, 10] == 0
    error[10, 10] = 0
    assert error.mean() < 0.3 * 0.01
    assert error.max() < 0.02


def test_peers_fill_a_hole_with_the_nearest_depth() -> None:
    depth = np.float32([[1, 0, 0, 0, 2], [1, 0, 0, 0, 2]])
    filled = peers.fill_holes(depth)
    assert filled[:, [0, 1, 3, 4]].tolist() == [[1, 1, 2, 2]] * 2
    assert (peers.fill_holes(np.zeros_like(depth)) == 0).all()


def test_peers_read_depth_between_pixels_but_not_across_a_step() -> None:
    depth = np.float32([[1.0, 1.04, 3.0, 3.0]] * 3)
    x, y = np.float32([[0.5, 1.4, 1.6]] * 3), np.float32([[1.0] * 3] * 3)
    assert peers.read_depth(depth, x, y)[0].tolist() == pytest.approx([1.02, 1.04, 3.0])


def test_footprint_sees_what_a_call_takes() -> None:
    if not footprint.RESET.exists():
        pytest.skip("the system does not tell a process its peak memory (no /proc/self/clear_refs)")
    taken = [footprint.measure_call(partial(np.ones, count, np.uint8)) for count in (10**6, 10**8)]
    assert taken[0] < 10
    assert 95 < taken[1] < 110


@pytest.fixture(scope="module")
def whole_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict]:
    path = tmp_path_factory.mktemp("bench") / "flow.json"
    methods = ["--methods", *PRESETS, "DIS + bilateral", "DualTVL1", "DIS"]
    command = [sys.executable, "-m", "benchmarks.flow", "--quick", "--sizes", "48x64", *methods]
    done = subprocess.run(
        [*command, "--check", "--json", str(path)],
        capture_output=True,
        text=True,
        check=False,
        cwd=REPOSITORY,
    )
    assert done.stderr == ""
    assert done.returncode == 1  # 240x320 is not among the sizes
    return done.stdout, json.loads(path.read_text())


def test_benchmark_writes_every_figure(whole_run: tuple[str, dict]) -> None:
    figures = whole_run[1]
    assert figures["ours"] == list(PRESETS)
    assert {"processor", "cores", "numpy", "numba", "opencv"} <= set(figures["machine"])
    found = figures["sizes"]["48x64"]
    methods = {*PRESETS, "DIS + bilateral", "DIS", "DualTVL1"} - set(figures["absent"])
    assert set(found["times"]) == set(found["memory_mb"]) == methods
    for by_threads in found["times"].values():
        assert set(by_threads) == {"1", "2"}
        for row in by_threads.values():
            assert len(row["runs_ms"]) == 2
            assert 0 < row["min_ms"] <= row["median_ms"] <= row["max_ms"]
    for noise in ("clean", "noisy"):
        assert set(found["errors"][noise]) == {"S2", "S4"}
        for rows in found["errors"][noise].values():
            assert set(rows) == {"(no flow at all)", *methods}
            for row in rows.values():
                assert {"all", "boundary", "occluded", "moving"} == set(row["regions"])
                assert row["regions"]["all"]["mean_m"] >= 0
                assert 0 < row["warp"]["share"] <= 1


def test_benchmark_prints_every_table_and_what_is_not_met(whole_run: tuple[str, dict]) -> None:
    printed = whole_run[0]
    assert "48x64, milliseconds" in printed
    for noise in ("clean", "noisy"):
        assert f"48x64, {noise}: 3D error in mm" in printed
        assert f"48x64, {noise}: mean 3D error in mm by region" in printed
    assert printed.strip().endswith("not met:\n- 240x320 was not measured")
    for method in whole_run[1]["absent"]:
        assert f"{method}: left out; it needs opencv-contrib-python-headless" in printed


def test_benchmark_marks_a_peer_that_beats_ours(capsys: pytest.CaptureFixture[str]) -> None:
    figures = {"paper": (0.002, 0.001), "DIS": (0.001, 0.0015), "(no flow at all)": (0.0, 0.0)}
    rows = {
        name: {"regions": {"all": {"mean_m": mean, "median_m": median}}}
        for name, (mean, median) in figures.items()
    }
    print_errors("here", {"S1": rows}, ["paper"])
    printed = capsys.readouterr().out
    assert "1.00* (1.50)" in printed
    assert "2.00 (1.00)" in printed
    assert "0.00 (0.00)" in printed


def good_figures() -> dict:
    """One run that meets every demand."""
    methods = ("paper", "fast", "best", "DIS + bilateral", "DualTVL1")
    errors = dict(zip(methods, (0.004, 0.005, 0.001, 0.002, 0.009), strict=True))
    sizes = {}
    for size, growth in (("240x320", 1.0), ("424x512", 2.8)):
        times = dict(zip(methods, (50, 25, 90, 15, 1100), strict=True))
        sizes[size] = {
            "times": {
                name: {
                    "1": {"cpu_ms": [growth * ms, 9 * ms]},
                    "2": {"median_ms": growth * ms, "runs_ms": [growth * ms, 7 * ms]},
                }
                for name, ms in times.items()
            },
            "memory_mb": dict.fromkeys(methods, 30.0),
            "errors": {
                noise: {
                    "S1": {
                        name: {"regions": {"all": {"mean_m": error, "median_m": error}}}
                        for name, error in errors.items()
                    }
                }
                for noise in ("clean", "noisy")
            },
        }
    return {"sizes": sizes}


def test_demands_are_met_by_good_figures() -> None:
    assert find_failures(good_figures()) == []


SMALL, LARGE = ("sizes", "240x320"), ("sizes", "424x512")


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        ((*SMALL, "times", "paper", "2", "median_ms"), 56.0, "19.6 times as fast as DualTVL1"),
        ((*SMALL, "times", "fast", "2", "median_ms"), 28.0, "39.3 times as fast as DualTVL1"),
        ((*SMALL, "times", "best", "2", "runs_ms"), [101.0, 707.0], "2.02 times the time on the"),
        ((*SMALL, "times", "best", "1", "cpu_ms"), [102.0, 918.0], "2.04 times the time of the"),
        ((*SMALL, "memory_mb", "fast"), 60.0, "fast: 60.0 MB, not less than 60"),
        ((*SMALL, "memory_mb", "paper"), None, "paper: its memory was not measured"),
        ((*LARGE, "times", "paper", "2", "median_ms"), 180.0, "3.60 times the time for 2.83"),
        ((*SMALL, "errors", "noisy", "S1", "best", "regions", "all", "median_m"), 0.002, "median"),
        ((*SMALL, "errors", "clean", "S1", "best", "regions", "all", "mean_m"), 0.003, "3.00 mm"),
    ],
)
def test_demands_name_what_is_not_met(place: tuple[str, ...], value: object, message: str) -> None:
    figures = good_figures()
    *way, last = place
    spot = figures
    for step in way:
        spot = spot[step]
    spot[last] = value
    (failure,) = find_failures(figures)
    assert message in failure


def test_demands_do_not_ask_for_the_median_of_clean_scenes() -> None:
    figures = good_figures()
    rows = figures["sizes"]["240x320"]["errors"]["clean"]["S1"]
    rows["best"]["regions"]["all"]["median_m"] = 1.0
    assert find_failures(figures) == []


@pytest.mark.parametrize("missing", ["paper", "fast", "best", "DIS + bilateral", "DualTVL1"])
def test_demands_say_what_was_not_measured(missing: str) -> None:
    figures = good_figures()
    for found in figures["sizes"].values():
        found["times"].pop(missing)
        found["memory_mb"].pop(missing)
        for rows in found["errors"].values():
            rows["S1"].pop(missing)
    failures = find_failures(figures)
    assert failures
    assert all("not measured" in failure for failure in failures)
