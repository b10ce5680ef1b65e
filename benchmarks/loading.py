"""Clips a second out of the store, beside the same frames as JPEG files, HDF5 and one big .npy.

Every format is read by the same data set, joints and augmentation included, in random order, by
one and by two loader workers; formats take turns. Cold: the files' pages were dropped from memory
before (names and folders stay cached). Warm: they were all read before. A run's time is a whole
epoch's, the start of its workers included. Beside it stands the processor time of a clip, read warm
without workers, the least of all runs: what a busy machine does not change. With a recipe, one of
its training steps is timed on the same sequences, to say how many clips a second it consumes.
"""

import argparse
import json
import os
import platform
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import DataLoader

from benchmarks.methods.formats import PEERS
from skelflow.datasets.loading.clips import ClipDataset
from skelflow.datasets.store import Store
from skelflow.planning.probe import probe_training
from skelflow.training.recipe import load_recipe

OURS = "store"
WORKERS = (1, 2)
EXAMPLE = "example: python -m benchmarks.loading stores/utd --recipe utd_mhad/cpu/c3d"


def drop(folder: Path) -> None:
    """Take the files' pages out of memory."""
    os.sync()
    for file in folder.rglob("*"):
        if file.is_file():
            handle = os.open(file, os.O_RDONLY)
            os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(handle)


def read_epoch(dataset: ClipDataset, workers: int, seed: int, batch: int) -> float:
    """Clips a second of one epoch in random order."""
    order = torch.Generator().manual_seed(seed)
    loader = DataLoader(
        dataset, batch_size=batch, shuffle=True, generator=order, num_workers=workers
    )
    start = time.perf_counter()
    seen = sum(len(found.label) for found in loader)
    return seen / (time.perf_counter() - start)


def measure(sources: dict[str, Any], runs: int, batch: int) -> dict[str, dict[str, list[float]]]:
    """Format -> "1 cold", "2 warm", ... -> clips a second of every run; "core_ms" a clip."""
    rates: dict[str, dict[str, list[float]]] = {name: {} for name in sources}
    for turn in range(runs):
        for workers in WORKERS:
            for name, source in sources.items():
                names = source.store.names() if name != OURS else source.names()
                actions = sorted({source.attributes(one)["labels"]["action"] for one in names})
                dataset = ClipDataset(source, names, actions, train=True)
                drop(source.path)
                for state in ("cold", "warm"):
                    rate = read_epoch(dataset, workers, turn, batch)
                    rates[name].setdefault(f"{workers} {state}", []).append(rate)
                rates[name].setdefault("core_ms", []).append(1000 * clip_core_s(dataset))
    return rates


def clip_core_s(dataset: ClipDataset) -> float:
    """Seconds on a processor for one clip, on one thread as in a loader worker."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    start = time.process_time()
    for item in range(len(dataset)):
        dataset[item]
    torch.set_num_threads(threads)
    return (time.process_time() - start) / len(dataset)


def report(rates: dict, sizes: dict[str, float], step: float | None) -> None:
    """Print medians, with ratios to ours and to what training consumes."""
    columns = [f"{workers} {state}" for state in ("cold", "warm") for workers in WORKERS]
    medians = {
        name: {column: statistics.median(found[column]) for column in columns}
        for name, found in rates.items()
    }
    print("clips a second, by workers and state; in brackets: of the store's")
    print(
        f"{'':<13}"
        + "".join(f"{column:>16}" for column in columns)
        + f"{'core ms':>9}{'bytes a frame':>15}"
    )
    for name, found in medians.items():
        row = "".join(
            f"{found[column]:>9.0f} ({found[column] / medians[OURS][column]:4.2f})"
            for column in columns
        )
        print(f"{name:<13}{row}{min(rates[name]['core_ms']):>9.2f}{sizes[name]:>15.0f}")
    if step is not None:
        ratio = medians[OURS]["2 warm"] * step
        cold = medians[OURS]["2 cold"] * step
        print(f"training consumes {1 / step:.1f} clips a second: ", end="")
        print(f"two workers load {ratio:.1f} times as many warm, {cold:.1f} times cold")


def main() -> None:
    """Write the formats, measure, print, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLE)
    add = parser.add_argument
    add("store", type=Path, help="made by skelflow prepare")
    add(
        "--recipe",
        type=Path,
        help="whose training step is timed, e.g. utd_mhad/cpu/c3d",
    )
    add("--runs", type=int, default=5, help="turns (default: 5)")
    add("--batch", type=int, default=16, help="clips in a batch (default: 16)")
    add("--json", type=Path, help="write the figures here too")
    options = parser.parse_args()
    store = Store.open(options.store)
    frames = sum(len(store.joints_px(name)) for name in store.names())
    figures: dict[str, object] = {
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "load_average": os.getloadavg()[0],
        "sequences": len(store.names()),
        "frames": frames,
    }
    print(", ".join(f"{key} {value}" for key, value in figures.items()))
    with tempfile.TemporaryDirectory(dir=options.store.parent) as scratch:
        flows = (file for file in store.path.glob("*/flow/**/*") if file.is_file())
        sizes = {OURS: sum(file.stat().st_size for file in flows) / frames}
        sources: dict[str, Any] = {OURS: store}
        for name, kind in PEERS.items():
            sources[name] = kind(store, Path(scratch) / name.replace(", ", "_").replace(" ", "_"))
            sources[name].write()
            sizes[name] = sources[name].flow_bytes() / frames
        rates = measure(sources, options.runs, options.batch)
        step = None
        if options.recipe:
            config = load_recipe(options.recipe)
            step = probe_training(config, store.path, Path(scratch)).sample_s
    report(rates, sizes, step)
    figures |= {"clips_a_second": rates, "bytes_a_frame": sizes, "step_s_a_clip": step}
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
