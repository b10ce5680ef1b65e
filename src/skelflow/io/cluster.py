"""Run tasks on worker processes of this machine or of a cluster, through dask."""

import logging
import multiprocessing
import signal
import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

import cv2
import dask
import distributed
import numba

from skelflow.errors import ConfigError, DataError
from skelflow.version import __version__

_CONNECT_S = 10
_RESTART = "1 day"  # that a worker may take to come back; dask gives it up after 15 s
_DASHBOARD = "127.0.0.1:0"  # seen from this machine only, at a free port


class TaskResult(NamedTuple):
    """What became of a task: what its function returned, or the error it ended with."""

    task: tuple[Any, ...]
    value: Any
    error: BaseException | None


def explain(error: BaseException) -> str:
    """Why a task did not come to an end, in a line."""
    if isinstance(error, distributed.KilledWorker):
        return f"its worker died {error.allowed_failures + 1} times; too little memory?"
    return f"{type(error).__name__}: {error}"


class Workers:
    """Worker processes of one thread each, started with the first task; end with the block.

    Parameters
    ----------
    count : processes on this machine; ignored when a scheduler is given.
    scheduler : address of a running dask scheduler whose workers do the work instead.
    retries : how often a task is tried again after its worker died or it failed unexpectedly.
    announce : called once with the dashboard's address, or how to get one.

    Notes
    -----
    No more tasks are submitted than there are threads: memory does not depend on how many there
    are, and a task that kills its worker takes no waiting one with it.
    """

    def __init__(
        self,
        count: int,
        *,
        scheduler: str | None = None,
        retries: int = 3,
        announce: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._count, self._scheduler, self._retries = count, scheduler, retries
        self._announce = announce
        self._client: distributed.Client | None = None
        self._open = ExitStack()

    def __enter__(self) -> "Workers":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._open.close()

    def run(
        self, function: Callable[..., Any], tasks: Sequence[tuple[Any, ...]]
    ) -> Generator[TaskResult, None, None]:
        """Call `function(*task)` for every task; results in the order of completion.

        Raises
        ------
        DataError
            The workers cannot be started or reached, or the scheduler is lost.
        """
        if not tasks:
            return
        client = self.connect()
        todo, running = iter(tasks), {}
        completed = distributed.as_completed(loop=client.loop)

        def submit(task: tuple[Any, ...]) -> None:
            future = client.submit(
                _run_single_threaded, function, *task, pure=False, retries=self._retries
            )
            running[future] = task
            completed.add(future)

        try:
            for task in islice(todo, self._threads()):
                submit(task)
            while running:
                future = next(completed)
                yield self._result(running.pop(future), future)
                for task in islice(todo, max(0, self._threads() - len(running))):
                    submit(task)
        except OSError as error:
            raise self._scheduler_lost() from error
        finally:
            with suppress(OSError):
                client.cancel(list(running))

    def _threads(self) -> int:
        threads: dict[str, int] = self.connect().nthreads()
        return max(1, sum(threads.values()))  # workers come and go

    def _result(self, task: tuple[Any, ...], future: "distributed.Future[Any]") -> TaskResult:
        if future.status == "finished":
            return TaskResult(task, future.result(), None)
        if future.status == "error":
            return TaskResult(task, None, future.exception())
        raise self._scheduler_lost()

    def _scheduler_lost(self) -> DataError:
        return DataError(
            f"the dask scheduler {self._scheduler or 'of this run'} was lost; "
            "the same command goes on where it was"
        )

    def connect(self) -> distributed.Client:
        """Start the workers, or reach the scheduler's; once.

        Raises
        ------
        ConfigError
            No scheduler answers there, or its workers cannot run this.
        """
        if self._client is None:
            if self._scheduler is None:
                client = self._open.enter_context(_start_local(self._count, self._retries))
                self._announce(_dashboard(client))
            else:
                self._open.enter_context(_silence_logs())
                client = self._open.enter_context(_connect_to(self._scheduler))
                self._announce(client.dashboard_link)
            self._client = client
        return self._client


@contextmanager
def _start_local(count: int, retries: int) -> Iterator[distributed.Client]:
    """A cluster of processes on this machine, closed when the block ends."""
    settings = {
        "distributed.scheduler.allowed-failures": retries,
        "distributed.deploy.lost-worker-timeout": _RESTART,
    }
    with ExitStack() as opened:
        opened.enter_context(dask.config.set(settings))  # the second is asked for when one is lost
        try:
            cluster = distributed.LocalCluster(
                n_workers=count,
                threads_per_worker=1,
                processes=True,
                memory_limit=None,
                dashboard_address=_DASHBOARD,
                silence_logs=logging.CRITICAL,
                preload=[__name__],
            )
        except RuntimeError as error:
            remedy = (
                "a script of your own that prepares recordings must do so below "
                "`if __name__ == '__main__':`"
                if _lacks_guard()
                else "are there memory and processes left on this machine? take fewer workers"
            )
            raise DataError(f"no worker could be started ({error}); {remedy}") from error
        opened.enter_context(cluster)
        yield opened.enter_context(distributed.Client(cluster, set_as_default=False))


def _lacks_guard() -> bool:
    """Whether the program is a script that each worker runs once more, or this is such a run."""
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        return True
    file = getattr(sys.modules["__main__"], "__file__", None)
    try:
        return file is not None and "__main__" not in Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):  # a program in another form
        return False


@contextmanager
def _silence_logs() -> Iterator[None]:
    """Silence dask's own log: errors are raised, and so reported once."""
    loggers = [logging.getLogger(name) for name in ("distributed", "distributed.client")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


class _Client(distributed.Client):
    """Closed where it cannot connect; dask's own would try to say goodbye for 20 s."""

    def __init__(self, *words: object, **options: object) -> None:
        try:
            super().__init__(*words, **options)  # type: ignore[no-untyped-call]
        except Exception:
            self.status = "closed"
            raise


@contextmanager
def _connect_to(scheduler: str) -> Iterator[distributed.Client]:
    """The cluster at an address; its workers must have this skelflow."""
    try:
        client = _Client(scheduler, timeout=_CONNECT_S, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"scheduler {scheduler}: no dask scheduler answers there within {_CONNECT_S} s; "
            "expected its address, as tcp://HOST:8786"
        ) from error
    with client:
        _check_versions(client, scheduler)
        yield client


def _check_versions(client: distributed.Client, scheduler: str) -> None:
    try:
        found = set(client.run(_version).values())
    except Exception as error:  # whatever a foreign environment raises
        raise ConfigError(
            f"scheduler {scheduler}: its workers cannot run skelflow ({error}); "
            "install the same skelflow where they start"
        ) from error
    if other := found - {_version()}:
        raise ConfigError(
            f"scheduler {scheduler}: its workers have skelflow {', '.join(sorted(other))}, "
            f"this is {_version()}; install the same"
        )


def _version() -> str:
    return __version__


def _dashboard(client: distributed.Client) -> str:
    if find_spec("bokeh") is None:
        return "none; to watch the workers: pip install 'skelflow[dashboard]'"
    return str(client.dashboard_link)


def _run_single_threaded(function: Callable[..., Any], *task: Any) -> Any:
    """Run a task on one native thread: there is a worker for every core."""
    cv2.setNumThreads(1)
    numba.set_num_threads(1)
    return function(*task)


def dask_setup(_worker: object) -> None:
    """Leave Ctrl-C to the main process; dask calls this in each worker of this machine."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
