"""Several threads on one image, each on its own band of rows."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from types import TracebackType
from typing import Any


class RowThreads:
    """Threads that call compiled code, which holds no interpreter lock.

    Parameters
    ----------
    threads : int
        How many, this one included.
    least_rows : int
        A band of fewer rows is not worth a thread.
    """

    def __init__(self, threads: int, *, least_rows: int = 48) -> None:
        self.threads = threads
        self._least_rows = least_rows
        self._others = ThreadPoolExecutor(threads - 1) if threads > 1 else None

    def __enter__(self) -> "RowThreads":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._others is not None:
            self._others.shutdown()

    def bands(self, height: int) -> list[tuple[int, int]]:
        """First and one past the last row of each thread's band."""
        count = max(1, min(self.threads, height // self._least_rows))
        cuts = [height * band // count for band in range(count + 1)]
        return list(pairwise(cuts))

    def together(self, calls: list[Callable[[], object]]) -> None:
        """Make all the calls at the same time; return when the last one has."""
        if self._others is None or len(calls) == 1:
            for call in calls:
                call()
            return
        futures = [self._others.submit(call) for call in calls[1:]]
        calls[0]()
        for future in futures:
            future.result()

    def over_rows(self, height: int, kernel: Callable[..., object], *args: Any) -> None:
        """`kernel(*args, first, last)` for every band."""

        def call(first: int, last: int) -> Callable[[], object]:
            return lambda: kernel(*args, first, last)

        self.together([call(*band) for band in self.bands(height)])
