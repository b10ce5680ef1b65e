"""How `skelflow prepare` scales, what it holds in memory, and what is left of it after kill -9.

Recordings of UTD-MHAD, evenly spread over the data set, are prepared by the command itself, each
time into a new store. Runs with one and with two workers take turns, so that whatever slows the
machine slows both; a run's time is the whole command's, its start included. Memory is the sum over
the command and its workers, shared pages counted in each. Equal means: every file of every
sequence and the manifest have the same bytes.
"""

import argparse
import json
import os
import platform
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import psutil

COMMAND = "import sys; sys.argv[0] = 'skelflow'; from skelflow.cli import main; main()"
EXAMPLE = "example: python -m benchmarks.prepare UTD_MHAD --json prepare.json"
TIMES = (".lock", "history.jsonl")  # files that say when, not what


def select(data: Path, count: int, folder: Path) -> Path:
    """A data set of `count` recordings, as links."""
    files = sorted((data / "depth").glob("*_depth.mat"))
    for part in ("depth", "skeleton"):
        (folder / part).mkdir(parents=True)
    for i in np.linspace(0, len(files) - 1, count).astype(int):
        name = files[i].name.removesuffix("_depth.mat")
        for part in ("depth", "skeleton"):
            file = data / part / f"{name}_{part}.mat"
            (folder / part / file.name).symlink_to(file.resolve())
    return folder


class Run:
    """The command at work on a store."""

    stride = 3

    def __init__(self, source: Path, out: Path, workers: int) -> None:
        words = [sys.executable, "-c", COMMAND, "prepare", source, "--out", out]
        words += ["--range-m", "0.035", "--workers", workers, "--stride", self.stride]
        self.start = time.perf_counter()
        self.process = psutil.Popen(
            [str(word) for word in words], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )

    def workers(self) -> list[psutil.Process]:
        """The processes that it has started to work, eldest first."""
        children = self.process.children(recursive=True)
        return [child for child in children if "spawn_main" in " ".join(child.cmdline())]

    def finish(self, look: Callable[[], None] = lambda: None) -> float:
        """Wait for its end, looking ten times a second; its seconds."""
        while self.process.poll() is None:
            look()
            time.sleep(0.1)
        if self.process.returncode:
            raise SystemExit(f"prepare ended with {self.process.returncode}")
        return time.perf_counter() - self.start

    def memory_mb(self) -> float:
        """Resident now, the command and all its children."""
        total = 0
        for process in (self.process, *self.process.children(recursive=True)):
            try:
                total += process.memory_info().rss
            except psutil.NoSuchProcess:
                continue
        return total / 1e6


def contents(store: Path) -> dict[str, bytes]:
    """Every file that says what the store holds."""
    files = (file for file in store.rglob("*") if file.is_file() and file.name not in TIMES)
    return {file.relative_to(store).as_posix(): file.read_bytes() for file in files}


def measure_scaling(source: Path, folder: Path, runs: int) -> dict[str, object]:
    """Seconds with one and two workers in turns, and whether all stores are equal."""
    seconds: dict[int, list[float]] = {1: [], 2: []}
    stores = set()
    for turn in range(runs):
        for workers, taken in seconds.items():
            out = folder / f"store{workers}"
            shutil.rmtree(out, ignore_errors=True)
            taken.append(Run(source, out, workers).finish())
            stores.add(hash(frozenset(contents(out).items())))
            print(f"turn {turn + 1}, {workers} worker(s): {taken[-1]:.1f} s", flush=True)
    ratios = [one / two for one, two in zip(seconds[1], seconds[2], strict=True)]
    print(f"two workers are {statistics.median(ratios):.2f} times as fast as one", end=" ")
    print(f"({min(ratios):.2f} to {max(ratios):.2f}); stores equal: {len(stores) == 1}")
    return {"seconds": seconds, "ratios": ratios, "equal": len(stores) == 1}


def measure_kills(source: Path, folder: Path, seed: int, usual_s: float) -> dict[str, object]:
    """Kill a worker and the command at three random moments each; compare what comes out."""
    chance, out, moments = random.Random(seed), folder / "killed", []
    for _ in range(3):
        run = Run(source, out, 2)
        for kill_worker in (True, False):
            time.sleep(chance.uniform(0.1, 0.3) * usual_s)
            if run.process.poll() is None:
                victims = run.workers() if kill_worker else []
                chance.choice(victims or [run.process]).kill()
                moments.append(time.perf_counter() - run.start)
        run.process.wait()
    Run(source, out, 2).finish()
    equal = contents(out) == contents(folder / "store1")
    print(f"killed after {', '.join(f'{m:.1f}' for m in moments)} s; stores equal: {equal}")
    return {"moments_s": moments, "equal": equal}


def _note_memory(run: Run, seen: list[float]) -> None:
    seen.append(run.memory_mb())


def measure_memory(data: Path, folder: Path, counts: list[int]) -> dict[int, float]:
    """Recordings -> peak memory in megabytes (10^6 bytes), with two workers."""
    peaks = {}
    for count in counts:
        source = select(data, count, folder / f"data{count}")
        run, seen = Run(source, folder / f"of{count}", 2), [0.0]
        run.finish(partial(_note_memory, run, seen))
        peaks[count] = max(seen)
        print(f"{count} recordings: at most {peaks[count]:.0f} MB", flush=True)
    return peaks


def main() -> None:
    """Measure, print, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLE)
    add = parser.add_argument
    add("data", type=Path, help="folder of UTD-MHAD")
    add("--recordings", type=int, default=64, help="for time and kills (default: 64)")
    add("--runs", type=int, default=3, help="turns (default: 3)")
    add("--memory", type=int, nargs="*", default=[20, 200], help="recordings (default: 20 200)")
    add("--seed", type=int, default=0, help="of the moments of kill -9 (default: 0)")
    add("--json", type=Path, help="write the figures here too")
    add("--stride", type=int, default=3, help="every n-th frame pair; more for a quick look")
    options = parser.parse_args()
    Run.stride = options.stride
    figures: dict[str, object] = {
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "load_average": os.getloadavg()[0],
        "recordings": options.recordings,
        "stride": options.stride,
    }
    print(", ".join(f"{key} {value}" for key, value in figures.items()))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = select(options.data, options.recordings, folder / "data")
        if options.runs:
            figures["scaling"] = measure_scaling(source, folder, options.runs)
            usual_s = min(figures["scaling"]["seconds"][2])
            figures["kills"] = measure_kills(source, folder, options.seed, usual_s)
        figures["memory_mb"] = measure_memory(options.data, folder, options.memory)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
