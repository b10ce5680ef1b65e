"""Every item once, the same items in every step, whoever reads them and in how many parts."""

from itertools import chain

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from skelflow.training.batch_sampler import EpochOrder

COUNTS = st.integers(1, 40)


def steps_of(order: EpochOrder) -> list[list[int]]:
    """The items of each step that count."""
    parts = iter(order)
    return [
        [
            item
            for part in range(order.parts(step))
            for item in next(parts)
            if order.counted(step, part)
        ]
        for step in range(order.first, order.steps)
    ]


@given(
    count=COUNTS, batch=COUNTS, processes=st.integers(1, 5), parts=st.integers(1, 9), data=st.data()
)
def test_order_gives_each_step_the_same_items_however_it_is_shared(
    count: int, batch: int, processes: int, parts: int, data: st.DataObject
) -> None:
    first = data.draw(st.integers(0, -(-count // batch) - 1))
    sizes = {"seed": 3, "epoch": 2, "first": first}
    alone = steps_of(EpochOrder([0] * count, batch, **sizes))
    shares = [
        EpochOrder([0] * count, batch, accumulate=parts, processes=processes, process=own, **sizes)
        for own in range(processes)
    ]
    assert len({len(list(share)) for share in shares}) == 1  # none waits for another
    assert all(len(share) == len(list(share)) for share in shares)
    together = [list(chain(*step)) for step in zip(*map(steps_of, shares), strict=True)]
    assert [sorted(step) for step in together] == [sorted(step) for step in alone]
    assert [shares[0].size(step) for step in range(first, shares[0].steps)] == list(map(len, alone))


@given(count=COUNTS, batch=COUNTS, seed=st.integers(0, 99))
def test_order_takes_every_item_once_an_epoch(count: int, batch: int, seed: int) -> None:
    taken = chain(*steps_of(EpochOrder([0] * count, batch, seed)))
    assert sorted(taken) == list(range(count))


def test_order_of_another_epoch_differs() -> None:
    order = EpochOrder([0] * 30, 4, 0)
    first = list(order)
    order.epoch = 1
    assert list(order) != first


def test_order_draws_classes_alike_when_balanced() -> None:
    labels = [0] * 900 + [1] * 90 + [2] * 10
    order = EpochOrder(labels, 1000, 0, balance=True)
    drawn = np.bincount([labels[item] for item in next(iter(order))])
    assert abs(drawn - 1000 / 3).max() < 60  # four standard deviations
