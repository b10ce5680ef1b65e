"""Sources of sequences for the torch data sets: a store on disk, or one in memory."""

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32, Int, UInt8

from skelflow.datasets.store.schema import PreparedSequence, StoreMeta


@runtime_checkable
class SequenceSource(Protocol):
    """What the torch data sets ask for: sequences by name, read array by array."""

    @property
    def meta(self) -> StoreMeta:
        """How the sequences were made."""

    @property
    def path(self) -> Any:
        """Where they are, for messages."""

    def attributes(self, name: str) -> dict[str, Any]:
        """The facts of one sequence: its labels, its number of frames."""

    def flow(
        self, name: str, start: int = 0, stop: int | None = None
    ) -> UInt8[np.ndarray, "n h w 3"]:
        """Flow frames from start to before stop."""

    def flow_at(self, name: str, frames: Int[np.ndarray, " n"]) -> UInt8[np.ndarray, "n h w 3"]:
        """These flow frames, ascending."""

    def joints_px(self, name: str) -> Float32[np.ndarray, "n bodies joints 2"]:
        """Joints in the flow's pixels."""

    def joints_m(self, name: str) -> Float32[np.ndarray, "frames bodies joints 3"]:
        """Joints in meters at every frame."""

    def bodies(self) -> int:
        """The most bodies any sequence has."""


@dataclass(frozen=True)
class OneSequence:
    """A prepared sequence in memory as a source of its own, for recognizing one recording.

    Parameters
    ----------
    meta : how it was made.
    sequence : the sequence.
    action : number that stands for the unknown action, any of the classes.
    """

    meta: StoreMeta
    sequence: PreparedSequence
    action: int

    @property
    def path(self) -> str:
        """The recording's name."""
        return self.sequence.name

    def attributes(self, name: str) -> dict[str, Any]:  # noqa: ARG002
        """The label asked for in place of the unknown one, and the number of frames."""
        frames = len(self.sequence.joints_m)
        return {"labels": {"action": self.action}, "frames": frames}

    def flow(
        self,
        name: str,  # noqa: ARG002
        start: int = 0,
        stop: int | None = None,
    ) -> UInt8[np.ndarray, "n h w 3"]:
        """Flow frames from start to before stop."""
        return self.sequence.flow[start:stop]

    def flow_at(
        self,
        name: str,  # noqa: ARG002
        frames: Int[np.ndarray, " n"],
    ) -> UInt8[np.ndarray, "n h w 3"]:
        """These flow frames, ascending."""
        return np.asarray(self.sequence.flow[frames], np.uint8)

    def joints_px(self, name: str) -> Float32[np.ndarray, "n bodies joints 2"]:  # noqa: ARG002
        """Joints in the flow's pixels."""
        return self.sequence.joints_px

    def joints_m(self, name: str) -> Float32[np.ndarray, "frames bodies joints 3"]:  # noqa: ARG002
        """Joints in meters at every frame."""
        return self.sequence.joints_m

    def bodies(self) -> int:
        """How many bodies the recording has."""
        return int(self.sequence.joints_m.shape[1])
