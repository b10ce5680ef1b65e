"""C3D steered by a guide, and both fused before the classifier."""

from collections.abc import Iterable
from typing import ClassVar, TypeVar

import torch
from jaxtyping import Float
from torch import Tensor

from skelflow.datasets.loading.batch import Batch
from skelflow.models.base import Network
from skelflow.models.flow.c3d import C3dTrunk, clip_attention, clip_gains, make_head
from skelflow.models.fusion.config import FusedConfig
from skelflow.models.guides.registry import find_guide
from skelflow.types import Joints3D

Own = TypeVar("Own", bound="GuidedNetwork")


class GuidedNetwork(Network):
    """A C3D, a guide, and how the guide's score steers the attention in C3D."""

    has_score: ClassVar[bool] = True
    config: FusedConfig

    def __init__(self, config: FusedConfig) -> None:
        super().__init__(config)
        self.flow = C3dTrunk(config.flow)
        self.skeleton = find_guide(config.guide).build(config.skeleton)
        self.frozen = config.skeleton_update == "frozen"
        self.skeleton.requires_grad_(not self.frozen)
        self.train()

    def train(self: Own, mode: bool = True) -> Own:
        """Set the mode; a frozen guide stays in evaluation mode."""
        super().train(mode)
        if self.frozen:
            self.skeleton.eval()
        return self

    def score(self, batch: Batch) -> Float[Tensor, "b bodies joints"]:
        """The guide's informativeness score (Eq. 2), which steers the attention."""
        return self.skeleton.score(batch)

    def attention(self, batch: Batch) -> Float[Tensor, "b l side side"] | None:
        """The mask of Eq. 3 or 5; None without attention."""
        score = self.score(batch) if self.config.flow.attention == "at2" else None
        return clip_attention(self.config.flow, batch, score)

    def fit_normalization(self, sequences: Iterable[Joints3D | Tensor]) -> None:
        """Set the normalization of the guide."""
        self.skeleton.fit_normalization(sequences)

    def flow_features(self, batch: Batch, score: Tensor) -> Float[Tensor, "b d"]:
        """fc7 of C3D under the attention that the score steers."""
        config = self.config.flow
        steering = score if self.config.differentiable else score.detach()
        gains = clip_gains(config, batch, steering if config.attention == "at2" else None)
        features: Tensor = self.flow(batch.flow, gains)
        return features


class C3dAt2(GuidedNetwork):
    """C3D with the attention AT-2, weighted by the score of the guide inside.

    Only the flow features reach the classifier. The guide is frozen unless
    `skeleton_update='joint', differentiable=True`; give it trained weights with `load_part`.

    Notes
    -----
    Source: the paper, section 3.2, Eq. 5.
    """

    def __init__(self, config: FusedConfig) -> None:
        super().__init__(config)
        config.require(
            self.frozen or config.differentiable,
            "skeleton_update",
            "'frozen' for c3d_at2, or differentiable = True: nothing else would train it",
        )
        self.head = make_head(self.flow.outputs, config.classes, config.flow)
        self.all_weights_in_loss = self.frozen  # the guide's last layers yield no score

    def features(self, batch: Batch) -> Float[Tensor, "b d"]:
        """(b, 4096): fc7."""
        return self.flow_features(batch, self.score(batch))


class Fused(GuidedNetwork):
    """C3D with attention and the guide, their last features side by side before the classifier.

    Notes
    -----
    Source: the paper, section 3.3 and Fig. 2. In training, features and score come from the same
    pass through the guide, so its dropout acts on the score of layers 2..4 too.
    """

    def __init__(self, config: FusedConfig) -> None:
        super().__init__(config)
        outputs = self.flow.outputs + self.skeleton.outputs
        self.head = make_head(outputs, config.classes, config.flow)

    def features(self, batch: Batch) -> Float[Tensor, "b d"]:
        """(b, 4096 + the guide's 768): fc7 beside the guide's features."""
        from_joints, score = self.skeleton.features_and_score(batch)
        from_flow = self.flow_features(batch, score)
        return torch.cat((from_flow, from_joints), dim=1)
