"""How long a new process takes to its first answer: nothing compiled yet, and compiled before.

Each run is a process of its own on one thread that imports, loads the weights, reads a recording,
computes its flow and asks the network; then it answers the same recording again. Seconds are of the
processor, which is the wait on an idle core; the last column is what the clock said from the start
of the process to its first answer on this machine as it was.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

EXAMPLE = "example: python -m benchmarks.first_answer --runs 3"
STAGES = ("import", "load", "read", "flow", "network", "first answer", "next answer")


def measure(weights: str, recording: str, engine: str | None) -> dict[str, float]:
    """In this process, which did nothing before: seconds of the processor by stage."""
    from skelflow.inference import Recognizer, reading

    reading.clock = time.process_time
    seconds = {"import": time.process_time()}
    recognizer = Recognizer.load(weights, engine=engine)
    seconds["load"] = time.process_time() - seconds["import"]
    seconds |= recognizer.recognize(recording).seconds
    seconds["first answer"] = time.process_time()
    seconds["ended"] = time.time()
    recognizer.recognize(recording)
    seconds["next answer"] = time.process_time() - seconds["first answer"]
    return seconds


def run(options: argparse.Namespace, recording: Path, cache: str) -> dict[str, float]:
    """`measure` in a process of its own."""
    words = ["--inside", "--weights", options.weights, "--recording", str(recording)]
    words += ["--engine", options.engine] if options.engine else []
    threads = dict.fromkeys(("OMP_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
    started = time.time()
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.first_answer", *words],
        env={**os.environ, **threads, "NUMBA_CACHE_DIR": cache},
        stdout=subprocess.PIPE,
        check=True,
    )
    seconds: dict[str, float] = json.loads(done.stdout)
    seconds["by the clock"] = seconds.pop("ended") - started
    return seconds


def take_turns(options: argparse.Namespace, recording: Path) -> dict[str, list[dict[str, float]]]:
    """A run with nothing compiled and one after it, again and again."""
    found: dict[str, list[dict[str, float]]] = {"nothing compiled": [], "a later process": []}
    for _ in range(options.runs):
        with tempfile.TemporaryDirectory() as cache:
            for runs in found.values():
                runs.append(run(options, recording, cache))
    return found


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], epilog=EXAMPLE)
    parser.add_argument("--weights", default="synthetic-8")
    parser.add_argument("--recording", type=Path, help="a bundled one by default")
    parser.add_argument("--engine", help="torch by default")
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        print(json.dumps(measure(options.weights, str(options.recording), options.engine)))
        return
    from benchmarks.recognize import unpack_sample  # not what is measured

    with tempfile.TemporaryDirectory() as folder:
        recording = options.recording or unpack_sample(Path(folder))
        found = take_turns(options, recording)
    columns = (*STAGES, "by the clock")
    print(f"{'':18}" + "".join(f"{name:>14}" for name in columns))
    for name, runs in found.items():
        medians = (statistics.median(each[column] for each in runs) for column in columns)
        print(f"{name:18}" + "".join(f"{seconds:14.2f}" for seconds in medians))


if __name__ == "__main__":
    main()
