"""Work on several threads of this process, for functions that hold no interpreter lock."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")


def side_by_side(
    function: Callable[[Task], Result], tasks: Iterable[Task], threads: int
) -> Iterator[Result]:
    """What a function gives for each task, in their order, as `map` does.

    Tasks are taken in the caller's thread, one more than there are threads ahead of what was
    yielded, so that memory does not depend on how many there are.
    """
    if threads == 1:
        yield from map(function, tasks)
        return
    waiting = iter(tasks)
    with ThreadPoolExecutor(threads) as pool:
        running = deque(pool.submit(function, task) for task in islice(waiting, threads + 1))
        try:
            while running:
                result = running.popleft().result()
                running.extend(pool.submit(function, task) for task in islice(waiting, 1))
                yield result
        finally:
            for future in running:
                future.cancel()
