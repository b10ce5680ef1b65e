"""Flow and skeleton together: C3D steered by Res-TCN-BJCN, and both fused before the classifier."""

from typing import TypeVar

import torch
from jaxtyping import Float
from torch import Tensor

from skelflow.datasets.loading.batch import Batch
from skelflow.models.attention.masks import attention_gains
from skelflow.models.base import Network
from skelflow.models.config import FusedConfig
from skelflow.models.flow.c3d import C3dTrunk, make_head
from skelflow.models.guides.res_tcn import TcnBjcnTrunk

_Model = TypeVar("_Model", bound="_Steered")


class _Steered(Network):
    """A C3D trunk, a Res-TCN-BJCN trunk and the way the score takes from one to the other."""

    needs_flow = True
    needs_skeleton = True

    def __init__(self, config: FusedConfig) -> None:
        super().__init__(config)
        self.fused_config = config
        self.flow = C3dTrunk(config)
        self.skeleton = TcnBjcnTrunk(config.skeleton)
        self.frozen = config.skeleton_update == "frozen"
        self.skeleton.requires_grad_(not self.frozen)
        self.train()

    def train(self: _Model, mode: bool = True) -> _Model:
        """Set the mode; a frozen skeleton network stays in evaluation mode."""
        super().train(mode)
        if self.frozen:
            self.skeleton.eval()
        return self

    def score(self, batch: Batch) -> Float[Tensor, "b bodies joints"]:
        """The informativeness score of Eq. 2 that steers the attention."""
        return self.skeleton.score(batch.joints_m)

    def _flow_features(self, batch: Batch, score: Tensor | None) -> Tensor:
        gains = None
        if self.fused_config.attention != "none":
            crop, rounding = self.fused_config.crop, self.fused_config.radius
            gains = attention_gains(batch.joints_px, score, crop=crop, rounding=rounding)
        features: Tensor = self.flow(batch.flow, gains)
        return features

    def _steering(self, score: Tensor) -> Tensor | None:
        if self.fused_config.attention != "at2":
            return None
        return score if self.fused_config.differentiable else score.detach()


class C3dAt2(_Steered):
    """C3D with the attention AT-2, weighted by the score of the Res-TCN-BJCN inside.

    Only the flow features reach the classifier. The skeleton network is frozen unless
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
        self.head = make_head(self.flow.outputs, config.classes, config)
        self.trains_whole = self.frozen  # else the skeleton network's last layers learn nothing

    def features(self, batch: Batch) -> Float[Tensor, "b d"]:
        """(b, 4096): fc7."""
        return self._flow_features(batch, self._steering(self.score(batch)))


class Fused(_Steered):
    """C3D with attention and Res-TCN-BJCN, their last features side by side before the classifier.

    Notes
    -----
    Source: the paper, section 3.3 and Fig. 2. In training, features and score come from the same
    pass through the skeleton network, so its dropout acts on the score of layers 2..4 too.
    """

    def __init__(self, config: FusedConfig) -> None:
        super().__init__(config)
        self.head = make_head(self.flow.outputs + self.skeleton.outputs, config.classes, config)

    def features(self, batch: Batch) -> Float[Tensor, "b d"]:
        """(b, 4864): fc7 beside FC-768."""
        from_joints, score = self.skeleton.features_and_score(batch.joints_m)
        from_flow = self._flow_features(batch, self._steering(score))
        return torch.cat((from_flow, from_joints), dim=1)
