"""Workers: every task ends once, with its result or with the reason why there is none."""

import os
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import dask
import pytest
from distributed import LocalCluster

from skelflow.errors import ConfigError, DataError
from skelflow.io.cluster import Workers, explain
from skelflow.version import __version__


def double(number: int) -> int:
    return 2 * number


def break_down(number: int, tries: Path) -> int:
    """Note every try; 0 kills its worker, 1 raises, 2 raises at its first try only."""
    with tries.open("a") as file:
        file.write(f"{number}\n")
    if number == 0:
        os._exit(1)
    if number == 1 or (number == 2 and tries.read_text().split().count("2") == 1):
        raise OSError("stale file handle")
    return number


class Watched(list[tuple[Any, ...]]):
    """Tasks that count how many of them were taken."""

    taken = 0

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        for task in super().__iter__():
            self.taken += 1
            yield task


def test_workers_return_every_result_once(scheduler: str) -> None:
    with Workers(1, scheduler=scheduler) as workers:
        ended = list(workers.run(double, [(number,) for number in range(20)]))
    assert sorted(one.value for one in ended) == [2 * number for number in range(20)]
    assert all(one.task == (one.value // 2,) and one.error is None for one in ended)


def test_workers_take_a_task_only_when_a_thread_is_free(scheduler: str) -> None:
    tasks = Watched([(number,) for number in range(50)])
    with (
        Workers(1, scheduler=scheduler) as workers,
        closing(workers.run(double, tasks)) as ended,
    ):
        for done in range(1, 51):
            next(ended)
            assert tasks.taken <= done  # one thread: the next is taken when this one is read


def test_workers_start_nothing_when_there_is_nothing_to_do() -> None:
    said: list[str] = []
    with Workers(2, announce=said.append) as workers:
        assert list(workers.run(double, [])) == []
    assert said == []


def test_workers_try_again_and_then_say_why_a_task_failed(tmp_path: Path) -> None:
    tries, said = tmp_path / "tries", list[str]()
    impatient = dask.config.set({"distributed.deploy.lost-worker-timeout": "1 ms"})
    with impatient, Workers(1, retries=2, announce=said.append) as workers:
        ended = list(workers.run(break_down, [(number, tries) for number in range(5)]))
    assert {one.task[0] for one in ended} == set(range(5))
    assert {one.value for one in ended if one.error is None} == {2, 3, 4}
    reasons = {one.task[0]: explain(one.error) for one in ended if one.error is not None}
    assert reasons == {
        0: "its worker died 3 times; too little memory?",
        1: "OSError: stale file handle",
    }
    tried = tries.read_text().split()
    assert [tried.count(str(number)) for number in range(5)] == [3, 3, 2, 1, 1]
    assert len(said) == 1


@pytest.mark.parametrize("address", ["nowhere", "tcp://127.0.0.1:1", "pigeon://roof:1"])
def test_workers_name_the_scheduler_that_does_not_answer(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("skelflow.io.cluster._CONNECT_S", 1)
    with (
        Workers(1, scheduler=address) as workers,
        pytest.raises(ConfigError, match=f"^scheduler {address}: no dask scheduler answers"),
    ):
        list(workers.run(double, [(1,)]))


def test_workers_refuse_another_version_of_skelflow(
    scheduler: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("skelflow.io.cluster.__version__", "9.9")
    with (
        Workers(1, scheduler=scheduler) as workers,
        pytest.raises(
            ConfigError, match=rf"its workers have skelflow {re.escape(__version__)}, this is 9\.9"
        ),
    ):
        list(workers.run(double, [(1,)]))


def test_workers_say_that_the_scheduler_was_lost() -> None:
    cluster = LocalCluster(
        1, threads_per_worker=1, processes=False, protocol="tcp://", dashboard_address="127.0.0.1:0"
    )
    address = cluster.scheduler_address
    with Workers(1, scheduler=address) as workers:
        ended = workers.run(double, [(number,) for number in range(3)])
        next(ended)
        cluster.close()
        with pytest.raises(DataError, match=f"the dask scheduler {address} was lost; the same"):
            list(ended)
