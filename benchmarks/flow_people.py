"""Scene flow on synthetic people: errors on the body, at its boundary and on the moving limb.

A fixed set of recordings of `skelflow.synth`: eight people, sixteen actions, three cameras, one
frame pair each, taken where the action is. The solver sees infrared and depth, as it does in NTU
RGB+D: `clean`; `noisy` as a Kinect v2 gives them; `masked`, the same with everybody's background
removed; `alone`, the masked depth without any image. Peers that need an image get there the one
that our presets make of the depth. Errors are distances in 3D, in millimeters.
"""

import argparse
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from benchmarks.methods.contenders import METHODS, OURS, find_method, is_here
from benchmarks.scenes.sensor import sense_depth as sense_triangulated
from skelflow.flow.api import scene_flow
from skelflow.flow.engines.depth_image import shading
from skelflow.flow.metrics import end_point_error, median_end_point_error
from skelflow.synth.recording.build_scene import build_scene
from skelflow.synth.recording.recording_spec import RecordingSpec, SynthConfig
from skelflow.synth.rendering.frame import RenderedFrame, find_parts, render_frame
from skelflow.synth.rendering.kinect import sense_depth, sense_infrared
from skelflow.synth.rendering.truth import true_flow
from skelflow.synth.scene.scene_mesh import JOINTS
from skelflow.types import Camera

SEED = 2018
KINECT_V1 = Camera(320, 240, 260.0, 260.0, 159.5, 119.5)
ACTIONS = (1, 7, 8, 10, 23, 24, 26, 27, 31, 32, 37, 38, 40, 50, 59, 60)
PEOPLE, SETUPS, CAMERAS = 8, 2, 3
MOVING_M, BOUNDARY_PX = 0.01, 4
STILL = "(no flow at all)"
KINDS = ("clean", "noisy", "masked", "alone")
EXAMPLE = "example: python -m benchmarks.flow_people --pairs 4 --json people.json"

Frames = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]  # gray and depth, gray and depth


class Pair(NamedTuple):
    """Two frames in every kind, and what is true of them."""

    camera: Camera
    frames: dict[str, Frames]
    truth_m: np.ndarray
    regions: dict[str, np.ndarray]


def make_pair(number: int, *, seed: int = SEED, sensor: str = "Kinect v2") -> Pair:
    """One pair of the set: its own action, the people and cameras in turn."""
    performer, view = number % PEOPLE + 1, number % CAMERAS + 1
    spec = RecordingSpec((performer - 1) % SETUPS + 1, view, performer, 1, ACTIONS[number])
    config = SynthConfig(people=PEOPLE, setups=SETUPS, seed=seed, color_size=None)
    scene = build_scene(spec, config)
    if sensor == "Kinect v1":
        scene = replace(scene, view=replace(scene.view, camera=KINECT_V1))
    t = 2 * scene.frames // 5
    before, after = render_frame(scene, t), render_frame(scene, t + 1)
    camera = scene.view.camera
    points_m = before.points_m, after.points_m
    truth_m, seen = true_flow(
        before.raster, after.raster, points_m, scene_mesh=scene.mesh, camera=camera
    )
    body = find_parts(before.raster, scene.mesh) < JOINTS * len(before.joints_m)
    later = find_parts(after.raster, scene.mesh) < JOINTS * len(after.joints_m)
    random = spec.random(seed, "flow_people")
    first, second = (_sense(now, random, sensor) for now in (before, after))
    alone = _mask(first, body), _mask(second, later)
    frames = {
        "clean": (before.infrared, before.raster.depth_m, after.infrared, after.raster.depth_m),
        "noisy": (*first, *second),
        "masked": (*alone[0], *alone[1]),
        "alone": (*alone[0], *alone[1]),
    }
    edge = cv2.dilate((~body).astype(np.uint8), np.ones((2 * BOUNDARY_PX + 1,) * 2, np.uint8)) > 0
    moving = np.linalg.norm(truth_m, axis=-1) > MOVING_M
    regions = {"body": body & seen, "boundary": body & edge, "limb": body & seen & moving}
    return Pair(camera, frames, truth_m, regions)


def _sense(
    now: RenderedFrame, random: np.random.Generator, sensor: str
) -> tuple[np.ndarray, np.ndarray]:
    """Infrared and depth in meters as a Kinect would give them."""
    gray = sense_infrared(now.infrared, random).astype(np.float32)
    if sensor == "Kinect v1":
        return gray, sense_triangulated(now.raster.depth_m, random)
    depth_mm = sense_depth(now.raster.depth_m, now.signal, random)
    return gray, depth_mm.astype(np.float32) / np.float32(1000)


def _mask(frame: tuple[np.ndarray, np.ndarray], body: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    gray, depth = frame
    return gray, np.where(body, depth, np.float32(0))


def solve(method: str, kind: str, pair: Pair) -> np.ndarray:
    """The flow that a method finds in a kind of frames."""
    gray0, depth0, gray1, depth1 = pair.frames[kind]
    if method == STILL:
        return np.zeros_like(pair.truth_m)
    call: Callable[..., np.ndarray] = find_method(method, 2)
    camera = pair.camera
    if kind != "alone":
        return call(gray0, depth0, gray1, depth1, camera)
    if method in OURS:
        return scene_flow(depth0, depth1, camera, preset=method, threads=2)
    return call(shading(depth0, camera), depth0, shading(depth1, camera), depth1, camera)


def measure(method: str, kind: str, pair: Pair) -> dict[str, tuple[float, float]]:
    """Region -> mean and median end-point error in millimeters, where frame 0 has depth."""
    flow_m, known = solve(method, kind, pair), pair.frames[kind][1] > 0
    return {
        name: (
            1000 * end_point_error(flow_m, pair.truth_m, valid=region & known),
            1000 * median_end_point_error(flow_m, pair.truth_m, valid=region & known),
        )
        for name, region in pair.regions.items()
        if (region & known).any()
    }


def summarize(rows: list[dict[str, tuple[float, float]]]) -> dict[str, tuple[float, float]]:
    """Means over the pairs."""
    names = dict.fromkeys(name for row in rows for name in row)
    return {
        name: tuple(np.mean([row[name] for row in rows if name in row], axis=0)) for name in names
    }


def main() -> None:
    """Make the pairs, let every method solve them in every kind, print tables, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLE)
    parser.add_argument("--pairs", type=int, default=len(ACTIONS), help="of the set (default: all)")
    parser.add_argument(
        "--methods", nargs="+", choices=METHODS, metavar="METHOD", help=f"{METHODS}"
    )
    parser.add_argument("--seed", type=int, default=SEED, help=f"of people and noise ({SEED})")
    parser.add_argument("--json", type=Path, help="write every figure here")
    options = parser.parse_args()
    pairs = [make_pair(number, seed=options.seed) for number in range(options.pairs)]
    methods = [name for name in options.methods or METHODS if is_here(name)]
    figures: dict[str, dict] = {}
    for kind in KINDS:
        table = {
            method: summarize([measure(method, kind, pair) for pair in pairs])
            for method in (STILL, *methods)
        }
        figures[kind] = table
        print(f"\n{kind}: 3D error in mm over {len(pairs)} pairs, mean (median)")
        print(f"{'':<26}" + "".join(f"{name:>18}" for name in table[STILL]))
        for method, errors in table.items():
            cells = (f"{f'{mean:.2f} ({median:.2f})':>18}" for mean, median in errors.values())
            print(f"{method:<26}" + "".join(cells))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1, default=float) + "\n")


if __name__ == "__main__":
    main()
