"""What it costs, in accuracy and time, to solve only the part of the image that a clip needs.

`skelflow prepare` cuts 320x240 out of 512x424 and keeps 160x120 of it. Region `image` solves all of
it, `crop` the cut with a margin, `clip` that at the clip's own resolution. A person with known
motion moves before an NTU-like camera, as depth alone and with a painted surface, clean and noisy.
Errors are distances in 3D of the finished 160x120 flow from the mean of the true one, over pixels
that lie wholly on the person. Regions take turns, so that whatever slows the machine slows all.
"""

import argparse
import json
import os
import platform
import statistics
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.scenes.moving_person import make_pair
from benchmarks.scenes.sensor import sense_intensity
from benchmarks.scenes.texture import Texture
from skelflow.datasets.prepare.preprocess import flow_frames, measured_range, moving_components
from skelflow.datasets.settings import FlowSettings
from skelflow.flow.encoding import encode_flow
from skelflow.types import Camera, Frames, Recording

CAMERA = Camera(512, 424, 365.48, 365.48, 257.35, 210.35)  # a Kinect v2's, as in NTU RGB+D
REGIONS = ("image", "crop", "clip")
STILL = "no flow"
SIGHTS = ("depth alone", "painted")
PAINT = Texture(contrast=100, middle=120, finest_m=0.06, coarsest_m=0.4)
BEHIND = 60.0
EXAMPLE = "example: python -m benchmarks.clip_region --pairs 4 --json clip_region.json"


def paint(pair: dict, frame: int, seed: int) -> np.ndarray:
    """Gray image of the person, every part with a pattern of its own that moves with it."""
    seen = pair["clean"][frame] > 0
    image = np.full(seen.shape, BEHIND, np.float32)
    places = pair["own"][frame][seen] + 10.0 * pair["part"][frame][seen][:, None]
    image[seen] = PAINT.paint(places, np.random.default_rng(seed), columns=CAMERA.width)
    return image


def record(pair: dict, level: str, sight: str, seed: int) -> Recording:
    """The pair as a recording of two frames."""
    infrared = None
    if sight == "painted":
        images = [paint(pair, frame, seed) for frame in (0, 1)]
        if level == "noisy":
            rng = np.random.default_rng((seed, 1))
            images = [sense_intensity(image, rng) for image in images]
        infrared = Frames(2, images.__getitem__)
    depth = Frames(2, pair[level].__getitem__)
    return Recording(f"person {seed}", Path(), CAMERA, 30.0, depth, infrared=infrared)


def reduce_truth(pair: dict, settings: FlowSettings) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """True flow of the clip, and which of its pixels lie wholly on the person, on moving limbs."""
    x0, y0 = (CAMERA.width - settings.crop[0]) // 2, (CAMERA.height - settings.crop[1]) // 2
    window = np.s_[y0 : y0 + settings.crop[1], x0 : x0 + settings.crop[0]]
    on_person = (pair["clean"][0] > 0).astype(np.float32)
    fields = (pair["truth"], on_person, pair["moving"].astype(np.float32))
    truth, body, limb = (
        cv2.resize(
            np.ascontiguousarray(f[window], np.float32), settings.size, None, 0, 0, cv2.INTER_AREA
        )
        for f in fields
    )
    return truth, body > 0.999, limb > 0.999


def measure(recordings: list[Recording], pairs: list[dict], settings: FlowSettings) -> dict:
    """Every region's figures over all pairs."""
    flows: dict[str, list[np.ndarray]] = {name: [] for name in REGIONS}
    spent: dict[str, list[float]] = {name: [] for name in REGIONS}
    for name in REGIONS:
        flow_frames(recordings[0], settings.replace(region=name), [0])  # warm-up
    for recording in recordings:
        for name in REGIONS:
            start = time.perf_counter()
            flows[name].append(flow_frames(recording, settings.replace(region=name), [0])[0])
            spent[name].append(time.perf_counter() - start)
    range_m = measured_range(moving_components(np.stack(flows["image"])))
    flows[STILL] = [np.zeros_like(flow) for flow in flows["image"]]
    truths = [reduce_truth(pair, settings) for pair in pairs]
    colored = {
        name: [encode_flow(flow, range_m).astype(int) for flow in flows[name]] for name in flows
    }
    found: dict[str, Any] = {"range_m": range_m}
    for name in (*REGIONS, STILL):
        found[name] = _errors(flows[name], truths) | {
            "levels_off": _mean_levels(colored[name], colored["image"], truths),
            "seconds": statistics.median(spent[name]) if name in spent else 0.0,
        }
    return found


def _errors(flows: list[np.ndarray], truths: list[tuple[np.ndarray, ...]]) -> dict[str, float]:
    """Means and medians in millimeters, over all pixels of all pairs."""
    off = [
        (1000 * np.linalg.norm(flow - truth, axis=-1), body, limb)
        for flow, (truth, body, limb) in zip(flows, truths, strict=True)
    ]
    body = np.concatenate([error[where] for error, where, _ in off])
    limb = np.concatenate([error[where] for error, _, where in off])
    return {
        "body_mean": float(body.mean()),
        "body_median": float(np.median(body)),
        "limb_mean": float(limb.mean()),
        "limb_median": float(np.median(limb)),
    }


def _mean_levels(
    colored: list[np.ndarray], whole: list[np.ndarray], truths: list[tuple[np.ndarray, ...]]
) -> float:
    """Mean difference to region `image` in color levels of 255, on the person."""
    off = [
        np.abs(one - two)[body]
        for one, two, (_, body, _) in zip(colored, whole, truths, strict=True)
    ]
    return float(np.concatenate(off).mean())


def report(found: dict, title: str) -> None:
    """Print one table."""
    print(f"\n{title}: full color {1000 * found['range_m']:g} mm")
    print(f"{'':<9}{'body mean':>11}{'median':>8}{'limb mean':>11}{'median':>8}", end="")
    print(f"{'levels off image':>18}{'ms a pair':>11}{'of image':>10}")
    whole_s = found["image"]["seconds"]
    for name in (*REGIONS, STILL):
        row = found[name]
        print(f"{name:<9}{row['body_mean']:>11.2f}{row['body_median']:>8.2f}", end="")
        print(f"{row['limb_mean']:>11.2f}{row['limb_median']:>8.2f}", end="")
        print(f"{row['levels_off']:>18.2f}", end="")
        if row["seconds"]:
            print(f"{1000 * row['seconds']:>11.1f}{row['seconds'] / whole_s:>9.0%}", end="")
        print()


def main() -> None:
    """Parse, run every sight and noise level, print, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLE)
    parser.add_argument("--pairs", type=int, default=10, help="frame pairs (default: 10)")
    parser.add_argument("--preset", default="paper", help="solver preset (default: paper)")
    parser.add_argument("--size", default="160x120", help="of the clip (default: 160x120)")
    parser.add_argument("--seed", type=int, default=0, help="the first pair's (default: 0)")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    width, _, height = options.size.partition("x")
    settings = FlowSettings(size=(int(width), int(height)), preset=options.preset, stride=1)
    seeds = range(options.seed, options.seed + options.pairs)
    pairs = [make_pair(seed, CAMERA) for seed in seeds]
    figures: dict[str, object] = {"machine": platform.machine(), "cores": os.cpu_count()}
    figures |= {"threads": 1} | {key: getattr(options, key) for key in ("pairs", "preset", "seed")}
    print(f"512x424, crop 320x240, clip {options.size}, preset {options.preset}, one thread; mm")
    for sight in SIGHTS:
        for level in ("clean", "noisy"):
            recordings = [
                record(pair, level, sight, seed) for pair, seed in zip(pairs, seeds, strict=True)
            ]
            found = measure(recordings, pairs, settings)
            figures[f"{sight}, {level}"] = found
            report(found, f"{sight}, {level}")
    if options.json:
        options.json.write_text(json.dumps(figures, default=float) + "\n")


if __name__ == "__main__":
    main()
