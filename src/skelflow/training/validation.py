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
    """What a network reaches on a set of sequences.

    Parameters
    ----------
    loss : mean cross-entropy of the samples.
    top1 : share of the sequences named right, by the mean of their samples' probabilities.
    """

    loss: float
    top1: float


@dataclass(frozen=True)
class Validator:
    """Measures a model, again and again, on the same sequences.

    Parameters
    ----------
    model : on the accelerator's device.
    loader : all samples of the sequences, from `shared_loader`.
    accelerator : of this process.
    sequences, classes : how many of them.
    """

    model: nn.Module
    loader: DataLoader[Batch]
    accelerator: Accelerator
    sequences: int
    classes: int

    @torch.no_grad()
    def validate(self) -> Validation:
        """Run the model in evaluation mode over all samples, and put it back into training mode."""
        self.model.eval()
        device = self.accelerator.device
        sums = torch.zeros(self.sequences, self.classes, device=device)
        truth = torch.zeros(self.sequences, dtype=torch.int64, device=device)
        loss, seen = 0.0, 0
        for logits, label, index in gathered_logits(self.model, self.loader, self.accelerator):
            sums.index_add_(0, index, logits.softmax(dim=1))
            truth[index] = label
            loss += float(functional.cross_entropy(logits, label, reduction="sum"))
            seen += len(label)
        self.model.train()
        return Validation(loss / seen, float((sums.argmax(dim=1) == truth).float().mean()))
