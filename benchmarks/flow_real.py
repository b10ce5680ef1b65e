"""Scene flow on real pairs that nobody here made: every preset of ours and every peer of OpenCV's.

Where the true motion is known, the error is the distance in 3D, in millimeters: mean, median, and
the share of pixels within 5 cm. Everywhere: what the warp leaves (benchmarks.scenes.residual), in
gray levels and in millimeters of depth. The depth residual rewards a flow that takes the depth of
whatever it meets, an occluder included, for its own: the true motion is worse by that measure than
a flow that is wrong there. It is therefore given twice, the second time (`same surface`) only where
the depth found is within 30 cm of the pixel's own. Gray residuals reward fitting noise and changes
of light. Where the truth is known it has a row of its own. Time is processor time on one thread as
a ratio to preset `paper`; the methods take turns.
"""

import argparse
import json
import os
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from benchmarks.flow import describe_machine
from benchmarks.methods.contenders import METHODS, OURS, find_method, is_here
from benchmarks.methods.peers import FARTHEST_M
from benchmarks.scenes.real_pairs import PAIRS, RealPair, find_pair, halve
from benchmarks.scenes.residual import warp_residual
from skelflow.flow.api import scene_flow
from skelflow.flow.engines.depth_image import shading
from skelflow.flow.metrics import end_point_error, median_end_point_error
from skelflow.types import Flow

DATA = Path(os.environ.get("SKELFLOW_DATA", Path(__file__).resolve().parents[2] / "shared/data"))
EXAMPLE = "example: SKELFLOW_DATA=data python -m benchmarks.flow_real --half --json real.json"
PAPER, TRUTH = "paper", "(true motion)"
NEAR_M = 0.05
COLUMNS = {  # figure -> heading, factor
    "mean_m": ("mean mm", 1000),
    "median_m": ("median mm", 1000),
    "within": ("% in 5 cm", 100),
    "gray": ("gray", 1),
    "depth_m": ("depth mm", 1000),
    "gray_same": ("gray, same", 1),
    "depth_same_m": ("depth, same", 1000),
    "share_same": ("% same", 100),
    "time": ("x paper", 1),
}


def judge(flow_m: Flow, pair: RealPair) -> dict[str, float]:
    """Residuals of a flow, and its errors where the truth is known."""
    frames = pair.intensity0, pair.depth0, pair.intensity1, pair.depth1
    plain = warp_residual(flow_m, *frames, camera=pair.camera)
    same = warp_residual(flow_m, *frames, camera=pair.camera, farthest_m=FARTHEST_M)
    found = {"gray": plain.gray, "depth_m": plain.depth_m}
    found |= {"gray_same": same.gray, "depth_same_m": same.depth_m, "share_same": same.share}
    return found | (_errors(flow_m, pair.truth_m, pair) if pair.truth_m is not None else {})


def _errors(flow_m: Flow, truth_m: Flow, pair: RealPair) -> dict[str, float]:
    known = np.isfinite(truth_m).all(axis=-1) & (pair.depth0 > 0)
    off_m = np.linalg.norm(flow_m[known] - truth_m[known], axis=-1)
    return {
        "mean_m": end_point_error(flow_m, truth_m, valid=known),
        "median_m": median_end_point_error(flow_m, truth_m, valid=known),
        "within": float((off_m < NEAR_M).mean()),
    }


def judge_truth(pair: RealPair, truth_m: Flow) -> dict[str, float]:
    """What the true motion itself gets, over the pixels where it is known."""
    known = np.isfinite(truth_m).all(axis=-1)
    depth0 = np.where(known, pair.depth0, np.float32(0))
    return judge(np.where(known[..., None], truth_m, np.float32(0)), pair._replace(depth0=depth0))


def measure(
    methods: list[str], pair: RealPair, runs: int, *, alone: bool
) -> dict[str, dict[str, float]]:
    """Method -> figures; methods take turns. `alone` shows them no image, only depth."""
    flows: dict[str, Flow] = {}
    taken: dict[str, list[float]] = {method: [] for method in methods}
    for turn in range(runs + 1):  # the first compiles
        for method in methods:
            flows[method], seconds = _solve(method, pair, alone=alone)
            taken[method] += [seconds] if turn else []
    base = statistics.median(taken[PAPER])
    found = {
        method: judge(flows[method], pair) | {"time": statistics.median(taken[method]) / base}
        for method in methods
    }
    return found | ({} if pair.truth_m is None else {TRUTH: judge_truth(pair, pair.truth_m)})


def _solve(method: str, pair: RealPair, *, alone: bool) -> tuple[Flow, float]:
    call, (gray0, depth0, gray1, depth1, camera, _) = find_method(method, 1), pair
    start = time.process_time()
    if not alone:
        flow_m = call(gray0, depth0, gray1, depth1, camera)
    elif method in OURS:
        flow_m = scene_flow(depth0, depth1, camera, preset=method)
    else:  # peers need an image
        shades = shading(depth0, camera), shading(depth1, camera)
        flow_m = call(shades[0], depth0, shades[1], depth1, camera)
    return flow_m, time.process_time() - start


def find_pairs(names: list[str], half: bool) -> Iterator[tuple[str, RealPair]]:
    """The pairs that can be had; says which cannot, and why."""
    for name in names:
        found = find_pair(name, DATA)
        if isinstance(found, str):
            print(f"\n{name}: skipped; {found}")
            continue
        yield (f"{name}, halved", halve(found())) if half else (name, found())


def print_table(name: str, pair: RealPair, found: dict[str, dict[str, float]]) -> None:
    """One row a method."""
    print(f"\n{name}, {pair.camera.height}x{pair.camera.width}")
    print(f"{'':<26}" + "".join(f"{heading:>12}" for heading, _ in COLUMNS.values()))
    for method, figures in found.items():
        cells = (
            f"{factor * figures[key]:>12.2f}" if key in figures else f"{'-':>12}"
            for key, (_, factor) in COLUMNS.items()
        )
        print(f"{method:<26}" + "".join(cells))


def main() -> None:
    """Load the pairs, let every method solve them, print tables, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLE)
    add = parser.add_argument
    add("--pairs", nargs="+", choices=PAIRS, default=list(PAIRS), help="default: all")
    add("--methods", nargs="+", choices=METHODS, metavar="METHOD", help=f"of: {METHODS}")
    add("--half", action="store_true", help="halve every pair first (240x320)")
    add("--alone", action="store_true", help="depth alone; peers get its shading as their image")
    add("--runs", type=int, default=3, help="timed runs after a warm-up (default: 3)")
    add("--json", type=Path, help="write every figure here")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    methods = [name for name in options.methods or METHODS if is_here(name)]
    methods = list(dict.fromkeys((PAPER, *methods)))  # the others' time is a ratio to its
    figures: dict[str, dict] = {}
    for name, pair in find_pairs(options.pairs, options.half):
        figures[name] = measure(methods, pair, options.runs, alone=options.alone)
        print_table(name, pair, figures[name])
    if options.json:
        content = {
            "machine": describe_machine(),
            "runs": options.runs,
            "alone": options.alone,
            "pairs": figures,
        }
        options.json.write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main()
