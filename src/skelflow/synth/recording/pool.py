"""Takes on several processes: results as they come, and a clean stop."""

import multiprocessing
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing.synchronize import Event
from typing import TypeVar

import cv2

Task = TypeVar("Task")
Result = TypeVar("Result")

_stop: Event | None = None


class _StoppedError(Exception):
    """The main process wants this one to leave its take unfinished."""


def check_stopped() -> None:
    """Leave the work at hand when the main process asks for it."""
    if _stop is not None and _stop.is_set():
        raise _StoppedError


def each(
    function: Callable[[Task], Result], tasks: Sequence[Task], *, workers: int
) -> Iterator[Result]:
    """Results in the order of completion.

    When the iteration is left early, what has not begun is canceled and the rest stops at its next
    `check_stopped`.
    """
    if workers == 1 or len(tasks) < 2:
        yield from map(function, tasks)
        return
    context = multiprocessing.get_context("spawn")
    stop, processes = context.Event(), min(workers, len(tasks))
    with ProcessPoolExecutor(processes, context, initializer=_start, initargs=(stop,)) as pool:
        try:
            for future in as_completed([pool.submit(function, task) for task in tasks]):
                yield future.result()
        finally:
            stop.set()
            pool.shutdown(cancel_futures=True)


def _start(stop: Event) -> None:
    """One native thread a process; Ctrl-C is the main process's to answer."""
    global _stop
    _stop = stop
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(1)
