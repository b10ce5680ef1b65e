"""What the first flow on a machine waits for, and the first one of every later process.

Each preset is asked for once in a fresh process with nothing compiled yet, and once in another one
that finds the compiled kernels on the disk. Seconds are of the processor, on one thread: the wait
on an idle core. The kernels' own compile times come from numba's events.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

EXAMPLE = "example: python -m benchmarks.first_flow --presets fast paper best --kernels 20"


def measure(preset: str) -> dict:
    """In this process: seconds of the processor for import and first flow, and each kernel's."""
    from numba.core import event

    class Kernels(event.Listener):
        """Seconds of each kernel without those that it calls."""

        def __init__(self) -> None:
            self.running: list[list] = []
            self.seconds: dict[str, float] = {}

        def on_start(self, event: event.Event) -> None:
            """A kernel begins, perhaps within another one."""
            name = event.data["dispatcher"].py_func.__name__
            self.running.append([name, time.process_time(), 0.0])

        def on_end(self, event: event.Event) -> None:
            """The innermost one is done."""
            del event
            name, begun, within = self.running.pop()
            spent = time.process_time() - begun
            if self.running:
                self.running[-1][2] += spent
            self.seconds[name] = self.seconds.get(name, 0.0) + spent - within

    listener = Kernels()
    event.register("numba:compile", listener)
    import numpy as np

    from skelflow import Camera, scene_flow

    rng = np.random.default_rng(0)
    depth = rng.uniform(2, 2.1, (240, 320)).astype(np.float32)
    gray = rng.uniform(0, 255, (240, 320)).astype(np.float32)
    imported = time.process_time()
    camera = Camera.from_fov(320, 240, 62.5)
    scene_flow(depth, depth, camera, intensity=(gray, gray), preset=preset)
    first = time.process_time()
    scene_flow(depth, depth, camera, intensity=(gray, gray), preset=preset)
    return {
        "imports_s": imported,
        "first_flow_s": first - imported,
        "next_flow_s": time.process_time() - first,
        "kernels_s": listener.seconds,
    }


def run(preset: str, cache: str) -> dict:
    """`measure` in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.first_flow", "--inside", preset]
    done = subprocess.run(
        command, env={**os.environ, "NUMBA_CACHE_DIR": cache}, capture_output=True, check=True
    )
    return json.loads(done.stdout)


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLE)
    parser.add_argument("--presets", nargs="+", default=["fast"])
    parser.add_argument("--kernels", type=int, default=15, help="so many of the slowest are named")
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        print(json.dumps(measure(options.inside)))
        return
    for preset in options.presets:
        with tempfile.TemporaryDirectory() as cache:
            cold, warm = run(preset, cache), run(preset, cache)
        print(f"{preset}: {'':12s}  imports  first flow  next flow, seconds of the processor")
        for name, found in (("nothing compiled", cold), ("a later process", warm)):
            numbers = (found[key] for key in ("imports_s", "first_flow_s", "next_flow_s"))
            print(f"  {name:18s}" + "".join(f"{seconds:10.2f}" for seconds in numbers))
        slowest = sorted(cold["kernels_s"].items(), key=lambda item: -item[1])[: options.kernels]
        print("  " + ", ".join(f"{name} {seconds:.2f}" for name, seconds in slowest))


if __name__ == "__main__":
    main()
