"""The skeleton networks' input: meters to [-1, 1] by the training set's extrema, missing to 0."""

from collections.abc import Iterable

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from skelflow.errors import DataError
from skelflow.models.config import SequenceSize
from skelflow.skeleton.normalize import joint_extrema
from skelflow.types import Joints3D


class Normalizer(nn.Module):
    """Scales each axis linearly so that [low, high] becomes [-1, 1]; missing joints become 0.

    The extrema are buffers, part of every checkpoint; (-1, 1), the identity, until `fit` sets
    them. Coordinates beyond them are not clipped.

    Parameters
    ----------
    size : of the sequences; others are refused.
    origin : joint to whose first valid position the coordinates are moved; None = not moved.
    """

    low: Tensor
    high: Tensor

    def __init__(self, size: SequenceSize, *, origin: int | None) -> None:
        super().__init__()
        self.size, self.origin = size, origin
        self.register_buffer("low", torch.full((3,), -1.0))
        self.register_buffer("high", torch.ones(3))

    def fit(self, sequences: Iterable[Joints3D | Tensor]) -> None:
        """Set the extrema from the training set, once; see `Network.fit_normalization`."""
        arrays = (np.asarray(joints, np.float32) for joints in sequences)
        low, high = joint_extrema(arrays, root=self.origin)
        self.low.copy_(torch.from_numpy(low))
        self.high.copy_(torch.from_numpy(high))

    def forward(
        self, joints_m: Float[Tensor, "b frames bodies joints 3"]
    ) -> Float[Tensor, "b coordinates frames"]:
        """Meters to the network's rows: bodies, joints, axes, in this order."""
        check_size(joints_m, self.size)
        missing = ~joints_m.isfinite().all(dim=-1, keepdim=True)
        if self.origin is not None:
            joints_m = joints_m - root_origins(joints_m, root=self.origin)
        span = self.high - self.low
        span = torch.where(span > 0, span, torch.ones_like(span))
        unit = (joints_m - self.low) * (2 / span) - 1
        return unit.masked_fill(missing, 0.0).flatten(2).transpose(1, 2)


def check_size(joints_m: Tensor, size: SequenceSize) -> None:
    """`DataError` unless (b, frames, bodies, joints, 3) skeletons have the network's size."""
    if tuple(joints_m.shape[1:4]) != size:
        raise DataError(
            f"skeletons have (frames, bodies, joints) = {tuple(joints_m.shape[1:4])}, this "
            f"network was made for {tuple(size)}; pad the data or create it for these sizes"
        )


def root_origins(
    joints_m: Float[Tensor, "b frames bodies joints 3"], *, root: int
) -> Float[Tensor, "b 1 1 1 3"]:
    """`skelflow.skeleton.normalize.root_origin` of each sequence."""
    roots = joints_m[:, :, :, root].transpose(1, 2).flatten(1, 2)
    valid = roots.isfinite().all(dim=-1)
    first = valid.int().argmax(dim=1, keepdim=True)[..., None]
    origin = roots.gather(1, first.expand(-1, 1, 3)).squeeze(1)
    return origin.masked_fill(~valid.any(dim=1, keepdim=True), 0.0)[:, None, None, None]


def present_bodies(joints_m: Float[Tensor, "b frames bodies joints 3"]) -> Tensor:
    """(b, bodies) bool: bodies with at least one valid joint in the sequence."""
    return joints_m.isfinite().all(dim=-1).any(dim=3).any(dim=1)
