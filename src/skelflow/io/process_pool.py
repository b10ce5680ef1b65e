"""Run tasks in worker processes of this machine that stop cleanly when interrupted.

`skelflow.io.cluster` runs tasks on other machines too and replaces workers that die; but dask can
only kill a task that runs, which here ends by itself and removes what it left unfinished.
"""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing.connection import wait
from multiprocessing.synchronize import Event
from typing import TypeVar

import cv2

Task = TypeVar("Task")
Result = TypeVar("Result")

_stop: Event | None = None


class _StoppedError(Exception):
    """The main process asked this worker to abandon its task."""


def check_stopped() -> None:
    """Abandon the current task if the main process asked for it."""
    if _stop is not None and _stop.is_set():
        raise _StoppedError


def run_tasks(
    function: Callable[[Task], Result], tasks: Sequence[Task], *, workers: int
) -> Iterator[Result]:
    """Yield results in order of completion.

    If the caller stops iterating, pending tasks are canceled and running ones stop at their next
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
    """One OpenCV thread per process; only the main process handles Ctrl-C."""
    global _stop
    _stop = stop
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    cv2.setNumThreads(1)


def _end_with_parent() -> None:
    """End when the main process was killed: nobody else would tell this one."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
