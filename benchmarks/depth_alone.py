"""Which image the scene-flow solver should see when a recording has depth and no color.

Synthetic people whose every pixel's true 3D motion is known (flow_people.py), their background
removed, seen by a Kinect v1 and a Kinect v2. Each option below makes the image; the solver does the
rest. Errors are in millimeters, over the pixels that have depth in frame 0: of the whole body, and
of what moves by more than a centimeter.
"""

import argparse
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from benchmarks.flow_people import ACTIONS, Pair, make_pair
from skelflow.flow.api import scene_flow
from skelflow.flow.engines.depth_image import relief, shading
from skelflow.flow.engines.numpy.robust import despeckle
from skelflow.flow.metrics import end_point_error
from skelflow.types import Camera

SENSORS = ("Kinect v1", "Kinect v2")
REGIONS = ("body", "limb")
SEED = 7  # other people than those of flow_people.py, on whom the choice is checked
EXAMPLE = "example: python -m benchmarks.depth_alone --pairs 4 --preset paper"

Image = Callable[[np.ndarray, Camera], np.ndarray]


def blur(field: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian; `sigma` in pixels at 240 rows, none when 0."""
    return cv2.GaussianBlur(field, (0, 0), sigma * len(field) / 240) if sigma else field


def mean_of(depth: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian mean over the pixels that have depth."""
    known = (depth > 0).astype(np.float32)
    return blur(depth, sigma) / np.maximum(blur(known, sigma), np.float32(1e-6))


def flat(depth: np.ndarray, _: Camera, *, gray: float) -> np.ndarray:
    """One gray on the person, 0 elsewhere: the silhouette."""
    return np.where(depth > 0, np.float32(gray), np.float32(0))


def raised(
    depth: np.ndarray, _: Camera, *, gain: float, behind: float, soften: float = 1.5
) -> np.ndarray:
    """clip(110 + gain (Z - mean), 20, 255) on the person, `behind` elsewhere; then softened."""
    image = np.clip(110 + gain * (depth - mean_of(depth, 12)), 20, 255)
    return blur(np.where(depth > 0, image, behind).astype(np.float32), soften)


def shaded(depth: np.ndarray, camera: Camera, *, smooth: float, darkest: float) -> np.ndarray:
    """Gray by how much the smoothed surface faces the camera, 0 elsewhere; softened."""
    z = mean_of(depth, smooth)
    slope = np.hypot(np.gradient(z, axis=1) * camera.fx, np.gradient(z, axis=0) * camera.fy)
    facing = z / np.maximum(np.hypot(slope, z), np.float32(1e-6))
    image = np.where(depth > 0, darkest + (255 - darkest) * facing, 0)
    return blur(image.astype(np.float32), 1.5)


def cleaned(depth: np.ndarray, camera: Camera, *, image: Image) -> np.ndarray:
    """The image of depth without flying pixels."""
    return image(despeckle(depth), camera)


MADE: dict[str, Image] = {
    "constant": partial(flat, gray=0),
    **{f"silhouette {gray}": partial(flat, gray=gray) for gray in (64, 255)},
    **{f"relief {gain}": partial(raised, gain=gain, behind=110) for gain in (300, 900)},
    **{
        f"relief {gain}, silhouette": partial(raised, gain=gain, behind=0)
        for gain in (60, 300, 900)
    },
    **{
        f"shading from {darkest}, smoothed {smooth}": partial(
            shaded, smooth=smooth, darkest=darkest
        )
        for darkest in (40, 120)
        for smooth in (1, 2, 4)
    },
}
OPTIONS: dict[str, Image] = {
    "relief, as shipped": lambda depth, _: relief(depth),
    "shading, as shipped": shading,
    **MADE,
    **{
        f"{name}; no flying pixels": partial(cleaned, image=image)
        for name, image in MADE.items()
        if not name.startswith(("constant", "silhouette"))
    },
}


def measure(flow: np.ndarray, pair: Pair) -> list[float]:
    """Mean end-point error of each region, millimeters; NaN where it has no depth."""
    known = pair.frames["alone"][1] > 0
    valid = [pair.regions[name] & known for name in REGIONS]
    return [
        1000 * end_point_error(flow, pair.truth_m, valid=region) if region.any() else np.nan
        for region in valid
    ]


def run(pairs: list[Pair], preset: str) -> dict[str, list[float]]:
    """Every option's errors, means over the pairs; `no flow` is the motion itself."""
    rows: dict[str, list[list[float]]] = {"no flow": []}
    for pair in pairs:
        _, depth0, _, depth1 = pair.frames["alone"]
        rows["no flow"].append(measure(np.zeros_like(pair.truth_m), pair))
        for name, image in OPTIONS.items():
            images = image(depth0, pair.camera), image(depth1, pair.camera)
            flow = scene_flow(
                depth0, depth1, pair.camera, intensity=images, preset=preset, threads=2
            )
            rows.setdefault(name, []).append(measure(flow, pair))
    return {name: list(np.nanmean(found, axis=0)) for name, found in rows.items()}


def main() -> None:
    """Parse, run both sensors, print, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLE)
    parser.add_argument("--pairs", type=int, default=len(ACTIONS), help="frame pairs (all)")
    parser.add_argument("--preset", default="best", help="solver preset (default: best)")
    parser.add_argument("--seed", type=int, default=SEED, help=f"of people and noise ({SEED})")
    parser.add_argument("--json", type=Path, help="write the figures here")
    options = parser.parse_args()
    found = {
        sensor: run(
            [make_pair(n, seed=options.seed, sensor=sensor) for n in range(options.pairs)],
            options.preset,
        )
        for sensor in SENSORS
    }
    print(f"preset {options.preset}, {options.pairs} pairs, seed {options.seed}: mean error in mm")
    print(f"{'':<48}" + "".join(f"{f'{s}, {r}':>18}" for s in SENSORS for r in REGIONS))
    for name in ("no flow", *OPTIONS):
        cells = [value for sensor in SENSORS for value in found[sensor][name]]
        print(f"{name:<48}" + "".join(f"{value:>18.2f}" for value in cells))
    if options.json:
        options.json.write_text(json.dumps(found, indent=1, default=float) + "\n")


if __name__ == "__main__":
    main()
