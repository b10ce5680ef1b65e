"""Ctrl-C and SIGTERM end a run between two steps, with everything saved."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupted(KeyboardInterrupt):
    """The run was asked to stop, and its state is saved; the same command goes on from there."""


class StopFlag:
    """Whether a signal has asked the run to stop."""

    def __init__(self) -> None:
        self.raised = False

    def __bool__(self) -> bool:
        return self.raised


@contextmanager
def stop_on_signals(*, once: bool = True) -> Iterator[StopFlag]:
    """A flag that the first SIGINT or SIGTERM raises; the second one ends the process at once.

    Handlers are put back at the end. Outside the main thread nothing is caught. With `once` off
    further signals change nothing: a launcher repeats what the terminal has sent already.
    """
    flag = StopFlag()
    if threading.current_thread() is not threading.main_thread():
        yield flag
        return
    before = {number: signal.getsignal(number) for number in _SIGNALS}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def ask(_number: int, _frame: FrameType | None) -> None:
        flag.raised = True
        if once:
            restore()

    for number in _SIGNALS:
        signal.signal(number, ask)
    try:
        yield flag
    finally:
        restore()
