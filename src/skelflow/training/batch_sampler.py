"""Which samples a step takes, and which of them this process reads, part by part."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass
class EpochOrder:
    """Batches of item numbers in an order that follows from (seed, epoch) alone.

    Every process draws the same order and takes every n-th item of each part of a batch, so that
    what a step learns from does not depend on how many share it.

    Parameters
    ----------
    labels : of all items.
    batch_size : items of a step, over all processes and parts.
    seed : int
    balance : draw items, with replacement, such that every label is as likely as any other.
    process, processes : this one, and how many there are.
    accumulate : parts that a whole batch is read in, one after the other.

    Attributes
    ----------
    epoch, first : which order, and the first batch that is still to come.
    """

    labels: Sequence[int]
    batch_size: int
    seed: int
    balance: bool = False
    process: int = 0
    processes: int = 1
    accumulate: int = 1
    epoch: int = 0
    first: int = 0

    @property
    def steps(self) -> int:
        """Batches of a whole epoch."""
        return -(-len(self.labels) // self.batch_size)

    def size(self, step: int) -> int:
        """Items of a step, over all processes and parts."""
        return min(self.batch_size, len(self.labels) - step * self.batch_size)

    def parts(self, step: int) -> int:
        """In how many parts a step is read; the last batch of an epoch may need fewer."""
        return -(-self.size(step) // self._part_size)

    def counted(self, step: int, part: int) -> bool:
        """Whether this process has items in a part; else it reads one that must not count."""
        left = self.size(step) - part * self._part_size
        return self.process < min(left, self._part_size)

    def __len__(self) -> int:
        return sum(self.parts(step) for step in range(self.first, self.steps))

    def __iter__(self) -> Iterator[list[int]]:
        items = self._draw()
        for step in range(self.first, self.steps):
            start, end = step * self.batch_size, step * self.batch_size + self.size(step)
            for first in range(start, end, self._part_size):
                part = items[first : min(first + self._part_size, end)]
                yield part[self.process :: self.processes] or part[:1]

    @property
    def _part_size(self) -> int:
        return -(-self.batch_size // self.accumulate)

    def _draw(self) -> list[int]:
        random, count = np.random.default_rng((self.seed, self.epoch)), len(self.labels)
        if not self.balance:
            items: list[int] = random.permutation(count).tolist()
            return items
        chance = 1 / np.bincount(self.labels)[np.asarray(self.labels)]
        drawn: list[int] = random.choice(count, count, p=chance / chance.sum()).tolist()
        return drawn
