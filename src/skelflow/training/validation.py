"""Loss and accuracy on recordings that take no part in fitting."""

from dataclasses import dataclass

import torch
from accelerate import Accelerator
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader

from skelflow.datasets.loading.batch import Batch
from skelflow.inference.compute import gathered_logits


@dataclass(frozen=True)
class Validation:
    """What a network does on a set of sequences.

    Parameters
    ----------
    loss : mean cross-entropy of the samples.
    top1 : share of the sequences named right, by the mean of their samples' probabilities.
    """

    loss: float
    top1: float


@torch.no_grad()
def validate(
    model: nn.Module,
    loader: DataLoader[Batch],
    accelerator: Accelerator,
    *,
    sequences: int,
    classes: int,
) -> Validation:
    """Run a network, in evaluation mode, over all samples of `sequences` sequences."""
    model.eval()
    sums = torch.zeros(sequences, classes, device=accelerator.device)
    truth = torch.zeros(sequences, dtype=torch.int64, device=accelerator.device)
    loss, seen = 0.0, 0
    for logits, label, index in gathered_logits(model, loader, accelerator):
        sums.index_add_(0, index, logits.softmax(dim=1))
        truth[index] = label
        loss += float(functional.cross_entropy(logits, label, reduction="sum"))
        seen += len(label)
    model.train()
    return Validation(loss / seen, float((sums.argmax(dim=1) == truth).float().mean()))
