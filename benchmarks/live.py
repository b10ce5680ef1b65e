"""How many frames a second a stream of answers keeps up with.

A bundled recording, again and again, is given to `Recognizer.stream` as fast as it takes frames.
With one thread seconds are of the processor, so that other programs disturb little: frames by these
seconds is the rate that one idle core keeps up with, reading the frames included. With more threads
they are of the wall clock, and hold for an otherwise idle machine. The longest time between two
frames is how far an answer throws the stream behind.
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")  # as the command line does

import torch

from benchmarks.recognize import unpack_sample
from skelflow.datasets.prepare.adapt import at_rate
from skelflow.inference import Recognizer
from skelflow.inference.stream import StreamFrame, StreamSource, frames_of
from skelflow.recordings import open_recording
from skelflow.types import Recording

EXAMPLE = "example: python -m benchmarks.live --engine openvino"


def repeat(
    recording: Recording, times: int, taken: list[float], clock: Callable[[], float]
) -> Iterator[StreamFrame]:
    """The frames again and again, and when each was asked for."""
    for number in range(times):
        for frame in frames_of(recording):
            taken.append(clock())
            yield frame._replace(t=frame.t + number * len(recording))


def measure(recognizer: Recognizer, recording: Recording, options: argparse.Namespace) -> dict:
    """Rate, and what a frame and an answer cost."""
    recognizer.warm_up(frames_of(recording), StreamSource.of(recording))
    taken: list[float] = []
    answers = 0
    clock = time.process_time if options.threads == 1 else time.perf_counter
    begun = clock()
    for _ in recognizer.stream(
        repeat(recording, options.repeats, taken, clock),
        StreamSource.of(recording),
        window_s=options.window_s,
        every_s=options.every_s,
    ):
        answers += 1
    spent = clock() - begun
    gaps = [later - earlier for earlier, later in pairwise(taken)]
    return {
        "frames": len(taken),
        "answers": answers,
        "frames_a_second": len(taken) / spent,
        "threads": options.threads,
        "rate_hz": recording.frame_rate_hz,
        "longest_s": max(gaps),
        "size": recognizer.checkpoint.meta.flow.size,
    }


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], epilog=EXAMPLE)
    parser.add_argument("--weights", default="synthetic-8")
    parser.add_argument("--recording", type=Path, help="a bundled one by default")
    parser.add_argument("--engine", help="torch by default")
    parser.add_argument("--window-s", type=float, default=3.0)
    parser.add_argument("--every-s", type=float, default=0.5)
    parser.add_argument("--repeats", type=int, default=4)
    parser.add_argument("--threads", type=int, default=1, help="1: processor time")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    recognizer = Recognizer.load(options.weights, engine=options.engine)
    with tempfile.TemporaryDirectory() as folder:
        path = options.recording or unpack_sample(Path(folder))
        recording = at_rate(open_recording(path), recognizer.checkpoint.frame_rate_hz)
        found = measure(recognizer, recording, options)
    width, height = found["size"]
    clock = "of the processor" if options.threads == 1 else f"on {options.threads} threads"
    print(
        f"flow of {width}x{height}, {found['frames']} frames, {found['answers']} answers: "
        f"{found['frames_a_second']:.1f} frames a second {clock}, the recording has "
        f"{found['rate_hz']:g}; longest time between two frames {1000 * found['longest_s']:.0f} ms"
    )
    if options.json:
        options.json.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
