"""A flow network steered by a guide, and both fused before the classifier."""

from collections.abc import Iterable
from typing import TypeVar

import torch
from jaxtyping import Float
from torch import Tensor, nn

from skelflow.datasets.loading.batch import Batch
from skelflow.models.base import FirstLayer, Network
from skelflow.models.flow.registry import find_trunk
from skelflow.models.fusion.config import FusedConfig
from skelflow.models.fusion.gate import Gate
from skelflow.models.guides.registry import find_guide
from skelflow.types import Joints3D

Own = TypeVar("Own", bound="GuidedNetwork")


class GuidedNetwork(Network):
    """A flow network, a guide, and how the guide's score steers the attention on flow."""

    has_score = True
    config: FusedConfig

    def __init__(self, config: FusedConfig) -> None:
        super().__init__(config)
        self.flow = find_trunk(config.trunk).build(config.flow)
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

    def first_layer(self, batch: Batch) -> FirstLayer | None:
        """The guide's, if it has one."""
        return self.skeleton.first_layer(batch)

    def attention(self, batch: Batch) -> Float[Tensor, "b l side side"] | None:
        """The mask of Eq. 3 or 5; None without attention."""
        score = self.score(batch) if self.config.flow.attention == "at2" else None
        return self.flow.mask(batch, score)

    def fit_normalization(self, sequences: Iterable[Joints3D | Tensor]) -> None:
        """Set the normalization of the guide."""
        self.skeleton.fit_normalization(sequences)

    def flow_features(self, batch: Batch, score: Tensor) -> Float[Tensor, "b d"]:
        """Features of the flow network under the attention that the score steers."""
        steering = score if self.config.differentiable else score.detach()
        features: Tensor = self.flow(batch.flow, self.flow.gains(batch, steering))
        return features


class FlowAt2(GuidedNetwork):
    """A flow network with the attention AT-2, weighted by the score of the guide inside.

    Only the flow features reach the classifier. The guide is frozen unless
    `skeleton_update='joint', differentiable=True`; give it trained weights with `load_part`.

    Notes
    -----
    Source: the paper, section 3.2, Eq. 5.
    """

    def __init__(self, config: FusedConfig) -> None:
        super().__init__(config)
        for name in ("branch_loss", "modality_dropout"):
            config.require(not getattr(config, name), name, "0 where only flow is classified")
        plain = "'concatenation' where only flow is classified"
        config.require(config.fusion == "concatenation", "fusion", plain)
        config.require(
            self.frozen or config.differentiable,
            "skeleton_update",
            "'frozen' for AT-2 alone, or differentiable = True: nothing else would train it",
        )
        self.head = self.flow.make_head(self.flow.outputs, config.classes)
        self.all_weights_in_loss = self.frozen  # the guide's last layers yield no score

    def features(self, batch: Batch) -> Float[Tensor, "b d"]:
        """(b, 4096) with C3D: fc7."""
        return self.flow_features(batch, self.score(batch))


class Fused(GuidedNetwork):
    """A flow network with attention and the guide, their features side by side before the head.

    With `fusion='gated'` a gate weighs them against each other first.

    Notes
    -----
    Source: the paper, section 3.3 and Fig. 2. In training, features and score come from the same
    pass through the guide, so its dropout acts on the score of layers 2..4 too.
    """

    def __init__(self, config: FusedConfig) -> None:
        super().__init__(config)
        outputs = {"flow": self.flow.outputs, "skeleton": self.skeleton.outputs}
        self.head = self.flow.make_head(sum(outputs.values()), config.classes)
        self.branch_loss = config.branch_loss
        if config.branch_loss:
            heads = {name: nn.Linear(count, config.classes) for name, count in outputs.items()}
            self.branch_heads = nn.ModuleDict(heads)
        self.gate = Gate(*outputs.values()) if config.fusion == "gated" else None

    def features(self, batch: Batch) -> Float[Tensor, "b d"]:
        """(b, 4096 + 768) with C3D and Res-TCN-BJCN: fc7 beside the guide's features."""
        return self._together(self._streams(batch))

    def forward(
        self, batch: Batch, *, branches: bool = False
    ) -> Float[Tensor, "b classes"] | Float[Tensor, "3 b classes"]:
        """Class logits; with `branches`, also those of flow and of the skeleton, each by itself."""
        if not branches:
            return super().forward(batch)
        streams = self._streams(batch)
        own = self.head(self._together(streams))
        pairs = zip(self.branch_heads.values(), streams, strict=True)
        return torch.stack((own, *(head(stream) for head, stream in pairs)))

    def start_heads(self, flow: nn.Linear, skeleton: nn.Linear) -> None:
        """Classify by the sum of both branches' own logits, that is by the product of their
        probabilities, and give each branch its own classifier where it has one. A gate that is not
        trained yet changes nothing.
        """
        self.head.weight.copy_(torch.cat((flow.weight, skeleton.weight), dim=1))
        self.head.bias.copy_(flow.bias + skeleton.bias)
        if self.branch_loss:
            self.branch_heads["flow"].load_state_dict(flow.state_dict())
            self.branch_heads["skeleton"].load_state_dict(skeleton.state_dict())

    def _streams(self, batch: Batch) -> tuple[Tensor, Tensor]:
        from_joints, score = self.skeleton.features_and_score(batch)
        return self.flow_features(batch, score), from_joints

    def _together(self, streams: tuple[Tensor, Tensor]) -> Tensor:
        """What the head reads; the gate sees which stream a sample lacks."""
        streams = self._drop(streams)
        return torch.cat(streams if self.gate is None else self.gate(*streams), dim=1)

    def _drop(self, streams: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        """In training, without one of the streams for some samples."""
        half = self.config.modality_dropout / 2
        if not half or not self.training:
            return streams
        from_flow, from_joints = streams
        drawn = torch.rand(len(from_flow), 1, device=from_flow.device)
        return from_flow * (drawn >= half), from_joints * (drawn < 1 - half)
