"""Which samples each step trains on, and which of them this process reads."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass
class BatchSampler:
    """Yields lists of sample numbers, one micro-batch at a time; the order follows from the seed.

    Every process draws the same order from (seed, epoch) and takes every n-th sample of each
    micro-batch. What a step learns from hence does not depend on the number of processes.

    Parameters
    ----------
    labels : of all samples.
    batch_size : samples of a step, over all processes and micro-batches.
    seed : int
    balance : draw samples, with replacement, such that every label is as likely as any other.
    process, processes : this one, and how many there are.
    accumulate : micro-batches of a whole batch; their gradients add up.

    Attributes
    ----------
    epoch : whose order is drawn.
    first_step : of this epoch; the ones before it are skipped.
    """

    labels: Sequence[int]
    batch_size: int
    seed: int
    balance: bool = False
    process: int = 0
    processes: int = 1
    accumulate: int = 1
    epoch: int = 0
    first_step: int = 0

    @property
    def steps(self) -> int:
        """Batches of a whole epoch."""
        return -(-len(self.labels) // self.batch_size)

    def size(self, step: int) -> int:
        """Samples of a step, over all processes and micro-batches."""
        return min(self.batch_size, len(self.labels) - step * self.batch_size)

    def micro_batches(self, step: int) -> int:
        """Number of micro-batches of a step; the last step of an epoch may need fewer."""
        return -(-self.size(step) // self._micro_batch_size)

    def counts(self, step: int, micro_batch: int) -> bool:
        """Whether this process has samples in a micro-batch.

        Where it has none it reads one that must not count, because all processes have to compute.
        """
        left = self.size(step) - micro_batch * self._micro_batch_size
        return self.process < min(left, self._micro_batch_size)

    def __len__(self) -> int:
        return sum(self.micro_batches(step) for step in range(self.first_step, self.steps))

    def __iter__(self) -> Iterator[list[int]]:
        samples = self._draw()
        for step in range(self.first_step, self.steps):
            start, end = step * self.batch_size, step * self.batch_size + self.size(step)
            for first in range(start, end, self._micro_batch_size):
                micro_batch = samples[first : min(first + self._micro_batch_size, end)]
                yield micro_batch[self.process :: self.processes] or micro_batch[:1]

    @property
    def _micro_batch_size(self) -> int:
        return -(-self.batch_size // self.accumulate)

    def _draw(self) -> list[int]:
        random, count = np.random.default_rng((self.seed, self.epoch)), len(self.labels)
        if not self.balance:
            order: list[int] = random.permutation(count).tolist()
            return order
        chance = 1 / np.bincount(self.labels)[np.asarray(self.labels)]
        drawn: list[int] = random.choice(count, count, p=chance / chance.sum()).tolist()
        return drawn
