"""Which image the scene-flow solver should see when a recording has depth and no color.

A person made of ellipsoids and capsules moves before a camera; every pixel's true 3D motion is
known from the rigid motion of its part. Each option below makes the image; the solver does the
rest. Errors are in millimeters, over the pixels that have depth in frame 0.
"""

import os

os.environ.setdefault("NUMBA_NUM_THREADS", "1")

import argparse
import json
import platform
from collections.abc import Callable
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from moving_person import CAMERA, make_pair

from skelflow.flow.relief import relief, shading
from skelflow.flow.solver import scene_flow

EXAMPLE = "example: python benchmarks/depth_alone.py --pairs 4 --json depth_alone.json"


def mean_of(depth: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian mean over the pixels that have depth."""
    known = (depth > 0).astype(np.float32)
    total, weight = (cv2.GaussianBlur(field, (0, 0), sigma) for field in (depth, known))
    return total / np.maximum(weight, np.float32(1e-6))


def raised(
    depth: np.ndarray,
    *,
    gain: float = 900,
    sigma: float = 12,
    middle: float = 110,
    low: float = 20,
    behind: float = 0,
    smooth: float = 0,
    soften: float = 0,
) -> np.ndarray:
    """clip(middle + gain (Z - mean), low, 255) on the person, `behind` elsewhere.

    `smooth` blurs the depth beforehand, `soften` the finished image, edge and all.
    """
    near = mean_of(depth, smooth) if smooth else depth
    image = np.clip(middle + gain * (near - mean_of(depth, sigma)), low, 255)
    image = np.where(depth > 0, image, behind).astype(np.float32)
    return cv2.GaussianBlur(image, (0, 0), soften) if soften else image


def shaded(
    depth: np.ndarray,
    *,
    light: tuple[float, float, float] = (0, 0, -1),
    smooth: float = 2,
    behind: float = 0,
    soften: float = 0,
) -> np.ndarray:
    """Lambert: 40 + 215 max(0, n . light), normals of the smoothed depth; `behind` elsewhere."""
    z = mean_of(depth, smooth)
    z_u, z_v = np.gradient(z, axis=1) * CAMERA.fx, np.gradient(z, axis=0) * CAMERA.fy
    normal = np.stack([z_u, z_v, -z], -1)
    normal /= np.maximum(np.linalg.norm(normal, axis=-1, keepdims=True), 1e-6)
    toward = np.array(light) / np.linalg.norm(light)
    image = 40 + 215 * np.maximum(normal @ toward, 0)
    image = np.where(depth > 0, image, behind).astype(np.float32)
    return cv2.GaussianBlur(image, (0, 0), soften) if soften else image


def flat(depth: np.ndarray, *, gray: float) -> np.ndarray:
    """One gray on the person, 0 elsewhere."""
    return np.where(depth > 0, gray, 0).astype(np.float32)


def scaled(depth: np.ndarray) -> np.ndarray:
    """Depth 1.5 to 3.5 m as gray 255 to 40; background 0."""
    return np.where(depth > 0, np.clip(255 - 107.5 * (depth - 1.5), 40, 255), 0).astype(np.float32)


OPTIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "constant 0": partial(flat, gray=0),
    "relief, as shipped": relief,
    "shading, as shipped": partial(shading, camera=CAMERA),
    **{
        f"relief gain {gain}, sigma {sigma}": partial(raised, gain=gain, sigma=sigma)
        for gain in (300, 900, 2000)
        for sigma in (6, 12, 24)
    },
    "relief, smoothed 1.5": partial(raised, smooth=1.5),
    "relief, softened 1.5": partial(raised, soften=1.5),
    "relief 300, softened 1.5": partial(raised, gain=300, soften=1.5),
    "relief 300, softened 3": partial(raised, gain=300, soften=3),
    "no silhouette 900": partial(raised, behind=110),
    "no silhouette 900, softened 1.5": partial(raised, behind=110, soften=1.5),
    **{
        f"no silhouette {gain}, softened {soften}": partial(
            raised, behind=110, gain=gain, soften=soften
        )
        for gain in (300, 500)
        for soften in (0, 1.5, 3)
    },
    "no silhouette 300, sigma 24": partial(raised, behind=110, gain=300, sigma=24),
    "no silhouette 300, s. 24, soft 1.5": partial(
        raised, behind=110, gain=300, sigma=24, soften=1.5
    ),
    "half silhouette 300": partial(raised, behind=70, gain=300),
    "half silhouette 300, softened 1.5": partial(raised, behind=70, gain=300, soften=1.5),
    "half silhouette 900, softened 1.5": partial(raised, behind=70, soften=1.5),
    **{f"n_z, smoothed {smooth}": partial(shaded, smooth=smooth) for smooth in (1, 1.5, 2, 3)},
    "n_z, softened 0.75": partial(shaded, soften=0.75),
    "n_z, half silhouette": partial(shaded, behind=110),
    "lambert, light up left": partial(shaded, light=(-1, -1, -1)),
    "silhouette 128": partial(flat, gray=128),
    "silhouette 255": partial(flat, gray=255),
    "silhouette 128, softened 1.5": partial(raised, gain=0, middle=128, soften=1.5),
    "silhouette 128 + relief 300": partial(raised, gain=300, middle=128, low=64),
    "silhouette 180 + relief 300": partial(raised, gain=300, middle=180, low=105),
    "silhouette 180 + smoothed 300": partial(raised, gain=300, middle=180, low=105, smooth=1.5),
    "depth as gray": scaled,
}


def measure(flow: np.ndarray, pair: dict[str, np.ndarray], seen: np.ndarray) -> dict[str, float]:
    """End-point errors in millimeters and the share of the motion that was found."""
    truth, moving = pair["truth"], pair["moving"] & seen
    error = 1000 * np.linalg.norm(flow - truth, axis=-1)
    found = (flow[moving] * truth[moving]).sum() / (truth[moving] ** 2).sum()
    return {
        "limb_mean": error[moving].mean(),
        "limb_median": np.median(error[moving]),
        "body_mean": error[seen].mean(),
        "body_median": np.median(error[seen]),
        "found": found,
    }


def run(pairs: list[dict[str, np.ndarray]], level: str, preset: str) -> dict[str, list]:
    """Every option's figures, one entry a pair; `zero flow` is the motion itself."""
    table: dict[str, list] = {"zero flow": []}
    for pair in pairs:
        depths = pair[level]
        seen = depths[0] > 0
        table["zero flow"].append(measure(np.zeros((*seen.shape, 3)), pair, seen))
        for name, image in OPTIONS.items():
            one, two = map(image, depths)
            flow = scene_flow(one, depths[0], two, depths[1], camera=CAMERA, preset=preset)
            table.setdefault(name, []).append(measure(flow, pair, seen))
    return table


def report(table: dict[str, list], level: str) -> dict[str, dict[str, float]]:
    """Print means over the pairs, best limb error first; return them."""
    print(f"\n{level:<36}{'limb mean':>10}{'median':>8}{'body mean':>11}{'median':>8}{'found':>7}")
    means = {
        name: {key: float(np.mean([row[key] for row in rows])) for key in rows[0]}
        for name, rows in table.items()
    }
    for name, row in sorted(means.items(), key=lambda item: item[1]["limb_mean"]):
        a, b, c, d, found = row.values()
        print(f"{name:<36}{a:>10.2f}{b:>8.2f}{c:>11.2f}{d:>8.2f}{found:>7.2f}")
    return means


def main() -> None:
    """Parse, run both noise levels, print, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLE)
    parser.add_argument("--pairs", type=int, default=10, help="frame pairs (default: 10)")
    parser.add_argument("--preset", default="best", help="solver preset (default: best)")
    parser.add_argument("--seed", type=int, default=0, help="the first pair's (default: 0)")
    parser.add_argument("--json", type=Path, help="write the figures here instead of printing")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    pairs = [make_pair(options.seed + number) for number in range(options.pairs)]
    figures: dict[str, object] = {"machine": platform.machine(), "threads": 1}
    figures |= {key: getattr(options, key) for key in ("pairs", "preset", "seed")}
    for level in ("clean", "noisy"):
        table = run(pairs, level, options.preset)
        figures[level] = {"means": report(table, level), "pairs": table}
    text = json.dumps(figures, default=float)
    if options.json:
        options.json.write_text(text + "\n")
    else:
        print(
            json.dumps(
                {k: v["means"] if k in ("clean", "noisy") else v for k, v in figures.items()}
            )
        )


if __name__ == "__main__":
    main()
