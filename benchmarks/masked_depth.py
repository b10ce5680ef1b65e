"""What masked depth (the person only, as NTU RGB+D publishes it) does to the flow.

Part one needs no data: a person with known motion moves before a wall two meters behind, noisy as a
Kinect; the flow is computed from the whole depth image and from the person's pixels alone. Errors
are distances in 3D from the true motion. Part two, with --raw and --masked, compares the flows of
one NTU RGB+D recording that is there in both forms: there is no truth, so their distance from each
other counts, what the warped second frame misses, and the motion seen where nothing moves. The flow
sees depth alone. The rim is what lies within 4 pixels of the mask's edge.
"""

import argparse
import json
import os
import platform
import time
from pathlib import Path

import cv2
import numpy as np

from benchmarks.scenes.moving_person import make_pair
from benchmarks.scenes.residual import warp_residual
from benchmarks.scenes.sensor import sense_depth
from skelflow.flow.api import scene_flow
from skelflow.recordings import open_recording
from skelflow.types import Camera

CAMERA = Camera(512, 424, 365.48, 365.48, 257.35, 210.35)  # a Kinect v2's, as in NTU RGB+D
BEHIND_M = 2.0
RIM_PX = 4
EXAMPLE = "example: python -m benchmarks.masked_depth --pairs 4 --preset paper"


def solve(depth: tuple[np.ndarray, np.ndarray], camera: Camera, preset: str) -> np.ndarray:
    """Flow from depth alone, on one thread."""
    return scene_flow(*depth, camera, preset=preset)


def inner_of(mask: np.ndarray) -> np.ndarray:
    """The mask without its rim."""
    size = 2 * RIM_PX + 1
    return cv2.erode(mask.astype(np.uint8), np.ones((size, size), np.uint8)) > 0


def make_depths(seed: int) -> dict:
    """A noisy pair before a wall, the same pair masked, and the true motion."""
    pair, rng = make_pair(seed, CAMERA), np.random.default_rng((seed, 7))
    wall = np.float32(np.median(pair["clean"][0][pair["clean"][0] > 0]) + BEHIND_M)
    masks = [depth > 0 for depth in pair["clean"]]
    raw = tuple(sense_depth(np.where(depth > 0, depth, wall), rng) for depth in pair["clean"])
    masked = tuple(np.where(mask, d, np.float32(0)) for d, mask in zip(raw, masks, strict=True))
    return {"raw": raw, "masked": masked, "truth": pair["truth"], "limb": pair["moving"]}


def judge_made(pairs: list[dict], preset: str) -> dict[str, dict[str, float]]:
    """Mean errors in millimeters by place, and seconds a pair, for both forms of depth."""
    found: dict[str, dict[str, list]] = {form: {} for form in ("raw", "masked", "no flow")}
    for pair in pairs:
        seen = pair["masked"][0] > 0
        inner = inner_of(seen)
        places = {"body": inner, "rim": seen & ~inner, "limb": seen & pair["limb"]}
        for form, rows in found.items():
            start = time.perf_counter()
            still = np.zeros_like(pair["truth"], np.float32)
            flow = still if form == "no flow" else solve(pair[form], CAMERA, preset)
            rows.setdefault("seconds", []).append([time.perf_counter() - start])
            error = 1000 * np.linalg.norm(flow - pair["truth"], axis=-1)
            for name, where in places.items():
                rows.setdefault(name, []).append(error[where])
    return {
        form: {name: float(np.concatenate(values).mean()) for name, values in rows.items()}
        for form, rows in found.items()
    }


def judge_real(raw: Path, masked: Path, pairs: int, preset: str) -> dict[str, float]:
    """Both flows of a real recording against each other, millimeters, means over pairs."""
    forms = {"raw": open_recording(raw), "masked": open_recording(masked)}
    camera = forms["raw"].camera
    times = np.linspace(0, min(map(len, forms.values())) - 2, pairs).round().astype(int)
    rows: list[dict[str, float]] = []
    for t in map(int, times):
        depth = {form: (r.depth[t], r.depth[t + 1]) for form, r in forms.items()}
        flow = {form: solve(depth[form], camera, preset) for form in forms}
        person = depth["masked"][0] > 0
        inner = inner_of(person)
        apart = 1000 * np.linalg.norm(flow["raw"] - flow["masked"], axis=-1)
        moved = {form: 1000 * np.linalg.norm(flow[form], axis=-1) for form in forms}
        outside = ~cv2.dilate(person.astype(np.uint8), np.ones((41, 41), np.uint8)).astype(bool)
        outside &= depth["raw"][0] > 0
        row = {
            "apart body": apart[inner].mean(),
            "apart body median": np.median(apart[inner]),
            "apart rim": apart[person & ~inner].mean(),
            "moved body raw": moved["raw"][inner].mean(),
            "moved body masked": moved["masked"][inner].mean(),
            "moved far background raw": moved["raw"][outside].mean(),
            "median far background raw": np.median(moved["raw"][outside]),
        }
        gray = np.zeros_like(depth["raw"][0])
        for form in forms:
            missed = warp_residual(
                flow[form], gray, depth[form][0], gray, depth[form][1], camera=camera, valid=inner
            )
            row[f"depth missed body {form}"] = 1000 * missed.depth_m
        rows.append(row)
    return {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}


def main() -> None:
    """Parse, measure, print, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLE)
    parser.add_argument("--pairs", type=int, default=8, help="frame pairs (default: 8)")
    parser.add_argument("--preset", action="append", help="solver presets (default: paper, best)")
    parser.add_argument("--raw", type=Path, help="folder of Depth-*.png")
    parser.add_argument("--masked", type=Path, help="folder of MDepth-*.png, the same recording")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    options = parser.parse_args()
    if (options.raw is None) != (options.masked is None):
        parser.error("--raw and --masked belong together")
    cv2.setNumThreads(1)
    made = [make_depths(seed) for seed in range(options.pairs)]
    figures: dict[str, object] = {"machine": platform.machine(), "cores": os.cpu_count()}
    for preset in options.preset or ["paper", "best"]:
        solve(made[0]["masked"], CAMERA, preset)  # warm-up
        figures[preset] = found = judge_made(made, preset)
        print(f"\n{preset}: {options.pairs} made pairs, mean error in mm")
        print(f"{'':10}{'body':>8}{'rim':>8}{'limb':>8}{'seconds':>10}")
        for form, row in found.items():
            print(f"{form:10}{row['body']:8.2f}{row['rim']:8.2f}{row['limb']:8.2f}", end="")
            print(f"{row['seconds']:10.2f}")
        if options.raw:
            real = judge_real(options.raw, options.masked, options.pairs, preset)
            figures[f"{preset}, real"] = real
            print(f"{preset}: {options.pairs} real pairs, mm unless said")
            for name, value in real.items():
                print(f"  {name:32}{value:8.2f}")
    if options.json:
        options.json.write_text(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main()
