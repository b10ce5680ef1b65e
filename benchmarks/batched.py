"""PyramidFrame pairs a second: engine "torch" on tensors of many pairs beside "numba", on this CPU.

A pair is a wall and a nearer box with texture, noise and holes that moved. Each figure is the
median of the repeats; the solvers take turns, so that a busy machine is busy for both. A GPU is
measured too where torch finds one.
"""

import argparse
import json
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from skelflow.flow.api import scene_flow
from skelflow.flow.presets import PRESETS
from skelflow.types import Camera

EXAMPLE = "example: python -m benchmarks.batched --height 120 --width 160 --json batched.json"


def make_pair(height: int, width: int, seed: int) -> tuple[np.ndarray, ...]:
    """intensity0, depth0, intensity1, depth1 of a scene that moved by about a pixel."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width].astype(np.float64)
    fields = []
    for moved in (0.0, 1.2):
        waves = np.sin((x - moved) / 5) + np.sin(y / 7) + np.sin((x - moved + y) / 11)
        depth = 2.5 + 0.001 * (x - moved)
        depth[height // 3 : 3 * height // 4, width // 3 : width // 2] = 1.6 - 0.01 * moved
        depth += random.normal(0, 0.002, depth.shape)
        depth[random.random(depth.shape) < 0.05] = 0
        fields += [(130 + 25 * waves).astype(np.float32), depth.astype(np.float32)]
    return tuple(fields)


def solve(frames: Sequence[np.ndarray] | Sequence[Tensor], camera: Camera, **settings: Any) -> None:
    """The flow of intensity0, depth0, intensity1, depth1, thrown away."""
    gray0, depth0, gray1, depth1 = frames
    scene_flow(depth0, depth1, camera, intensity=(gray0, gray1), **settings)


def seconds(task: Callable[[], object], device: str) -> float:
    """Wall-clock time of a task, its device's work included."""
    start = time.perf_counter()
    task()
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - start


def build_tasks(
    pairs: list[tuple[np.ndarray, ...]], camera: Camera, options: argparse.Namespace
) -> dict[str, tuple[int, str, Callable[[], object]]]:
    """Name -> pairs, device and work of every row of the table."""
    tasks: dict[str, tuple[int, str, Callable[[], object]]] = {}
    for threads in options.threads:

        def compiled(threads: int = threads) -> None:
            solve(pairs[0], camera, preset=options.preset, threads=threads)

        tasks[f"compiled, threads {threads}"] = 1, "cpu", compiled
        for batch in options.batches:
            given = stack(pairs[:batch], "cpu")

            def batched(given: list[Tensor] = given, threads: int = threads) -> None:
                torch.set_num_threads(threads)
                solve(given, camera, preset=options.preset)

            tasks[f"batched, threads {threads}, batch {batch}"] = batch, "cpu", batched
    for batch in options.batches if torch.cuda.is_available() else ():
        given = stack(pairs[:batch], "cuda")

        def on_gpu(given: list[Tensor] = given) -> None:
            solve(given, camera, preset=options.preset)

        tasks[f"batched, GPU, batch {batch}"] = batch, "cuda", on_gpu
    return tasks


def stack(pairs: list[tuple[np.ndarray, ...]], device: str) -> list[Tensor]:
    """Four tensors of as many fields as there are pairs."""
    return [torch.from_numpy(np.stack(same)).to(device) for same in zip(*pairs, strict=True)]


def measure(
    tasks: dict[str, tuple[int, str, Callable[[], object]]], repeats: int
) -> dict[str, list[float]]:
    """Pairs a second of each task, one figure a repeat, after one round that warms up."""
    rates: dict[str, list[float]] = {name: [] for name in tasks}
    for repeat in range(repeats + 1):
        for name, (count, device, task) in tasks.items():
            rate = count / seconds(task, device)
            if repeat:
                rates[name].append(rate)
    return rates


def main() -> None:
    """Parse, measure, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLE)
    parser.add_argument("--height", type=int, default=240, help="rows (default: 240)")
    parser.add_argument("--width", type=int, default=320, help="columns (default: 320)")
    parser.add_argument(
        "--preset", default="paper", choices=sorted(PRESETS), help="(default: paper)"
    )
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2], help="(default: 1 2)")
    parser.add_argument(
        "--batches", type=int, nargs="+", default=[1, 4, 8], help="(default: 1 4 8)"
    )
    parser.add_argument("--repeats", type=int, default=5, help="after a warm-up (default: 5)")
    parser.add_argument("--json", type=Path, help="write every figure here, too")
    options = parser.parse_args()
    camera = Camera.from_fov(options.width, options.height, 62.5)
    pairs = [make_pair(options.height, options.width, seed) for seed in range(max(options.batches))]
    rates = measure(build_tasks(pairs, camera, options), options.repeats)
    print(f"{options.width} x {options.height}, preset {options.preset}, torch {torch.__version__}")
    print(f"{'':<32}{'pairs/s':>9}{'lowest':>9}{'highest':>9}")
    for name, found in rates.items():
        print(f"{name:<32}{statistics.median(found):>9.2f}{min(found):>9.2f}{max(found):>9.2f}")
    if not torch.cuda.is_available():
        print("no GPU here: the batched solver's speed on one is unmeasured")
    if options.json:
        settings = {key: value for key, value in vars(options).items() if key != "json"}
        figures = {"machine": platform.machine(), **settings, "pairs_per_second": rates}
        options.json.write_text(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main()
