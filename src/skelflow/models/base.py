"""What all networks share: features, a linear head, and what they read from a batch."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple, cast

from jaxtyping import Float
from torch import Tensor, nn

from skelflow.datasets.loading.batch import Batch
from skelflow.errors import DataError
from skelflow.models.config import Input, NetworkConfig
from skelflow.types import Joints3D


def scaled(channels: int, width: float) -> int:
    """A layer's width under the multiplier, at least 1."""
    return max(1, round(channels * width))


class FirstLayer(NamedTuple):
    """The filters of a guide's first layer, and how strongly joints make them respond.

    Parameters
    ----------
    filters : (n, times), weights over time: each filter is a movement across the whole action.
    responses : (b, n, bodies, joints), not negative, summed over the three axes.
    """

    filters: Float[Tensor, "n times"]
    responses: Float[Tensor, "b n bodies joints"]


class Network(nn.Module):
    """A classifier of batches: a head on top of features.

    Parameters
    ----------
    config : NetworkConfig, kept as `config`; it says what the network reads.

    Attributes
    ----------
    name : the name in the registry, set by `create_model`.
    has_score : whether `score` tells how informative each joint is.
    engine : the only one that runs it, for a network out of an exported file; None = any.
    all_weights_in_loss : whether the loss depends on all weights that are to be trained.
    branch_loss : weight of the loss of further classifiers; where it is not 0, the network called
        with `branches=True` gives (1 + classifiers, b, classes), its own logits first.
    """

    has_score: bool = False
    engine: str | None = None
    all_weights_in_loss: bool = True
    branch_loss: float = 0.0
    config: NetworkConfig
    head: nn.Linear

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.name = ""

    @property
    def inputs(self) -> frozenset[Input]:
        """The tensors of a batch that the network reads."""
        return self.config.inputs

    def features(self, batch: Batch) -> Float[Tensor, "b d"]:
        """What the head reads: the activations of the last hidden layer."""
        raise NotImplementedError

    def score(self, batch: Batch) -> Float[Tensor, "b bodies joints"]:  # noqa: ARG002
        """Informativeness of each joint in [0, 1]; `DataError` from a network without one."""
        raise DataError(f"{self.name or type(self).__name__} has no informativeness score (Eq. 2)")

    def first_layer(self, batch: Batch) -> FirstLayer | None:  # noqa: ARG002
        """Filters and responses of the guide's first layer; None where there is no such layer."""
        return None

    def attention(self, batch: Batch) -> Float[Tensor, "b l side side"] | None:  # noqa: ARG002
        """The mask M of the first convolution (Eq. 3 or 5); None without attention."""
        return None

    def fit_normalization(self, sequences: Iterable[Joints3D | Tensor]) -> None:
        """Take from the training set what the skeleton's normalization needs, once.

        Parameters
        ----------
        sequences : (t, bodies, joints, 3) float32, meters, NaN = missing; left alone by a network
            that normalizes no skeletons.

        Raises
        ------
        DataError
            No sequence has a valid joint.
        """

    def forward(self, batch: Batch) -> Float[Tensor, "b classes"]:
        """Class logits."""
        logits: Tensor = self.head(self.features(batch))
        return logits

    def conv_weights(self) -> Iterator[nn.Parameter]:
        """The weights of all trained convolutions; the paper puts an L1 penalty on Res-TCN's."""
        for module in self.modules():
            if isinstance(module, nn.Conv1d | nn.Conv2d | nn.Conv3d):
                weight = cast(nn.Parameter, module.weight)
                if weight.requires_grad:
                    yield weight
