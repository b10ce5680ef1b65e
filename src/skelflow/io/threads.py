"""Work on several threads of this process, for functions that hold no interpreter lock."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import ParamSpec, TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")
Given = ParamSpec("Given")


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


class InBackground:
    """Calls that go on while their caller does; with one thread each is made at once.

    The threads end when nothing refers to this any more.

    Parameters
    ----------
    threads : at most so many calls at the same time.

    Examples
    --------
    >>> calls = InBackground(2)
    >>> [call.result() for call in (calls.begin(pow, 2, 3), calls.begin(pow, 3, 2))]
    [8, 9]
    """

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self._pool = ThreadPoolExecutor(threads) if threads > 1 else None

    def begin(
        self, function: Callable[Given, Result], *args: Given.args, **kwargs: Given.kwargs
    ) -> Future[Result]:
        """The call's result, or what it raised, when it is there; raised at once on one thread."""
        if self._pool is not None:
            return self._pool.submit(function, *args, **kwargs)
        done: Future[Result] = Future()
        done.set_result(function(*args, **kwargs))
        return done
