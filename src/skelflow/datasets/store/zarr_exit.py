"""zarr's thread ends before the interpreter does, however busy the machine is."""

import atexit
from typing import Any

from zarr.core import sync

_PATIENCE_S = 30.0


def _stop_the_loop() -> None:
    """Stop zarr's event loop and wait for its thread.

    zarr waits for 0.2 s at its own exit, and prints a traceback where a busy machine needs longer.
    """
    loop, thread = _first("loop"), _first("iothread")
    if loop is not None and thread is not None and loop.is_running():
        loop.call_soon_threadsafe(loop.stop)
        thread.join(timeout=_PATIENCE_S)


def _first(name: str) -> Any:
    """What zarr keeps in a list of one; None in a version that keeps it elsewhere."""
    kept = getattr(sync, name, None)
    return kept[0] if isinstance(kept, list) and kept else None


def end_quietly() -> None:
    """Let it happen at the end of the process, before zarr's own exit, however often asked."""
    atexit.unregister(_stop_the_loop)
    atexit.register(_stop_the_loop)
