"""What each part of preset `best` is worth: the error when one is left out or changed.

The scenes and errors are those of flow.py, noisy, at one size. A variant either changes settings of
the preset or the frames that the solver is given. Times are not measured here.
"""

import argparse
import json
import statistics
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.flow import make_pair
from benchmarks.methods.peers import smooth_depth
from benchmarks.scenes.render import Scene
from benchmarks.scenes.scenes import SCENES
from skelflow.flow.engines.numba.solver import solve
from skelflow.flow.metrics import measure_flow
from skelflow.flow.presets import PRESETS, Preset
from skelflow.flow.state import PyramidFrame

BEST = PRESETS["best"]
EXAMPLE = "example: python -m benchmarks.flow_ablation --size 120x160 --scenes S2 S4"


PYRAMID = replace(BEST, match=False, iterations=(100, 60), warps=(1, 2, 4))  # `best` before


def scale_iterations(factor: float) -> Preset:
    """`best` with so many times the iterations."""
    return replace(BEST, iterations=tuple(round(factor * count) for count in BEST.iterations))


def keep(depth: np.ndarray) -> np.ndarray:
    """The depth as it is."""
    return depth


VARIANTS: dict[str, tuple[Preset, Callable[[np.ndarray], np.ndarray]]] = {
    "best": (BEST, keep),
    "brightness and depth believed alike everywhere": (replace(BEST, robust=False), keep),
    "no depth filter": (replace(BEST, smooth=False), keep),
    "OpenCV's bilateral filter instead of ours": (replace(BEST, smooth=False), smooth_depth),
    "OpenCV's bilateral filter before ours": (BEST, smooth_depth),
    "primal and dual steps of the paper": (replace(BEST, step_ratio=1.0), keep),
    "no match: every level from the coarser one": (PYRAMID, keep),
    "one warp a level": (replace(BEST, warps=(1,)), keep),
    "one warp at the finest level, of as many iterations": (
        replace(BEST, warps=(1, *BEST.warps[1:]), iterations=(80, *BEST.iterations[1:])),
        keep,
    ),
    "half the iterations": (scale_iterations(0.5), keep),
    "twice the iterations": (scale_iterations(2), keep),
    "the authors' border": (replace(BEST, exact_border=False), keep),
    "the authors' lift": (replace(BEST, exact_lift=False), keep),
}


def measure(name: str, scene: Scene) -> tuple[float, float]:
    """Mean and median end-point error of a variant in a scene, millimeters."""
    preset, prefilter = VARIANTS[name]
    first = PyramidFrame(scene.intensity0, prefilter(scene.depth0))
    second = PyramidFrame(scene.intensity1, prefilter(scene.depth1))
    flow = solve(first, second, camera=scene.camera, preset=preset, threads=2)
    found = measure_flow(flow, scene.flow_m, scene.depth0, camera=scene.camera)["all"]
    return 1000 * found.mean_m, 1000 * found.median_m


def main() -> None:
    """Measure all variants in all scenes, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLE)
    parser.add_argument("--size", default="240x320", metavar="ROWSxCOLUMNS")
    parser.add_argument("--scenes", nargs="+", choices=SCENES, default=list(SCENES))
    parser.add_argument("--seed", type=int, default=1, help="of textures and noise (default: 1)")
    parser.add_argument("--json", type=Path, help="write every figure here")
    options = parser.parse_args()
    rows, columns = map(int, options.size.split("x"))
    scenes = {
        name: make_pair(name, (rows, columns), noisy=True, seed=options.seed)
        for name in options.scenes
    }
    found = {
        variant: {name: measure(variant, scene) for name, scene in scenes.items()}
        for variant in VARIANTS
    }
    print(f"{options.size}, noisy: 3D error in mm, mean (median); last the middle scene's mean")
    print(f"{'':<48}" + "".join(f"{name:>15}" for name in scenes))
    for variant, errors in found.items():
        middle = statistics.median(mean for mean, _ in errors.values())
        cells = "".join(f"{f'{mean:.2f} ({median:.2f})':>15}" for mean, median in errors.values())
        print(f"{variant:<48}{cells}{middle:>8.2f}")
    if options.json:
        options.json.write_text(json.dumps({"size": options.size, "errors": found}, indent=1))


if __name__ == "__main__":
    main()
