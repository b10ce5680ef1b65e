"""What scene flow must show, held against the figures of one run of the benchmark."""

import statistics
from collections.abc import Iterator

from benchmarks.methods.peers import RIVAL, TVL1

SIZE, LARGER, THREADS = "240x320", "424x512", "2"
FASTER = {"paper": 20, "fast": 40}  # times DualTVL1's speed
MEMORY_MB = 60
LINEAR = 0.25  # how far the time may be off the ratio of the pixels
SLOWER = 2  # times `paper`'s time, turn by turn: what slows the machine slows both
CLOCKS = {"runs_ms": ("2", "on the wall, 2 threads"), "cpu_ms": ("1", "of the processor")}
BEST, PAPER = "best", "paper"


def find_failures(figures: dict) -> list[str]:
    """Every demand that is not met, or that this run did not measure, in words."""
    sizes = figures["sizes"]
    if SIZE not in sizes:
        return [f"{SIZE} was not measured"]
    return [
        *_check_speed(sizes[SIZE]),
        *_check_growth(sizes),
        *_check_errors(sizes[SIZE]),
        *_check_cost(sizes[SIZE]),
    ]


def _time_ms(found: dict, method: str) -> float | None:
    return found["times"].get(method, {}).get(THREADS, {}).get("median_ms")


def _check_speed(found: dict) -> Iterator[str]:
    slowest = _time_ms(found, TVL1)
    for preset, factor in FASTER.items():
        taken, memory = _time_ms(found, preset), found["memory_mb"].get(preset)
        if taken is None or slowest is None:
            yield f"{preset}: its speed beside {TVL1} was not measured"
        elif slowest < factor * taken:
            yield f"{preset}: {slowest / taken:.1f} times as fast as {TVL1}, not {factor}"
        if memory is None:
            yield f"{preset}: its memory was not measured"
        elif memory >= MEMORY_MB:
            yield f"{preset}: {memory:.1f} MB, not less than {MEMORY_MB}"


def _check_growth(sizes: dict) -> Iterator[str]:
    if LARGER not in sizes:
        yield f"{LARGER} was not measured"
        return
    rows = [[int(side) for side in size.split("x")] for size in (SIZE, LARGER)]
    pixels = rows[1][0] * rows[1][1] / (rows[0][0] * rows[0][1])
    for preset in FASTER:
        small, large = (_time_ms(sizes[size], preset) for size in (SIZE, LARGER))
        if small is None or large is None:
            yield f"{preset}: the growth of its time was not measured"
        elif abs(large / small / pixels - 1) > LINEAR:
            yield f"{preset}: {large / small:.2f} times the time for {pixels:.2f} times the pixels"


def _check_errors(found: dict) -> Iterator[str]:
    rows_of = {
        (scene, noise): rows
        for noise, scenes in found["errors"].items()
        for scene, rows in scenes.items()
    }
    for other in (RIVAL, PAPER):
        unmeasured = [
            " ".join(at) for at, rows in rows_of.items() if not {BEST, other} <= set(rows)
        ]
        if unmeasured:
            yield f"{BEST} beside {other}: not measured in {', '.join(unmeasured)}"
        for (scene, noise), rows in rows_of.items():
            if {BEST, other} <= set(rows):
                for key in ("mean_m", "median_m") if noise == "noisy" else ("mean_m",):
                    ours, theirs = (rows[name]["regions"]["all"][key] for name in (BEST, other))
                    if ours >= theirs:
                        figures = f"{1000 * ours:.2f} mm, not below {1000 * theirs:.2f} mm"
                        yield f"{scene} {noise}: {key[:-2]} of {BEST} {figures} of {other}"


def _check_cost(found: dict) -> Iterator[str]:
    for clock, (threads, which) in CLOCKS.items():
        rows = [found["times"].get(preset, {}).get(threads, {}) for preset in (BEST, PAPER)]
        turns = list(zip(*(row.get(clock, []) for row in rows), strict=False))
        if not turns:
            yield f"{BEST}: its time {which} beside {PAPER} was not measured"
            continue
        ratio = statistics.median(ours / theirs for ours, theirs in turns)
        if ratio > SLOWER:
            yield f"{BEST}: {ratio:.2f} times the time {which} of {PAPER}, not {SLOWER} at most"
