"""A graph convolutional network of the skeleton, and the score that its bottom blocks yield."""

from itertools import pairwise
from typing import Annotated, Any, ClassVar, Literal

import torch
from jaxtyping import Bool, Float
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from skelflow.datasets.loading.batch import Batch
from skelflow.models.attention.scale import Scale, scale_to_unit
from skelflow.models.config import Dropout, SkeletonConfig
from skelflow.models.guides.gcn_blocks import GROUPS, KERNEL, GcnBlock
from skelflow.models.guides.gcn_channels import CHANNELS, Bones, JointChannels
from skelflow.models.guides.guide import Guide
from skelflow.models.guides.normalize import check_size, present_bodies
from skelflow.models.guides.score import Layer
from skelflow.settings import Positive
from skelflow.skeleton.layouts import layouts

FACTORS = (1, 1, 2, 2, 4, 4)  # channels of the six blocks, in those of the first
SCORE_BLOCKS = 4  # the bottom blocks, as Res-BJCN scores by its four bottom layers
Bone = Annotated[tuple[int, int], Field(strict=False)]


class GcnConfig(SkeletonConfig):
    """Settings of the graph convolutional network.

    Parameters
    ----------
    width : multiplier of all layer widths, 1 = 32 channels in the first block; they are rounded
        to a multiple of 8.
    dropout : probability, of the features.
    joints, bodies, frames : size of the input.
    entry_stride : 2 lets the first convolution halve time, 1 keeps every frame at twice the cost.
    root : index of the joint the body hangs on.
    bones : pairs of joint indices, from which the graph is learned; None = those of the first
        known layout of so many joints, or none where there is no such layout.
    score_layer : the block, from the bottom, whose responses make the score, or their 'sum'.
    score_scale : 'min_max' maps the responses to [0, 1]; 'max' divides them by the largest.
    """

    free: ClassVar[frozenset[str]] = SkeletonConfig.free | {"score_layer", "score_scale"}

    width: Positive = 1.0
    dropout: Dropout = 0.2
    entry_stride: Literal[1, 2] = 2
    root: int = 0
    bones: Annotated[tuple[Bone, ...], Field(strict=False)] | None = None
    score_layer: Layer = "sum"
    score_scale: Scale = "min_max"

    def check(self) -> None:
        """The root and the ends of bones are joints."""
        expected = f"a joint index below {self.joints}"
        self.require(0 <= self.root < self.joints, "root", expected)
        ends = {end for bone in self.bones or () for end in bone}
        inside = all(0 <= end < self.joints for end in ends)
        self.require(inside, "bones", f"pairs of joint indices below {self.joints}")

    @property
    def skeleton_bones(self) -> Bones:
        """The bones that are given, or those of a known layout."""
        if self.bones is not None:
            return self.bones
        return next((each.bones for each in layouts().values() if len(each) == self.joints), ())

    def decisive(self) -> dict[str, Any]:
        """See `NetworkConfig.decisive`; the bones are those that are known."""
        return super().decisive() | {"bones": self.skeleton_bones}

    @property
    def channels(self) -> int:
        """Of the first block."""
        return GROUPS * max(1, round(32 / GROUPS * self.width))


class GcnTrunk(Guide):
    """The graph convolutional network without its head: meters to features and joints' score.

    Twelve channels of each joint (`JointChannels`), a temporal convolution that may halve time,
    a learned code of each joint, then six blocks of graph and temporal convolution. Bodies share
    all weights; the features are mean and maximum over the bodies that are there, (b, 256) at
    width 1. An absent body changes nothing, except batch statistics while training.

    Notes
    -----
    191,051 parameters for 20 joints, with a head of 27 classes.
    """

    no_weight_decay: ClassVar[tuple[str, ...]] = ("joint_code",)

    def __init__(self, config: GcnConfig) -> None:
        super().__init__()
        self.config = config
        bones, joints = config.skeleton_bones, config.joints
        graph = bone_graph(bones, joints=joints)
        widths = [config.channels, *(factor * config.channels for factor in FACTORS)]
        self.channels = JointChannels(bones, joints=joints, root=config.root)
        self.entry = nn.Conv2d(
            CHANNELS,
            widths[0],
            (KERNEL, 1),
            stride=(config.entry_stride, 1),
            padding=(KERNEL // 2, 0),
        )
        self.joint_code = nn.Parameter(torch.empty(widths[0], 1, joints).normal_(std=0.1))
        self.blocks = nn.ModuleList(GcnBlock(a, b, graph) for a, b in pairwise(widths))
        self.dropout = nn.Dropout(config.dropout)
        self.outputs = 2 * widths[-1]

    def features_and_score(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """(b, 256) features, and the score of Eq. 2 by the activations of the bottom blocks."""
        bottom = self._bottom(batch.joints_m)
        x = bottom[-1]
        for block in list(self.blocks)[SCORE_BLOCKS:]:
            x = block(x)
        present = present_bodies(batch.joints_m)
        pooled = pool_bodies(x.mean(dim=(2, 3)).reshape(*present.shape, -1), present)
        return self.dropout(pooled), self._score(bottom, present)

    def score(self, batch: Batch) -> Float[Tensor, "b bodies joints"]:
        """The score alone, without the pass through the blocks above."""
        return self._score(self._bottom(batch.joints_m), present_bodies(batch.joints_m))

    def _bottom(self, joints_m: Tensor) -> list[Tensor]:
        """Activations of the blocks that make the score."""
        check_size(joints_m, self.config.sequence)
        x = functional.relu(self.entry(self.channels(joints_m)) + self.joint_code)
        activations = []
        for block in list(self.blocks)[:SCORE_BLOCKS]:
            x = block(x)
            activations.append(x)
        return activations

    def _score(self, bottom: list[Tensor], present: Tensor) -> Tensor:
        layer = self.config.score_layer
        chosen = bottom if layer == "sum" else bottom[layer - 1 : layer]
        response = torch.stack([maps.sum(dim=(1, 2)) for maps in chosen]).sum(dim=0)
        return scale_to_unit(
            response.reshape(*present.shape, -1), present, scale=self.config.score_scale
        )


def bone_graph(bones: Bones, *, joints: int) -> Float[Tensor, "joints joints"]:
    """Each joint with itself and its neighbors; columns sum to 1."""
    near = [{joint} for joint in range(joints)]
    for a, b in bones:
        near[a].add(b)
        near[b].add(a)
    graph = torch.zeros(joints, joints)
    for column, rows in enumerate(near):
        for row in rows:
            graph[row, column] = 1.0 / len(rows)
    return graph


def pool_bodies(
    features: Float[Tensor, "b bodies c"], present: Bool[Tensor, "b bodies"]
) -> Float[Tensor, "b two_c"]:
    """Mean and maximum of non-negative features over the bodies present; 0 where nobody is."""
    kept = features.masked_fill(~present[:, :, None], 0.0)
    mean = kept.sum(dim=1) / present.sum(dim=1, keepdim=True).clamp(min=1)
    return torch.cat([mean, kept.amax(dim=1)], dim=1)
