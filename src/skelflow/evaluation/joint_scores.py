"""How informative a network finds each joint, by action."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float32
from torch.utils.data import DataLoader, Subset

from skelflow.datasets.loading.batch import Batch
from skelflow.datasets.loading.clips import SkeletonDataset
from skelflow.datasets.store.source import SequenceSource
from skelflow.inference.checkpoint import Checkpoint

Scores = Float32[np.ndarray, "classes joints"]


@torch.inference_mode()
def joint_scores(
    checkpoint: Checkpoint, store: SequenceSource, names: Sequence[str], *, batch_size: int = 32
) -> Scores | None:
    """Mean score of each joint over the recordings of an action (Eq. 2).

    Parameters
    ----------
    checkpoint : of a trained network.
    store, names : prepared sequences.
    batch_size : sequences at once.

    Returns
    -------
    (classes, joints) float32 in [0, 1], of the body with the highest scores; NaN where there is
    no recording of an action. None for a network without a score.
    """
    network = checkpoint.network
    if not network.has_score:
        return None
    samples = checkpoint.samples(store, list(names))
    sums = np.zeros((len(checkpoint.classes), 0), np.float32)
    counts = np.zeros((len(checkpoint.classes), 1), np.float32)
    cpu = torch.device("cpu")  # of exported networks, which show no parameters
    device = next((weight.device for weight in network.parameters()), cpu)
    for batch in DataLoader(_one_each(samples), batch_size=batch_size):
        moved = Batch(*(part.to(device) for part in batch))
        scores = network.score(moved).amax(dim=1).float().cpu().numpy()
        if not sums.size:
            sums = np.zeros((len(sums), scores.shape[1]), np.float32)
        np.add.at(sums, batch.label.numpy(), scores)
        np.add.at(counts, batch.label.numpy(), 1)
    return np.asarray(np.where(counts > 0, sums / np.maximum(counts, 1), np.nan), np.float32)


def _one_each(samples: SkeletonDataset) -> "Subset[Batch]":
    """One sample a sequence: the score is of the whole skeleton, the same for all its clips."""
    return Subset(samples, samples.first_items())
