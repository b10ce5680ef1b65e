"""What networks on flow share: clips in, features out, attention at their resolutions."""

from collections.abc import Sequence
from typing import ClassVar, TypeVar

import torch
from jaxtyping import Float
from torch import Tensor, nn

from skelflow.datasets.loading.batch import Batch
from skelflow.errors import DataError
from skelflow.models.attention.masks import Level, attention_masks
from skelflow.models.base import Network
from skelflow.models.flow.config import FlowConfig
from skelflow.settings import SettingsError, nearest_name

Own = TypeVar("Own", bound="FlowTrunk")


def channels_last(clips: Float[Tensor, "b c l h w"]) -> Float[Tensor, "b c l h w"]:
    """In the memory format that convolutions are quickest in; as they are when recorded by
    `torch.export`, since what converts a recording does not know of memory formats.
    """
    if torch.compiler.is_exporting():
        return clips
    return clips.contiguous(memory_format=torch.channels_last_3d)


class FlowTrunk(nn.Module):
    """A network on clips of colored flow, without its head.

    A subclass makes its layers, sets `outputs`, calls `freeze` at the end of its constructor, and
    gives `levels` and `forward`.

    Parameters
    ----------
    config : FlowConfig, kept as `config`.

    Attributes
    ----------
    outputs : width of the features.
    layers : names of the layers that may be frozen, from the clip on.
    keeps_odd : whether halving an odd number of frames rounds up.
    """

    layers: tuple[str, ...] = ()
    keeps_odd: ClassVar[bool] = False
    outputs: int
    config: FlowConfig

    def __init__(self, config: FlowConfig) -> None:
        super().__init__()
        self.config = config

    @property
    def levels(self) -> tuple[Level, ...]:
        """The resolutions at which features are attended to."""
        raise NotImplementedError

    def forward(
        self,
        flow: Float[Tensor, "b 3 l h w"],
        gains: Sequence[Float[Tensor, "b 1 _ _ _"]] | None = None,
    ) -> Float[Tensor, "b d"]:
        """Features of clips in [-1, 1]; `gains` are 1 + M at the levels."""
        raise NotImplementedError

    def parts(self, layer: str) -> list[nn.Module]:
        """The modules that make up a layer."""
        return [self.get_submodule(layer)]

    def make_head(self, inputs: int, classes: int) -> nn.Linear:
        """A classifier to be trained with this network."""
        return nn.Linear(inputs, classes)

    def freeze(self) -> None:
        """Keep the weights of the layers up to `config.frozen_through`."""
        last = self.config.frozen_through
        if last and last not in self.layers:
            hint = nearest_name(last, self.layers)
            raise SettingsError(f"frozen_through: found {last!r}, expected a layer; {hint}")
        for part in self._frozen():
            part.requires_grad_(False)
        self.train()

    def train(self: Own, mode: bool = True) -> Own:
        """Set the mode; frozen layers stay in evaluation mode."""
        super().train(mode)
        for part in self._frozen():
            part.eval()
        return self

    def _frozen(self) -> list[nn.Module]:
        last = self.config.frozen_through
        count = self.layers.index(last) + 1 if last else 0
        return [part for layer in self.layers[:count] for part in self.parts(layer)]

    def gains(
        self, batch: Batch, score: Float[Tensor, "b bodies joints"] | None = None
    ) -> list[Tensor] | None:
        """1 + M at the levels, by the score for AT-2; None without attention."""
        masks = self._masks(batch, score, self.levels)
        return None if masks is None else [1 + mask for mask in masks]

    def mask(
        self, batch: Batch, score: Float[Tensor, "b bodies joints"] | None = None
    ) -> Float[Tensor, "b l side side"] | None:
        """The mask M in the clip's own frames and pixels; None without attention."""
        masks = self._masks(batch, score, (Level(self.config.crop, stride=1, halvings=0),))
        return None if masks is None else masks[0][:, 0]

    def _masks(
        self, batch: Batch, score: Tensor | None, levels: Sequence[Level]
    ) -> list[Tensor] | None:
        config = self.config
        if config.attention == "none":
            return None
        return attention_masks(
            batch.joints_px,
            score if config.attention == "at2" else None,
            levels=levels,
            rounding=config.radius,
            keep_odd=self.keeps_odd,
            weigh_frames=config.time_attention,
        )

    def check_clips(self, flow: Tensor) -> None:
        """`DataError` unless the clips are of the configured size."""
        expected = (self.config.clip_length, self.config.crop, self.config.crop)
        if tuple(flow.shape[2:]) != expected:
            raise DataError(
                f"clips have (l, h, w) = {tuple(flow.shape[2:])}, this network was made for "
                f"{expected}; set clip_length and crop to the data's"
            )


class FlowNetwork(Network):
    """A network on flow alone, or with the unweighted attention AT-1.

    Parameters
    ----------
    config : kept.
    trunk : made for that configuration.
    """

    config: FlowConfig

    def __init__(self, config: FlowConfig, trunk: FlowTrunk) -> None:
        super().__init__(config)
        self.flow = trunk
        self.head = trunk.make_head(trunk.outputs, config.classes)

    def features(self, batch: Batch) -> Float[Tensor, "b d"]:
        """The trunk's features."""
        features: Tensor = self.flow(batch.flow, self.flow.gains(batch))
        return features

    def attention(self, batch: Batch) -> Float[Tensor, "b l side side"] | None:
        """The mask of Eq. 3; None without attention."""
        return self.flow.mask(batch)
