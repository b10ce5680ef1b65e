"""I3D on colored scene flow, up to any of its blocks, with the attention after each of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn

from skelflow.models.attention.gated_max_pool import rms_preserving_gain
from skelflow.models.attention.masks import Level, attend
from skelflow.models.base import scaled
from skelflow.models.flow.config import I3dConfig
from skelflow.models.flow.inception import ConvolutionUnit, MixedBlock, SamePool, Size
from skelflow.models.flow.memory import FeatureMemory
from skelflow.models.flow.trunk import FlowNetwork, FlowTrunk, channels_last


@dataclass(frozen=True)
class Block:
    """A block of I3D: how far it moves in frames, rows and columns, and how it is made."""

    steps: Size = (1, 1, 1)

    def make(
        self, inputs: int, size: Size, width: float
    ) -> ConvolutionUnit | SamePool | MixedBlock:
        """The block for inputs of a size, its width multiplied."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class Convolution(Block):
    """One convolution."""

    filters: int
    kernel: int

    def make(self, inputs: int, size: Size, width: float) -> ConvolutionUnit:  # noqa: D102
        filters, stride = scaled(self.filters, width), self.steps[0]
        return ConvolutionUnit(inputs, filters, self.kernel, size=size, stride=stride)


@dataclass(frozen=True, kw_only=True)
class Pool(Block):
    """Maxima of windows."""

    kernel: Size

    def make(self, inputs: int, size: Size, width: float) -> SamePool:  # noqa: ARG002, D102
        return SamePool(inputs, self.kernel, self.steps, size=size)


@dataclass(frozen=True, kw_only=True)
class Mixed(Block):
    """An Inception module, by the filters of its six convolutions."""

    filters: tuple[int, ...]

    def make(self, inputs: int, size: Size, width: float) -> MixedBlock:  # noqa: D102
        return MixedBlock(inputs, [scaled(count, width) for count in self.filters], size=size)


BLOCKS: dict[str, Block] = {
    "Conv3d_1a_7x7": Convolution((2, 2, 2), filters=64, kernel=7),
    "MaxPool3d_2a_3x3": Pool((1, 2, 2), kernel=(1, 3, 3)),
    "Conv3d_2b_1x1": Convolution(filters=64, kernel=1),
    "Conv3d_2c_3x3": Convolution(filters=192, kernel=3),
    "MaxPool3d_3a_3x3": Pool((1, 2, 2), kernel=(1, 3, 3)),
    "Mixed_3b": Mixed(filters=(64, 96, 128, 16, 32, 32)),
    "Mixed_3c": Mixed(filters=(128, 128, 192, 32, 96, 64)),
    "MaxPool3d_4a_3x3": Pool((2, 2, 2), kernel=(3, 3, 3)),
    "Mixed_4b": Mixed(filters=(192, 96, 208, 16, 48, 64)),
    "Mixed_4c": Mixed(filters=(160, 112, 224, 24, 64, 64)),
    "Mixed_4d": Mixed(filters=(128, 128, 256, 24, 64, 64)),
    "Mixed_4e": Mixed(filters=(112, 144, 288, 32, 64, 64)),
    "Mixed_4f": Mixed(filters=(256, 160, 320, 32, 128, 128)),
    "MaxPool3d_5a_2x2": Pool((2, 2, 2), kernel=(2, 2, 2)),
    "Mixed_5b": Mixed(filters=(256, 160, 320, 32, 128, 128)),
    "Mixed_5c": Mixed(filters=(384, 192, 384, 48, 128, 128)),
}
END_POINTS = tuple(name for name in BLOCKS if not name.startswith("MaxPool"))


class I3dTrunk(FlowTrunk):
    """I3D up to one of its blocks: clips to the mean of its last features over all cells.

    Parameters
    ----------
    config : I3dConfig.

    Notes
    -----
    Source: Carreira and Zisserman (2017), and the code published with it (kinetics-i3d), whose
    padding, epsilon and names these are. Attention acts after each convolution block, that is
    after its ReLU, as in C3D. Flow's three channels are read as red, green and blue.
    """

    keeps_odd: ClassVar[bool] = True
    config: I3dConfig

    def __init__(self, config: I3dConfig) -> None:
        super().__init__(config)
        self._names = tuple(BLOCKS)[: list(BLOCKS).index(config.end_point) + 1]
        self.layers = tuple(name for name in self._names if name in END_POINTS)
        self._levels: dict[str, Level] = {}
        size: Size = (config.clip_length, config.crop, config.crop)
        channels, stride, halvings = 3, 1, 0
        for name in self._names:
            block = BLOCKS[name]
            module = block.make(channels, size, config.width)
            self.add_module(name, module)
            channels, steps = module.outputs, block.steps
            size = (-(-size[0] // steps[0]), -(-size[1] // steps[1]), -(-size[2] // steps[2]))
            stride, halvings = stride * steps[1], halvings + steps[0] - 1
            if name in self.layers:
                self._levels[name] = Level(size[1], stride, halvings)
        self.outputs = channels
        self._memory = FeatureMemory() if config.remember_frozen else None
        self.dropout = nn.Dropout(config.dropout)
        self.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
        self.freeze()
        self._first_trained = self._count_frozen()

    @property
    def levels(self) -> tuple[Level, ...]:
        """Each resolution once."""
        return tuple(dict.fromkeys(self._levels.values()))

    def forward(
        self,
        flow: Float[Tensor, "b 3 l h w"],
        gains: Sequence[Float[Tensor, "b 1 _ _ _"]] | None = None,
    ) -> Float[Tensor, "b d"]:
        """Mean features of clips in [-1, 1], of the end point."""
        self.check_clips(flow)
        gains = list(gains or ())
        frozen, trained = self._names[: self._first_trained], self._names[self._first_trained :]
        learned = any(gain.requires_grad for gain in gains)
        if self.training and self._memory is not None and not learned:
            x = self._memory.look_up([flow, *gains], lambda one: self._start(frozen, *one))
        else:
            x = self._start(frozen, flow, *gains)
        x = self._blocks(trained, x, gains)
        features: Tensor = self.dropout(x.mean(dim=(2, 3, 4)))
        return features

    def _count_frozen(self) -> int:
        """How many blocks have nothing to train and none that has before them."""
        trained = (any(True for _ in self._trained(name)) for name in self._names)
        return next((n for n, found in enumerate(trained) if found), len(self._names))

    def _trained(self, name: str) -> Iterator[nn.Parameter]:
        return (w for w in self.get_submodule(name).parameters() if w.requires_grad)

    def _start(self, names: Sequence[str], flow: Tensor, *gains: Tensor) -> Tensor:
        # colors 0..255 as I3D reads them; clips hold (color - 128) / 127
        colors = flow * (127 / 127.5) + 0.5 / 127.5
        return self._blocks(names, channels_last(colors), gains)

    def _blocks(self, names: Sequence[str], x: Tensor, gains: Sequence[Tensor]) -> Tensor:
        """Features after these blocks, each attended to by the gain of its level, if any."""
        at_level = dict(zip(self.levels, gains, strict=True)) if gains else {}
        for name in names:
            gain = at_level.get(self._levels[name]) if name in self._levels else None
            x = self._attend(self.get_submodule(name)(x), gain)
        return x

    def _attend(self, x: Tensor, gain: Tensor | None) -> Tensor:
        if gain is None:
            return x
        return attend(x, rms_preserving_gain(x, gain) if self.config.preserve_rms else gain)


class I3d(FlowNetwork):
    """I3D on flow alone, or with the unweighted attention AT-1.

    Notes
    -----
    Source: Carreira and Zisserman (2017). Up to Mixed_4f the trunk has 7,528,256 parameters, up to
    Mixed_5c 12,287,264.
    """

    def __init__(self, config: I3dConfig) -> None:
        super().__init__(config, I3dTrunk(config))
