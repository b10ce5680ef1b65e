"""Work on several threads of a process."""

import threading
from collections.abc import Iterator

import pytest

from skelflow.io.threads import side_by_side


@pytest.mark.parametrize("threads", [1, 3])
def test_results_come_in_order(threads: int) -> None:
    assert list(side_by_side(lambda task: task * task, range(20), threads)) == [
        task * task for task in range(20)
    ]


def test_tasks_run_at_the_same_time() -> None:
    meeting = threading.Barrier(2, timeout=30)  # breaks unless two tasks wait at once
    assert len(list(side_by_side(lambda _: meeting.wait(), range(4), 2))) == 4


@pytest.mark.parametrize("threads", [1, 2])
def test_no_more_tasks_are_taken_than_run(threads: int) -> None:
    taken: list[int] = []

    def tasks() -> Iterator[int]:
        for task in range(50):
            taken.append(task)
            yield task

    results = side_by_side(lambda task: task, tasks(), threads)
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    assert len(taken) <= 3 + threads + 1
    results.close()  # type: ignore[attr-defined]
    assert len(taken) <= 3 + threads + 1


@pytest.mark.parametrize("threads", [1, 2])
def test_an_error_of_a_task_reaches_the_caller(threads: int) -> None:
    results = side_by_side(lambda task: 1 // task, [2, 1, 0, 1], threads)
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(ZeroDivisionError):
        next(results)
