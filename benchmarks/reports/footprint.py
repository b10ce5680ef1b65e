"""How much memory one call of one method needs at its peak, in a process of its own.

The code is loaded by a call on a tiny pair; then the kernel's high-water mark is reset, so that it
shows what the call on the pair of full size added: work arrays and result, not inputs or libraries.
"""

import ctypes
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

MODULE = "benchmarks.reports.footprint"
TINY = (48, 64)
STATUS, RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def measure_memory(method: str, size: tuple[int, int], threads: int) -> float | None:
    """Megabytes (10^6 bytes) that one call adds; None where the system does not tell."""
    if not RESET.exists():
        return None
    command = [sys.executable, "-m", MODULE, method, *map(str, (*size, threads))]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)


def read_status(name: str) -> int:
    """One of the kernel's figures on this process, in bytes."""
    return 1024 * int(re.search(rf"{name}:\s+(\d+) kB", STATUS.read_text())[1])


def measure_call(call: Callable[[], object]) -> float | None:
    """Megabytes by which a call raises this process's memory at its peak."""
    ctypes.CDLL(None).malloc_trim(0)  # what is free already must not hide what the call takes
    try:
        RESET.write_text("5")
    except OSError:
        return None
    before = read_status("VmRSS")
    call()
    return (read_status("VmHWM") - before) / 1e6


def main() -> None:
    """Print what a call of METHOD at ROWS x COLUMNS on THREADS threads adds, in megabytes."""
    from benchmarks.methods.contenders import bind
    from benchmarks.scenes.scenes import make_scene

    method, *numbers = sys.argv[1:]
    height, width, threads = map(int, numbers)
    for rows, columns in (TINY, TINY, (height, width)):
        call = bind(method, make_scene("S4", width=columns, height=rows, noisy=True), threads)
        if (rows, columns) == TINY:
            call()
    print(json.dumps(measure_call(call)))


if __name__ == "__main__":
    main()
