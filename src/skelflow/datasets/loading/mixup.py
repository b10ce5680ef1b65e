"""Mixup: training samples blended in pairs, skeletons and labels alike."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True)
class Mixture:
    """How each sample of a batch is blended with another one.

    Parameters
    ----------
    share : of the sample itself, in [0.5, 1]; the rest is its partner's.
    partners : number of each sample's partner in the batch.

    Notes
    -----
    Source: Zhang et al. (2018), "mixup", with shares of Beta(1, 1), the larger one its own.
    """

    share: float
    partners: Int64[Tensor, " b"]

    def blend(
        self, joints_m: Float[Tensor, "b frames bodies joints 3"]
    ) -> Float[Tensor, "b frames bodies joints 3"]:
        """Joints between both samples'; those that the partner lacks stay where they are."""
        blended = self.share * joints_m + (1 - self.share) * joints_m[self.partners]
        return torch.where(blended.isnan(), joints_m, blended)


def draw_mixture(count: int, probability: float, *, key: tuple[int, ...]) -> Mixture | None:
    """With that probability a mixture of so many samples; it follows from the key alone."""
    if not probability:
        return None
    random = np.random.default_rng((*key, len(key)))  # samples draw from shorter keys
    if random.uniform() >= probability:
        return None
    share = random.uniform(0.5, 1.0)
    return Mixture(share, torch.from_numpy(random.permutation(count)))


def cross_entropy_sum(
    logits: Float[Tensor, "b classes"],
    label: Int64[Tensor, " b"],
    mixture: Mixture | None = None,
    *,
    smoothing: float = 0.0,
) -> Float[Tensor, ""]:
    """Sum over samples; with a mixture, of both labels by their shares.

    Parameters
    ----------
    smoothing : part of the target that all classes share evenly.
    """

    def loss(target: Tensor) -> Tensor:
        return functional.cross_entropy(logits, target, reduction="sum", label_smoothing=smoothing)

    if mixture is None:
        return loss(label)
    return mixture.share * loss(label) + (1 - mixture.share) * loss(label[mixture.partners])
