"""The flow benchmark's tables; where a peer beats ours, it says so."""

import statistics
from collections.abc import Sequence

from benchmarks.methods.peers import PEERS, TVL1

CHAMPION = "best"
LOST = "*"  # marks a peer's figure that beats ours
NAME = 26


def print_times(size: str, found: dict) -> None:
    """Median time (extremes) on one and two threads, how many times DualTVL1's speed, memory."""
    times, memory = found["times"], found["memory_mb"]
    print(f"\n{size}, milliseconds: median (extremes), times the speed of {TVL1}, peak memory")
    threads = list(next(iter(times.values())))
    print(f"{'threads':<{NAME}}" + "".join(f"{count:>32}" for count in threads) + f"{'MB':>10}")
    for method, by_threads in times.items():
        cells = []
        for count, row in by_threads.items():
            ratio = times[TVL1][count]["median_ms"] / row["median_ms"] if TVL1 in times else 0
            extremes = f"({row['min_ms']:.1f} - {row['max_ms']:.1f})"
            shown = f"{ratio:.1f}x" if ratio else "-"
            cells.append(f"{row['median_ms']:.1f} {extremes} {shown:>6}")
        peak = memory.get(method)
        peak_shown = "unknown" if peak is None else f"{peak:.1f}"
        print(f"{method:<{NAME}}" + "".join(f"{cell:>32}" for cell in cells) + f"{peak_shown:>10}")


def print_errors(title: str, errors: dict, ours: Sequence[str]) -> None:
    """Mean (median) error of every method in every scene."""
    print(f"\n{title}: 3D error in mm, mean (median)")
    print(" " * NAME + "".join(f"{scene:>18}" for scene in errors))
    methods = next(iter(errors.values()))
    ours = [preset for preset in ours if preset in methods]
    for method in methods:
        cells = (_show(rows, method, ours) for rows in errors.values())
        print(f"{method:<{NAME}}" + "".join(f"{cell:>18}" for cell in cells))
    champion = CHAMPION if CHAMPION in ours else "every preset"
    print(f"{LOST} a peer with a smaller error than {champion} of ours")


def _show(rows: dict, method: str, ours: Sequence[str]) -> str:
    shown = []
    for key in ("mean_m", "median_m"):
        value = rows[method]["regions"]["all"][key]
        figures = {name: rows[name]["regions"]["all"][key] for name in ours}
        bar = figures.get(CHAMPION, min(figures.values(), default=0))
        lost = method in PEERS and value < bar
        shown.append(f"{1000 * value:.2f}{LOST if lost else ''}")
    return f"{shown[0]} ({shown[1]})"


def print_regions(title: str, errors: dict) -> None:
    """Mean error by region in the middle one of the scenes that have it; what the warp leaves."""
    names = list(dict.fromkeys(name for rows in errors.values() for name in _regions(rows)))
    print(f"\n{title}: mean 3D error in mm by region, what the warp leaves; median of the scenes")
    print(" " * NAME + "".join(f"{name:>12}" for name in (*names, "gray", "depth mm")))
    for method in next(iter(errors.values())):
        rows = [scene[method] for scene in errors.values()]
        cells = [
            1000
            * statistics.median(r["regions"][name]["mean_m"] for r in rows if name in r["regions"])
            for name in names
        ]
        cells.append(statistics.median(row["warp"]["gray"] for row in rows))
        cells.append(1000 * statistics.median(row["warp"]["depth_m"] for row in rows))
        print(f"{method:<{NAME}}" + "".join(f"{cell:>12.2f}" for cell in cells))


def _regions(rows: dict) -> dict:
    return next(iter(rows.values()))["regions"]
