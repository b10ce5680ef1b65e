"""What synthetic recordings cost, and how exact they are.

Frames a second of one process, by its own processor time and by the clock (which other programs
slow down), without color, with small and with full color; how well clean recordings keep what they
promise (true flow against the next depth image, joints against the silhouette); and what a frame of
true flow takes on disk by number format.
"""

import argparse
import json
import platform
import tempfile
import time
import zlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from skelflow.camera.pinhole import project, unproject
from skelflow.recordings import open_recording
from skelflow.synth.recording.build_scene import build_scene
from skelflow.synth.recording.recording_spec import SynthConfig, plan_recordings
from skelflow.synth.recording.synthesize import synthesize, truth_path
from skelflow.synth.recording.truth_file import STEP_M, read_truth
from skelflow.synth.rendering.frame import render_frame
from skelflow.synth.rendering.truth import true_flow
from skelflow.synth.scene.scene_mesh import JOINTS
from skelflow.types import Camera, Depth

EXAMPLE = "example: python -m benchmarks.synth --actions 23 --json synth.json"
COLORS = {"no color": None, "480x270": (480, 270), "1920x1080": (1920, 1080)}


def measure_speed(config: SynthConfig, folder: Path) -> dict[str, float]:
    """Frames a second by processor time and by the clock, after a run that compiles."""
    synthesize(folder / "warm-up", config.replace(longest=2))
    processor, clock = time.process_time(), time.perf_counter()
    report = synthesize(folder / "timed", config)
    processor, clock = time.process_time() - processor, time.perf_counter() - clock
    return {"per_core_s": report.frames / processor, "per_clock_s": report.frames / clock}


def measure_truth(config: SynthConfig, folder: Path) -> dict[str, float]:
    """Of clean recordings: median distance (mm) of carried points, share of joints inside."""
    away_m, inside = [], []
    for spec in synthesize(folder, config).recordings:
        recording = open_recording(folder / "nturgb+d_depth" / spec.name)
        truth = read_truth(truth_path(folder, spec.name))
        for t in range(len(truth.flow_m)):
            depth, people = recording.depth[t], truth.part[t] < 254
            moved = unproject(depth, truth.camera) + truth.flow_m[t]
            body = moved[people & truth.seen[t] & (depth > 0)]
            away_m.append(np.abs(_behind(body, recording.depth[t + 1], truth.camera)))
            pixels = recording.skeleton.joints_px[t]
            x, y = np.rint(pixels[np.isfinite(pixels).all(-1)]).astype(int).T
            shown = (x >= 0) & (y >= 0) & (x < 512) & (y < 424)
            inside.append(truth.part[t][y[shown], x[shown]] < 2 * JOINTS)
    distances = 1000 * np.concatenate(away_m)
    return {
        "carried_median_mm": float(np.median(distances)),
        "carried_p90_mm": float(np.percentile(distances, 90)),
        "joints_inside": float(np.concatenate(inside).mean()),
    }


def _behind(points_m: np.ndarray, depth_m: Depth, camera: Camera) -> np.ndarray:
    """How far points lie behind the surface between the four pixels around them."""
    maps = project(points_m, camera).astype(np.float32)[None]
    near = cv2.remap(1 / np.maximum(depth_m, 1e-3), maps, None, cv2.INTER_LINEAR)[0]
    return points_m[:, 2] - 1 / near


def measure_formats(config: SynthConfig) -> dict[str, tuple[float, float]]:
    """KiB a frame after zlib, and the largest error (mm), by number format."""
    found: dict[str, list[tuple[float, float]]] = {}
    for spec in plan_recordings(config):
        scene = build_scene(spec, config)
        one, two = render_frame(scene, 10), render_frame(scene, 11)
        points_m, camera = (one.points_m, two.points_m), scene.view.camera
        flow_m, _ = true_flow(
            one.raster, two.raster, points_m, scene_mesh=scene.mesh, camera=camera
        )
        units = np.rint(flow_m / np.float32(STEP_M)).astype(np.int16)
        for name, stored, back in (
            ("float32", flow_m, flow_m),
            ("float16", flow_m.astype(np.float16), flow_m.astype(np.float16)),
            ("int16", units, units * np.float32(STEP_M)),
        ):
            size = len(zlib.compress(np.ascontiguousarray(stored).tobytes(), 6)) / 1024
            error = 1000 * float(np.abs(back.astype(np.float32) - flow_m).max())
            found.setdefault(name, []).append((size, error))
    return {
        name: (float(np.mean([size for size, _ in rows])), max(error for _, error in rows))
        for name, rows in found.items()
    }


def main() -> None:
    """Parse, measure, print, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLE)
    parser.add_argument("--actions", type=int, nargs="+", default=[7, 23, 24, 50])
    parser.add_argument("--people", type=int, default=1)
    parser.add_argument("--longest", type=int, default=24, help="frames a recording (default: 24)")
    parser.add_argument("--json", type=Path, help="write every figure here, too")
    options = parser.parse_args()
    config = SynthConfig(
        actions=tuple(options.actions),
        people=options.people,
        cameras=(1, 2),
        longest=options.longest,
        color_size=None,
    )
    figures: dict[str, Any] = {"machine": platform.machine()}
    with tempfile.TemporaryDirectory() as place:
        for name, size in COLORS.items():
            colored = config.replace(color_size=size)
            figures[name] = rate = measure_speed(colored, Path(place) / name)
            print(
                f"{name:<12}{rate['per_core_s']:6.1f} frames a second of a core, "
                f"{rate['per_clock_s']:.1f} by the clock"
            )
        exact = measure_truth(config.replace(clean=True), Path(place) / "clean")
        figures["truth"] = exact
        print(
            f"true flow carries people's points to {exact['carried_median_mm']:.2f} mm of the next "
            f"surface in the median, {exact['carried_p90_mm']:.2f} mm in 90 %; "
            f"{exact['joints_inside']:.1%} of the joints lie in the silhouette"
        )
        figures["formats"] = measure_formats(config)
        for name, (size, error) in figures["formats"].items():
            print(f"{name:<12}{size:6.0f} KiB a frame of flow, off by at most {error:.3f} mm")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
