"""Skeleton networks: Res-TCN over time, Res-BJCN over joints, and both side by side."""

from collections.abc import Iterable
from typing import Any, ClassVar, Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from skelflow.datasets.loading.batch import Batch
from skelflow.models.attention.scale import Scale
from skelflow.models.base import FirstLayer, scaled
from skelflow.models.config import Dropout, SkeletonConfig
from skelflow.models.guides.guide import Guide, SkeletonEncoder
from skelflow.models.guides.normalize import Normalizer, present_bodies
from skelflow.models.guides.residual import ResidualBranch, initialize_glorot
from skelflow.models.guides.score import Layer, find_score
from skelflow.settings import Count, Positive
from skelflow.types import Joints3D

STAGES = (64, 128, 256)  # filters of Res-TCN, three units each; all but the first halve time
KERNEL = 8


class TcnConfig(SkeletonConfig):
    """Settings of Res-TCN.

    Parameters
    ----------
    width : multiplier of all layer widths, 1 = the paper's.
    dropout : probability, after every activation that the paper drops out.
    joints, bodies, frames : size of the input, 25 x 2 x 300 in the paper.
    center : 'none' (paper) takes camera coordinates as they are; 'root' moves the origin to the
        first body's root joint in its first valid frame.
    root : index of that joint in the data's layout.
    """

    width: Positive = 1.0
    dropout: Dropout = 0.5
    frames: Count = 300
    center: Literal["none", "root"] = "none"
    root: int = 0

    def check(self) -> None:
        """The root is one of the joints."""
        inside = 0 <= self.root < self.joints
        self.require(inside, "root", f"a joint index below {self.joints}")

    def decisive(self) -> dict[str, Any]:
        """See `NetworkConfig.decisive`; the root matters where the origin moves there."""
        unused = set() if self.center == "root" else {"root"}
        return {name: value for name, value in super().decisive().items() if name not in unused}


class TcnBjcnConfig(TcnConfig):
    """Settings of Res-TCN-BJCN.

    Parameters
    ----------
    time_factor : frames that become one before Res-BJCN, 5 in the paper.
    downsample : 'mean' of these frames or 'stride' (the first of them).
    fc_activation : 'softmax' (paper), 'softmax_scaled' (times the number of outputs) or 'relu',
        after the last dense layer of Res-BJCN.
    score : how joints are weighed; "informativeness" is Eq. 2, "shuffled" its control; see
        `register_score`.
    score_layer : the Res-BJCN layer whose responses make the score, or their 'sum'.
    score_scale : 'min_max' maps the responses to [0, 1]; 'max' divides them by the largest.
    """

    free: ClassVar[frozenset[str]] = TcnConfig.free | {"score", "score_layer", "score_scale"}

    time_factor: Count = 5
    downsample: Literal["mean", "stride"] = "mean"
    fc_activation: Literal["softmax", "softmax_scaled", "relu"] = "softmax"
    score: str = "informativeness"
    score_layer: Layer = "sum"
    score_scale: Scale = "min_max"

    def check(self) -> None:
        """Time divides into groups of frames, and the score is known."""
        super().check()
        find_score(self.score)
        expected = f"a multiple of time_factor = {self.time_factor}; pad or cut the sequences"
        self.require(self.frames % self.time_factor == 0, "frames", expected)


class TcnTrunk(SkeletonEncoder):
    """Res-TCN without its head: meters to (b, 256) features, the mean over time.

    Notes
    -----
    Source: Soo Kim & Reiter (2017); 1,874,492 parameters with the paper's sizes and a head of 60
    classes.
    """

    def __init__(self, config: TcnConfig) -> None:
        super().__init__()
        stages = [scaled(filters, config.width) for filters in STAGES]
        rows = 3 * config.joints * config.bodies
        origin = config.root if config.center == "root" else None
        self.normalizer = Normalizer(config.sequence, origin=origin)
        self.tcn = ResidualBranch(rows, stages=stages, kernel=KERNEL, dropout=config.dropout)
        self.outputs = stages[-1]
        self.apply(initialize_glorot)

    def features(self, batch: Batch) -> Float[Tensor, "b d"]:
        """(b, 256): features of whole sequences, the mean over time."""
        pooled: Tensor = self.tcn(self.normalizer(batch.joints_m))[0]
        return pooled

    def fit_normalization(self, sequences: Iterable[Joints3D | Tensor]) -> None:
        """Set the extrema of the coordinates."""
        self.normalizer.fit(sequences)


class TcnBjcnTrunk(Guide, TcnTrunk):
    """Res-TCN-BJCN without its head: meters to FC-768 and the score of each joint.

    Res-TCN beside a branch that convolves over joints and yields their score.

    Notes
    -----
    Source: the paper, section 3.1 and Fig. 1; 3,282,748 parameters with its sizes and a head of
    60 classes.
    """

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

    def features_and_score(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """(b, 768), the last layers of both branches side by side, and the score of Eq. 2."""
        rows = self.normalizer(batch.joints_m)
        over_time, (over_joints, activations) = self.tcn(rows)[0], self._bjcn(rows)
        parts = functional.relu(self.fc_tcn(over_time)), self._activate(self.fc_bjcn(over_joints))
        return self.dropout(torch.cat(parts, dim=1)), self._score(activations, batch.joints_m)

    def score(self, batch: Batch) -> Float[Tensor, "b bodies joints"]:
        """The informativeness score alone, without the pass through Res-TCN."""
        return self._score(self._bjcn(self.normalizer(batch.joints_m))[1], batch.joints_m)

    def first_layer(self, batch: Batch) -> FirstLayer:
        """The filters of BJCN-1, and the responses it gives the joints; the paper's Fig. 3."""
        activations = self._bjcn(self.normalizer(batch.joints_m))[1][0]
        sizes = (self.config.bodies, self.config.joints, 3)
        responses = activations.reshape(*activations.shape[:2], *sizes).sum(dim=-1)
        return FirstLayer(self.bjcn.entry.weight.squeeze(2), responses)

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
        return find_score(self.config.score)(
            activations,
            present_bodies(joints_m),
            layer=self.config.score_layer,
            scale=self.config.score_scale,
        )
