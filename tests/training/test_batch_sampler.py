"""Every sample once, the same ones in every step, however many processes and micro-batches."""

from itertools import chain

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from skelflow.training.batch_sampler import BatchSampler

COUNTS = st.integers(1, 40)


def steps_of(sampler: BatchSampler) -> list[list[int]]:
    """The items of each step that count."""
    micro_batches = iter(sampler)
    return [
        [
            item
            for number in range(sampler.micro_batches(step))
            for item in next(micro_batches)
            if sampler.counts(step, number)
        ]
        for step in range(sampler.first_step, sampler.steps)
    ]


@given(
    count=COUNTS,
    batch=COUNTS,
    processes=st.integers(1, 5),
    micro_batches=st.integers(1, 9),
    data=st.data(),
)
def test_sampler_gives_each_step_the_same_items_however_it_is_shared(
    count: int, batch: int, processes: int, micro_batches: int, data: st.DataObject
) -> None:
    first = data.draw(st.integers(0, -(-count // batch) - 1))
    sizes = {"seed": 3, "epoch": 2, "first_step": first}
    alone = steps_of(BatchSampler([0] * count, batch, **sizes))
    shares = [
        BatchSampler(
            [0] * count, batch, accumulate=micro_batches, processes=processes, process=own, **sizes
        )
        for own in range(processes)
    ]
    assert len({len(list(share)) for share in shares}) == 1  # none waits for another
    assert all(len(share) == len(list(share)) for share in shares)
    together = [list(chain(*step)) for step in zip(*map(steps_of, shares), strict=True)]
    assert [sorted(step) for step in together] == [sorted(step) for step in alone]
    assert [shares[0].size(step) for step in range(first, shares[0].steps)] == list(map(len, alone))


@given(count=COUNTS, batch=COUNTS, seed=st.integers(0, 99))
def test_sampler_takes_every_item_once_an_epoch(count: int, batch: int, seed: int) -> None:
    taken = chain(*steps_of(BatchSampler([0] * count, batch, seed)))
    assert sorted(taken) == list(range(count))


def test_sampler_of_another_epoch_differs() -> None:
    sampler = BatchSampler([0] * 30, 4, 0)
    first = list(sampler)
    sampler.epoch = 1
    assert list(sampler) != first


def test_sampler_draws_classes_alike_when_balanced() -> None:
    labels = [0] * 900 + [1] * 90 + [2] * 10
    sampler = BatchSampler(labels, 1000, 0, balance=True)
    drawn = np.bincount([labels[item] for item in next(iter(sampler))])
    assert abs(drawn - 1000 / 3).max() < 60  # four standard deviations
