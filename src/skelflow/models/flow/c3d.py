"""C3D on colored scene flow, with the attention between its convolutions."""

from collections.abc import Sequence
from contextlib import nullcontext
from itertools import pairwise
from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from skelflow.models.attention.gated_max_pool import gated_max_pool, rms_preserving_gain
from skelflow.models.attention.masks import Level, attend
from skelflow.models.base import scaled
from skelflow.models.config import ClipSize
from skelflow.models.flow.config import ClipConfig
from skelflow.models.flow.trunk import FlowNetwork, FlowTrunk, channels_last

# Each level: its convolutions and their filters; a pool follows each level.
LEVELS = (
    {"conv1a": 64},
    {"conv2a": 128},
    {"conv3a": 256, "conv3b": 256},
    {"conv4a": 512, "conv4b": 512},
    {"conv5a": 512, "conv5b": 512},
)
CONVOLUTIONS = tuple(name for level in LEVELS for name in level)
DENSE = 4096


def pooled_size(clip: ClipSize) -> tuple[int, int, int]:
    """(l, h, w) after the last pool, (1, 4, 4) for the paper's clips."""
    length, side = clip.length // 8, clip.side // 16
    return -(-length // 2), -(-side // 2), -(-side // 2)


def c3d_levels(crop: int) -> tuple[Level, ...]:
    """The resolutions of C3D: each pool halves h and w, all but the first one halve l."""
    return tuple(Level(crop >> n, 1 << n, max(0, n - 1)) for n in range(len(LEVELS)))


class C3dTrunk(FlowTrunk):
    """C3D without its head: clips to fc7 (4096).

    Parameters
    ----------
    config : ClipConfig.

    Notes
    -----
    Source: Tran et al. (2015); the attention after each ReLU is the paper's section 3.2. The last
    pool is of ceil mode, as in the original. Weights are kept in the channels-last memory format.
    """

    config: ClipConfig
    layers = CONVOLUTIONS

    def __init__(self, config: ClipConfig) -> None:
        super().__init__(config)
        filters = [count for level in LEVELS for count in level.values()]
        widths = [3, *(scaled(count, config.width) for count in filters)]
        for name, (inputs, outputs) in zip(CONVOLUTIONS, pairwise(widths), strict=True):
            self.add_module(name, nn.Conv3d(inputs, outputs, 3, padding=1))
        normalized = zip(CONVOLUTIONS, widths[1:], strict=True) if config.batch_norm else ()
        self.norms = nn.ModuleDict({name: nn.BatchNorm3d(width) for name, width in normalized})
        self.outputs = widths[-1] if config.global_pool else scaled(DENSE, config.width)
        if not config.global_pool:
            length, height, width = pooled_size(config.clip)
            self.fc6 = nn.Linear(widths[-1] * length * height * width, self.outputs)
            self.fc7 = nn.Linear(self.outputs, self.outputs)
        self.dropout = nn.Dropout(config.dropout)
        initialize(self, config)
        self.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
        self.freeze()

    @property
    def levels(self) -> tuple[Level, ...]:
        """See `c3d_levels`."""
        return c3d_levels(self.config.crop)

    def parts(self, layer: str) -> list[nn.Module]:
        """A convolution and its normalization."""
        norm = [self.norms[layer]] if self.config.batch_norm else []
        return [self.get_submodule(layer), *norm]

    def make_head(self, inputs: int, classes: int) -> nn.Linear:
        """The classifier, its biases 0."""
        head = nn.Linear(inputs, classes)
        initialize(head, self.config)
        nn.init.zeros_(head.bias)
        return head

    def forward(
        self,
        flow: Float[Tensor, "b 3 l h w"],
        gains: Sequence[Float[Tensor, "b 1 _ _ _"]] | None = None,
    ) -> Float[Tensor, "b d"]:
        """Features fc7 of clips in [-1, 1]; `gains` are 1 + M at the five levels."""
        self.check_clips(flow)
        x = channels_last(flow)
        for number, level in enumerate(LEVELS):
            *inner, last = level
            gain = gains[number] if gains is not None else None
            for name in inner:
                y, own = self._convolve(name, x, gain)
                # relu(y) * gain = relu(y * gain), for gain > 0; in this order one copy less is kept
                x = functional.relu_(y if own is None else attend(y, own))
            y, own = self._convolve(last, x, gain)
            kernel = (1 if number == 0 else 2, 2, 2)
            x = gated_max_pool(
                y, own, kernel=kernel, ceil_mode=number == len(LEVELS) - 1, fused=self.training
            )
        if self.config.global_pool:
            return cast(Tensor, self.dropout(x.mean(dim=(2, 3, 4))))
        x = self.dropout(functional.relu(self.fc6(x.flatten(1))))
        features: Tensor = self.dropout(functional.relu(self.fc7(x)))
        return features

    def _convolve(self, name: str, x: Tensor, gain: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """A convolution's output before its ReLU, and the gain of its attention."""
        # oneDNN 3.12 gives wrong bf16 gradients of the weights for two frames: these in 32 bit
        half = x.device.type == "cpu" and torch.is_autocast_enabled("cpu")
        exact = half and x.shape[2] < 3
        with torch.autocast("cpu", enabled=False) if exact else nullcontext():
            y = cast(Tensor, self.get_submodule(name)(x.float() if exact else x))
        if self.config.batch_norm:
            y = self.norms[name](y)
        if gain is not None and self.config.preserve_rms:
            gain = rms_preserving_gain(y, gain)
        return y, gain


def initialize(module: nn.Module, config: ClipConfig) -> None:
    """Draw weights as the original C3D did, or as He et al. (2015) for training from scratch.

    'original': Gaussian of 0.01 (convolutions) and 0.005 (dense); biases 1, those of conv1a 0.
    'he': Gaussian of sqrt(2 / inputs), biases 0.
    """
    for name, layer in module.named_modules():
        if not isinstance(layer, nn.Conv3d | nn.Linear):
            continue
        if config.initialization == "he":
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        else:
            nn.init.normal_(layer.weight, std=0.01 if isinstance(layer, nn.Conv3d) else 0.005)
        ones = config.initialization == "original" and name != "conv1a"
        nn.init.constant_(cast(Tensor, layer.bias), 1.0 if ones else 0.0)


class C3d(FlowNetwork):
    """C3D on flow alone, or with the unweighted attention AT-1.

    Notes
    -----
    Source: Tran et al. (2015) and the paper, section 3.2; 78,241,596 parameters and 38.5 GMAC a
    clip with the paper's sizes and 60 classes.
    """

    def __init__(self, config: ClipConfig) -> None:
        super().__init__(config, C3dTrunk(config))
