"""What frozen layers gave for clips seen before, found again by the clip itself."""

import hashlib
from collections.abc import Callable, Sequence

import torch
from torch import Tensor


class FeatureMemory:
    """Features of single samples, kept in memory as long as the object lives.

    A sample is known by all bytes of its tensors. Features are computed one sample at a time, so
    that they do not depend on which samples share a batch.
    """

    def __init__(self) -> None:
        self._known: dict[bytes, Tensor] = {}

    def __len__(self) -> int:
        return len(self._known)

    def look_up(
        self, tensors: Sequence[Tensor], compute: Callable[[Sequence[Tensor]], Tensor]
    ) -> Tensor:
        """Features of each sample of a batch.

        Parameters
        ----------
        tensors : all that the features depend on, each with the samples as its first axis.
        compute : gives the features of the same tensors with one sample; no gradient is kept.
        """
        features = []
        for number in range(len(tensors[0])):
            sample = [tensor[number : number + 1] for tensor in tensors]
            key = _digest(sample)
            if key not in self._known:
                with torch.no_grad():
                    self._known[key] = compute(sample)
            features.append(self._known[key])
        return torch.cat(features)


def _digest(tensors: Sequence[Tensor]) -> bytes:
    found = hashlib.blake2b(digest_size=16)
    for tensor in tensors:
        found.update(tensor.detach().cpu().contiguous().numpy().data)
    return found.digest()
