"""Skeleton networks: Res-TCN over time, Res-BJCN over joints, and both side by side."""

from collections.abc import Sequence
from itertools import pairwise
from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from skelflow.datasets.loading.batch import Batch
from skelflow.models.base import Network, scaled
from skelflow.models.config import TcnBjcnConfig, TcnConfig
from skelflow.models.guides.normalize import Normalizer, present_bodies
from skelflow.models.guides.score import informativeness_score

JointsM = Float[Tensor, "b frames bodies joints 3"]
STAGES = (64, 128, 256)  # filters of Res-TCN; three units each, the first one halves time
KERNEL = 8
SCORE_LAYERS = 4  # BJCN-1..4 keep one row for each joint coordinate


class SameConv1d(nn.Conv1d):
    """Convolution whose output has ceil(length / stride) entries, padded as TensorFlow does.

    An even kernel gets its odd padding on the right: 3 left and 4 right for 8 at stride 1.
    """

    def forward(self, x: Float[Tensor, "b channels length"]) -> Float[Tensor, "b filters out"]:
        """Convolve the padded sequence."""
        kernel, stride = self.kernel_size[0], self.stride[0]
        outputs = -(-x.shape[-1] // stride)
        total = max((outputs - 1) * stride + kernel - x.shape[-1], 0)
        return super().forward(functional.pad(x, (total // 2, total - total // 2)))


class ResidualUnit(nn.Module):
    """`x + conv(dropout(relu(bn(x))))`; a 1-wide convolution on `x` where the shape changes."""

    def __init__(
        self, inputs: int, outputs: int, *, kernel: int, stride: int, dropout: float
    ) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(inputs)
        self.dropout = nn.Dropout(dropout)
        self.conv = SameConv1d(inputs, outputs, kernel, stride=stride)
        same = inputs == outputs and stride == 1
        self.shortcut = nn.Identity() if same else SameConv1d(inputs, outputs, 1, stride=stride)

    def activate(self, x: Float[Tensor, "b c n"]) -> Float[Tensor, "b c n"]:
        """BN and ReLU: the activations of the layer that made `x`."""
        return functional.relu(self.norm(x))

    def add(self, x: Float[Tensor, "b c n"], active: Float[Tensor, "b c n"]) -> Tensor:
        """The residual sum of Eq. 1."""
        total: Tensor = self.shortcut(x) + self.conv(self.dropout(active))
        return total


class ResidualBranch(nn.Module):
    """Ten convolutions with residual connections, then BN, ReLU and the mean over positions.

    Parameters
    ----------
    inputs : channels that come in.
    stages : filters of the three stages; the second and third start with stride 2.
    kernel, dropout : of every convolution, after every activation.

    Notes
    -----
    Source: Soo Kim & Reiter (2017), and the paper's Eq. 1 and Fig. 1.
    """

    def __init__(self, inputs: int, *, stages: Sequence[int], kernel: int, dropout: float) -> None:
        super().__init__()
        self.entry = SameConv1d(inputs, stages[0], kernel)
        widths = [stages[0], *(stage for stage in stages for _ in range(3))]
        self.units = nn.ModuleList(
            ResidualUnit(a, b, kernel=kernel, stride=2 if i in (3, 6) else 1, dropout=dropout)
            for i, (a, b) in enumerate(pairwise(widths))
        )
        self.norm = nn.BatchNorm1d(widths[-1])
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Float[Tensor, "b c n"]) -> tuple[Tensor, list[Tensor]]:
        """Pooled features (b, filters), and the activations of the four bottom layers."""
        x = self.entry(x)
        activations = []
        for unit in cast(Sequence[ResidualUnit], self.units):
            activations.append(unit.activate(x))
            x = unit.add(x, activations[-1])
        pooled = self.dropout(functional.relu(self.norm(x))).mean(dim=-1)
        return pooled, activations[:SCORE_LAYERS]


def initialize_glorot(module: nn.Module) -> None:
    """Glorot uniform weights, zero biases; for `Module.apply`."""
    if isinstance(module, nn.Conv1d | nn.Linear):
        nn.init.xavier_uniform_(module.weight)
        if module.bias is not None:
            nn.init.zeros_(module.bias)


class TcnTrunk(nn.Module):
    """Res-TCN without its head: meters to (b, 256) features."""

    def __init__(self, config: TcnConfig) -> None:
        super().__init__()
        stages = [scaled(filters, config.width) for filters in STAGES]
        rows = 3 * config.joints * config.bodies
        self.normalizer = Normalizer(config)
        self.tcn = ResidualBranch(rows, stages=stages, kernel=KERNEL, dropout=config.dropout)
        self.outputs = stages[-1]
        self.apply(initialize_glorot)

    def forward(self, joints_m: JointsM) -> Float[Tensor, "b d"]:
        """Features of whole sequences, the mean over time."""
        pooled: Tensor = self.tcn(self.normalizer(joints_m))[0]
        return pooled


class TcnBjcnTrunk(TcnTrunk):
    """Res-TCN-BJCN without its head: meters to FC-768 and the score of each joint."""

    def __init__(self, config: TcnBjcnConfig) -> None:
        super().__init__(config)
        self.config = config
        stages = [2 * scaled(filters, config.width) for filters in STAGES]
        times = config.frames // config.time_factor
        self.bjcn = ResidualBranch(times, stages=stages, kernel=1, dropout=config.dropout)
        self.fc_tcn = nn.Linear(self.outputs, self.outputs)
        self.fc_bjcn = nn.Linear(stages[-1], stages[-1])
        self.dropout = nn.Dropout(config.dropout)
        self.outputs += stages[-1]
        self.apply(initialize_glorot)

    def forward(self, joints_m: JointsM) -> Float[Tensor, "b d"]:
        """FC-768: what both branches say, side by side."""
        return self.features_and_score(joints_m)[0]

    def features_and_score(self, joints_m: JointsM) -> tuple[Tensor, Tensor]:
        """FC-768 and the score of Eq. 2 from one pass."""
        rows = self.normalizer(joints_m)
        over_time, (over_joints, activations) = self.tcn(rows)[0], self._bjcn(rows)
        parts = functional.relu(self.fc_tcn(over_time)), self._activate(self.fc_bjcn(over_joints))
        return self.dropout(torch.cat(parts, dim=1)), self._score(activations, joints_m)

    def score(self, joints_m: JointsM) -> Float[Tensor, "b bodies joints"]:
        """The informativeness score alone, without the pass through Res-TCN."""
        return self._score(self._bjcn(self.normalizer(joints_m))[1], joints_m)

    def _bjcn(self, rows: Tensor) -> tuple[Tensor, list[Tensor]]:
        groups = rows.reshape(*rows.shape[:2], -1, self.config.time_factor)
        slower = groups.mean(dim=3) if self.config.downsample == "mean" else groups[..., 0]
        pooled, activations = self.bjcn(slower.transpose(1, 2))
        return pooled, activations

    def _activate(self, x: Tensor) -> Tensor:
        if self.config.fc_activation == "relu":
            return functional.relu(x)
        scale = x.shape[1] if self.config.fc_activation == "softmax_scaled" else 1
        return scale * functional.softmax(x, dim=1)

    def _score(self, activations: list[Tensor], joints_m: Tensor) -> Tensor:
        return informativeness_score(
            activations,
            present_bodies(joints_m),
            layer=self.config.score_layer,
            scale=self.config.score_scale,
        )


class ResTcn(Network):
    """Res-TCN: a residual temporal convolutional network over joint coordinates.

    Notes
    -----
    Source: Soo Kim & Reiter (2017); 1,874,492 parameters with the paper's sizes and 60 classes.
    """

    needs_skeleton = True

    def __init__(self, config: TcnConfig) -> None:
        super().__init__(config)
        self.skeleton = TcnTrunk(config)
        self.head = nn.Linear(self.skeleton.outputs, config.classes)
        self.head.apply(initialize_glorot)

    def features(self, batch: Batch) -> Float[Tensor, "b d"]:
        """(b, 256): the mean over time."""
        features: Tensor = self.skeleton(batch.joints_m)
        return features


class ResTcnBjcn(Network):
    """Res-TCN-BJCN: Res-TCN beside a branch that convolves over joints and yields their score.

    Notes
    -----
    Source: the paper, section 3.1 and Fig. 1; 3,282,748 parameters with its sizes and 60 classes.
    """

    needs_skeleton = True

    def __init__(self, config: TcnBjcnConfig) -> None:
        super().__init__(config)
        self.skeleton = TcnBjcnTrunk(config)
        self.head = nn.Linear(self.skeleton.outputs, config.classes)
        self.head.apply(initialize_glorot)

    def features(self, batch: Batch) -> Float[Tensor, "b d"]:
        """(b, 768): FC-768."""
        features: Tensor = self.skeleton(batch.joints_m)
        return features

    def score(self, batch: Batch) -> Float[Tensor, "b bodies joints"]:
        """The informativeness score of Eq. 2."""
        return self.skeleton.score(batch.joints_m)
