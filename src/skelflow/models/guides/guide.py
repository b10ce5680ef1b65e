"""What a skeleton network must give to steer the attention on flow."""

from collections.abc import Iterable

from jaxtyping import Float
from torch import Tensor, nn

from skelflow.datasets.loading.batch import Batch
from skelflow.models.base import FirstLayer, Network
from skelflow.models.config import NetworkConfig
from skelflow.models.guides.residual import initialize_glorot
from skelflow.types import Joints3D


class SkeletonEncoder(nn.Module):
    """A skeleton network without its head.

    Attributes
    ----------
    outputs : width of the features.
    """

    outputs: int

    def features(self, batch: Batch) -> Float[Tensor, "b d"]:
        """(b, outputs): one vector a sequence."""
        raise NotImplementedError

    def fit_normalization(self, sequences: Iterable[Joints3D | Tensor]) -> None:
        """See `Network.fit_normalization`; nothing unless a subclass normalizes."""


class Guide(SkeletonEncoder):
    """A skeleton network that also scores the joints; it steers the attention AT-2.

    A subclass takes its configuration, sets `outputs` and gives `features_and_score`. What it
    reads of a batch is said by `inputs` of its configuration.
    """

    def features_and_score(
        self, batch: Batch
    ) -> tuple[Float[Tensor, "b d"], Float[Tensor, "b bodies joints"]]:
        """Features, and how informative each joint is in [0, 1], from one pass."""
        raise NotImplementedError

    def features(self, batch: Batch) -> Float[Tensor, "b d"]:
        """The features alone."""
        return self.features_and_score(batch)[0]

    def score(self, batch: Batch) -> Float[Tensor, "b bodies joints"]:
        """The score alone; a subclass may have a shorter way to it."""
        return self.features_and_score(batch)[1]

    def first_layer(self, batch: Batch) -> FirstLayer | None:  # noqa: ARG002
        """Filters over time and the joints' responses; None where a guide has no such layer."""
        return None


class SkeletonNetwork(Network):
    """A skeleton network with a linear head of its own.

    Parameters
    ----------
    config : kept.
    skeleton : made for that configuration.
    """

    def __init__(self, config: NetworkConfig, skeleton: SkeletonEncoder) -> None:
        super().__init__(config)
        self.skeleton = skeleton
        self.head = nn.Linear(skeleton.outputs, config.classes)
        self.head.apply(initialize_glorot)

    def features(self, batch: Batch) -> Float[Tensor, "b d"]:
        """The skeleton network's features."""
        return self.skeleton.features(batch)

    def fit_normalization(self, sequences: Iterable[Joints3D | Tensor]) -> None:
        """Set the normalization of the skeleton network."""
        self.skeleton.fit_normalization(sequences)


class GuideNetwork(SkeletonNetwork):
    """A guide trained by itself, before or instead of steering anything."""

    has_score = True
    skeleton: Guide

    def score(self, batch: Batch) -> Float[Tensor, "b bodies joints"]:
        """The guide's score of each joint."""
        return self.skeleton.score(batch)

    def first_layer(self, batch: Batch) -> FirstLayer | None:
        """The guide's, if it has one."""
        return self.skeleton.first_layer(batch)
