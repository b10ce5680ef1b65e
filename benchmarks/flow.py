"""Scene flow of ours beside OpenCV's optical flow lifted to 3D: time, memory, true error, one run.

Every pixel's true flow is known: the scenes are rendered (benchmarks.scenes.scenes). Images
are in whole gray levels, as cameras give them. Errors are distances in 3D, in millimeters, over the
pixels that have depth in frame 0. Methods take turns, so that whatever slows the machine slows all.
"""

import argparse
import json
import os
import platform
import statistics
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numba
import numpy as np

from benchmarks.methods.contenders import METHODS, OURS, bind, is_here
from benchmarks.reports.flow_demands import find_failures
from benchmarks.reports.flow_tables import print_errors, print_regions, print_times
from benchmarks.reports.footprint import measure_memory
from benchmarks.scenes.render import Scene
from benchmarks.scenes.residual import warp_residual
from benchmarks.scenes.scenes import SCENES, make_scene
from skelflow.flow.metrics import measure_flow

THREADS = (1, 2)
SIZES = ("240x320", "424x512", "480x640")
TIMED_SCENE = "S4"
SLOW_RUNS = 2
STILL = "(no flow at all)"
QUICK = {"sizes": ["120x160"], "scenes": ["S2", "S4"], "runs": 2}


def make_pair(name: str, size: tuple[int, int], *, noisy: bool, seed: int) -> Scene:
    """The scene in whole gray levels, which is all that most peers can take."""
    scene = make_scene(name, height=size[0], width=size[1], noisy=noisy, seed=seed)
    gray = {key: np.rint(getattr(scene, key)) for key in ("intensity0", "intensity1")}
    return replace(scene, **gray)


def measure_times(methods: list[str], scene: Scene, turns: int, patience_s: float) -> dict:
    """Method -> threads -> median, extremes and every run, in milliseconds; methods take turns.

    Times are of the clock on the wall; `cpu_ms` are those of the processor.
    """
    keys = [(method, threads) for threads in THREADS for method in methods]
    for key in keys:
        _clock(key, scene)  # warm-up
    taken: dict[tuple[str, int], list[tuple[float, float]]] = {key: [] for key in keys}
    for turn in range(turns):
        for key in keys:
            if turn < SLOW_RUNS or min(taken[key])[0] < 1000 * patience_s:
                taken[key].append(_clock(key, scene))
    found: dict[str, dict] = {}
    for (method, threads), runs_ms in taken.items():
        times, cpu_ms = (list(each) for each in zip(*runs_ms, strict=True))
        found.setdefault(method, {})[str(threads)] = {
            "median_ms": statistics.median(times),
            "min_ms": min(times),
            "max_ms": max(times),
            "runs_ms": times,
            "cpu_ms": cpu_ms,
        }
    return found


def _clock(key: tuple[str, int], scene: Scene) -> tuple[float, float]:
    """Milliseconds on the wall and of the processor."""
    call = bind(key[0], scene, key[1])
    start, cpu_start = time.perf_counter(), time.process_time()
    call()
    return 1000 * (time.perf_counter() - start), 1000 * (time.process_time() - cpu_start)


def measure_errors(methods: list[str], scene: Scene) -> dict:
    """Method -> regions and warp residual; with them what no flow at all gets."""
    found = {}
    for method in (STILL, *methods):
        flow = np.zeros_like(scene.flow_m)
        if method != STILL:
            flow = bind(method, scene, max(THREADS))()
        errors = measure_flow(
            flow, scene.flow_m, scene.depth0, camera=scene.camera, regions=scene.regions
        )
        frames = scene.intensity0, scene.depth0, scene.intensity1, scene.depth1
        found[method] = {
            "regions": {name: error._asdict() for name, error in errors.items()},
            "warp": warp_residual(flow, *frames, camera=scene.camera)._asdict(),
        }
    return found


def measure_size(size: tuple[int, int], options: argparse.Namespace) -> dict:
    """All figures at one image size."""
    timed = make_pair(TIMED_SCENE, size, noisy=True, seed=options.seed)
    times = measure_times(options.methods, timed, options.runs, options.patience)
    quick = [
        method
        for method in options.methods
        if times[method][str(max(THREADS))]["median_ms"] < 1000 * options.patience
    ]
    errors = {
        noise: {
            name: measure_errors(
                quick, make_pair(name, size, noisy=noise == "noisy", seed=options.seed)
            )
            for name in options.scenes
        }
        for noise in ("clean", "noisy")
    }
    memory = {method: measure_memory(method, size, max(THREADS)) for method in quick}
    return {"times": times, "memory_mb": memory, "errors": errors}


def describe_machine() -> dict[str, object]:
    """What the figures depend on, load included."""
    lines = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    models = [line.split(":")[1].strip() for line in lines.splitlines() if "model name" in line]
    return {
        "machine": platform.machine(),
        "processor": models[0] if models else platform.processor(),
        "cores": os.cpu_count(),
        "load_average": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "numba": numba.__version__,
        "opencv": cv2.__version__,
    }


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Options, with `--quick` filled in and methods that are not installed set aside."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog="example: python -m benchmarks.flow --sizes 240x320 --check --json flow.json",
    )
    add = parser.add_argument
    add("--sizes", nargs="+", metavar="ROWSxCOLUMNS", help=f"default: {' '.join(SIZES)}")
    add("--scenes", nargs="+", choices=SCENES, metavar="SCENE", help="default: all")
    add("--methods", nargs="+", choices=METHODS, metavar="METHOD", help=f"of: {METHODS}")
    add("--runs", type=int, help="timed runs after a warm-up (default: 7)")
    add("--seed", type=int, default=0, help="of textures and noise (default: 0)")
    add("--patience", type=float, default=5.0, help="seconds; slower methods: two runs, no errors")
    add("--quick", action="store_true", help="one small size, two scenes, two runs")
    add("--check", action="store_true", help="exit with 1, and say why, when a demand is not met")
    add("--json", type=Path, help="write every figure here")
    options = parser.parse_args(arguments)
    usual = QUICK if options.quick else {"sizes": list(SIZES), "scenes": list(SCENES), "runs": 7}
    for name, value in usual.items():
        if getattr(options, name) is None:
            setattr(options, name, value)
    options.methods = options.methods or list(METHODS)
    options.absent = [method for method in options.methods if not is_here(method)]
    options.methods = [method for method in options.methods if is_here(method)]
    return options


def main() -> None:
    """Measure, print, write, check."""
    options = parse()
    figures: dict[str, Any] = {"machine": describe_machine(), "ours": OURS}
    figures |= {key: getattr(options, key) for key in ("runs", "seed", "scenes", "absent")}
    figures["sizes"] = {}
    print(", ".join(f"{key} {value}" for key, value in figures["machine"].items()))
    for method in options.absent:
        print(f"{method}: left out; it needs opencv-contrib-python-headless")
    for size in options.sizes:
        found = measure_size(tuple(map(int, size.split("x"))), options)
        figures["sizes"][size] = found
        print_times(size, found)
        for noise, errors in found["errors"].items():
            print_errors(f"{size}, {noise}", errors, OURS)
            print_regions(f"{size}, {noise}", errors)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n")
    if options.check:
        failures = find_failures(figures)
        print("\nevery demand is met" if not failures else "\nnot met:")
        print("\n".join(f"- {failure}" for failure in failures))
        sys.exit(bool(failures))


if __name__ == "__main__":
    main()
