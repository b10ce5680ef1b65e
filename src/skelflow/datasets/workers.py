"""Work on several processes: results as they come, and a clean stop."""

import multiprocessing
import signal
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing.synchronize import Event
from typing import TypeVar

import cv2
import numba

Result = TypeVar("Result")


class _StoppedError(Exception):
    """The main process wants this worker to leave its recording unfinished."""


_stop: Event | None = None


def check_stopped() -> None:
    """Leave the work at hand when the main process asks for it."""
    if _stop is not None and _stop.is_set():
        raise _StoppedError


def _start_worker(stop: Event) -> None:
    """One native thread a worker; Ctrl-C is the main process's to answer."""
    global _stop
    _stop = stop
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(1)
    numba.set_num_threads(1)


def each(
    function: Callable[..., Result], tasks: Sequence[tuple[object, ...]], workers: int
) -> Generator[Result, None, None]:
    """Results in the order of completion; leaving early stops the workers at their next pair."""
    if workers == 1 or len(tasks) < 2:
        yield from (function(*task) for task in tasks)
        return
    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    with ProcessPoolExecutor(
        min(workers, len(tasks)), context, initializer=_start_worker, initargs=(stop,)
    ) as pool:
        try:
            futures = [pool.submit(function, *task) for task in tasks]
            for future in as_completed(futures):
                yield future.result()
        finally:
            stop.set()
            pool.shutdown(cancel_futures=True)
