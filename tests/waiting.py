"""Waiting for what must become true, however busy the machine is."""

import time
from collections.abc import Callable

PATIENCE_S = 600.0  # nothing takes so long; a test that waits for it hangs


def wait_for(true: Callable[[], bool]) -> None:
    """Return as soon as it holds; fail when it never does."""
    end = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.005)
