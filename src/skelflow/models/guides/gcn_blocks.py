"""Blocks of the graph network: joints exchange features over a graph, then time is convolved."""

from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

Maps = Float[Tensor, "n channels frames joints"]  # n = b x bodies: bodies share all weights
Mixed = Float[Tensor, "n filters frames joints"]
Slower = Float[Tensor, "n filters out_frames joints"]
GROUPS = 8  # of channels, each with a graph of its own
KEYS = 8  # features that attention compares joints by, in each group
KERNEL = 5  # frames of a temporal convolution
DILATIONS = (1, 2)


class Pointwise(nn.Conv1d):
    """A convolution of size 1 over frames and joints, as the matrix product that it is."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs, 1, bias=False)
        nn.init.kaiming_normal_(self.weight, nonlinearity="linear")

    def forward(self, x: Maps) -> Mixed:
        """Mix the channels of each frame and joint."""
        weight = self.weight.squeeze(2).expand(x.shape[0], -1, -1)
        mixed = torch.bmm(weight, x.flatten(2))
        return mixed.reshape(x.shape[0], -1, x.shape[2], x.shape[3])


class GraphConvolution(nn.Module):
    """Joints exchange features over learned graphs, plus attention between the sample's joints.

    Parameters
    ----------
    inputs, outputs : channels; `outputs` is a multiple of `GROUPS`.
    graph : what every group's learned graph starts as.

    Notes
    -----
    Source: Shi et al. (2019), "Two-stream adaptive graph convolutional networks", Eq. 3: a graph
    that is learned freely from the bones, and one that attention makes for each sample.
    """

    no_weight_decay: ClassVar[tuple[str, ...]] = ("graphs", "attention_weight")

    def __init__(self, inputs: int, outputs: int, graph: Float[Tensor, "joints joints"]) -> None:
        super().__init__()
        self.value = Pointwise(inputs, outputs)
        self.compare = nn.Linear(inputs, 2 * GROUPS * KEYS)
        self.graphs = nn.Parameter(graph.repeat(GROUPS, 1, 1))
        self.attention_weight = nn.Parameter(torch.zeros(GROUPS, 1, 1))
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x: Maps) -> Mixed:
        """Mixed features after batch normalization."""
        value = self.value(x)
        grouped = value.unflatten(1, (GROUPS, -1)).flatten(2, 3)
        mixed = grouped @ (self.graphs + self.attention_weight * self._attention(x))
        normed: Tensor = self.norm(mixed.reshape(value.shape))
        return normed

    def _attention(self, x: Maps) -> Float[Tensor, "n groups joints joints"]:
        """From all joints (rows) to each joint (column), by their mean over time."""
        pair = self.compare(x.mean(dim=2).transpose(1, 2)).unflatten(2, (2, GROUPS, KEYS))
        query, key = pair.permute(2, 0, 3, 1, 4).unbind(0)
        return functional.softmax(key @ query.transpose(2, 3) / KEYS**0.5, dim=2)


class TemporalConvolution(nn.Module):
    """Four branches of a quarter of the channels: two dilated convolutions, a maximum, identity.

    Notes
    -----
    Source: the multi-scale temporal convolution of Liu et al. (2020), MS-G3D, with fewer scales.
    """

    def __init__(self, channels: int, *, stride: int) -> None:
        super().__init__()
        quarter, self.stride = channels // 4, stride
        self.enter = nn.Sequential(Pointwise(channels, channels), nn.BatchNorm2d(channels))
        self.convs = nn.ModuleList(
            nn.Conv2d(
                quarter,
                quarter,
                (KERNEL, 1),
                stride=(stride, 1),
                padding=(KERNEL // 2 * dilation, 0),
                dilation=(dilation, 1),
                bias=False,
            )
            for dilation in DILATIONS
        )
        self.peak = nn.MaxPool2d((3, 1), stride=(stride, 1), padding=(1, 0))
        self.norm = nn.BatchNorm2d(channels)

    def forward(self, x: Maps) -> Slower:
        """The branches side by side after batch normalization."""
        near, far, most, same = functional.relu(self.enter(x)).chunk(4, dim=1)
        parts = [self.convs[0](near), self.convs[1](far), self.peak(most)]
        normed: Tensor = self.norm(torch.cat([*parts, same[:, :, :: self.stride]], dim=1))
        return normed


class GcnBlock(nn.Module):
    """Graph, then temporal convolution, each with a residual connection and ReLU.

    Where the channels change, time is halved and a convolution of size 1 makes the shortcut.
    """

    def __init__(self, inputs: int, outputs: int, graph: Float[Tensor, "joints joints"]) -> None:
        super().__init__()
        same = inputs == outputs
        self.stride = 1 if same else 2
        self.graph = GraphConvolution(inputs, outputs, graph)
        self.temporal = TemporalConvolution(outputs, stride=self.stride)
        projection = (Pointwise(inputs, outputs), nn.BatchNorm2d(outputs))
        self.shortcut = nn.Identity() if same else nn.Sequential(*projection)

    def forward(self, x: Maps) -> Slower:
        """Activations after the second ReLU."""
        shortcut = self.shortcut(x)
        x = functional.relu(self.graph(x) + shortcut)
        return functional.relu(self.temporal(x) + shortcut[:, :, :: self.stride])
