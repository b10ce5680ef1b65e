"""A recording whose flow is solved as clips are read, and kept no longer than a clip needs it."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Int, UInt8

from skelflow.datasets.store.source import OneSequence

Frame = UInt8[np.ndarray, "h w 3"]


@dataclass(eq=False)
class FlowInTurn:
    """Flow frames that come one after the other, each kept until its last reader had it.

    Parameters
    ----------
    frames : (number, frame), ascending, all that are ever asked for.
    readers : how many times each number is going to be asked for.
    """

    frames: Iterator[tuple[int, Frame]]
    readers: Counter[int]
    _kept: dict[int, Frame] = field(default_factory=dict, init=False)

    def take(self, numbers: Int[np.ndarray, " n"]) -> UInt8[np.ndarray, "n h w 3"]:
        """These frames; those that nobody will ask for again are forgotten.

        Examples
        --------
        >>> black = np.zeros((1, 1, 3), np.uint8)
        >>> frames = iter([(0, black), (2, black + 2), (4, black + 4)])
        >>> flow = FlowInTurn(frames, Counter([0, 2, 2, 4]))
        >>> flow.take(np.array([0, 2]))[:, 0, 0, 0].tolist(), flow.held
        ([0, 2], 1)
        >>> flow.take(np.array([2, 4]))[:, 0, 0, 0].tolist(), flow.held
        ([2, 4], 0)
        """
        wanted = [int(number) for number in numbers]
        while not self._kept.keys() >= set(wanted):
            number, frame = next(self.frames)
            self._kept[number] = frame
        taken = np.stack([self._kept[number] for number in wanted])
        self.readers.subtract(wanted)
        for number in set(wanted):
            if not self.readers[number]:
                del self._kept[number]
        return taken

    @property
    def held(self) -> int:
        """How many frames are kept now."""
        return len(self._kept)


@dataclass(frozen=True)
class SequenceInTurn(OneSequence):
    """A sequence as a source whose flow is solved when clips ask for it, in their order.

    Parameters
    ----------
    meta, sequence, action : see `OneSequence`; the sequence's own flow is not looked at.
    turn : its flow.
    """

    turn: FlowInTurn

    def flow_at(
        self,
        name: str,  # noqa: ARG002
        frames: Int[np.ndarray, " n"],
    ) -> UInt8[np.ndarray, "n h w 3"]:
        """These flow frames, ascending; no clip before this one can be read again."""
        return self.turn.take(frames)
