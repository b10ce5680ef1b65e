"""Which joints tell the action: the informativeness score of Eq. 2, and scores of one's own."""

from collections.abc import Sequence
from typing import Literal, Protocol, runtime_checkable

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from skelflow.io.plugins import Registry
from skelflow.models.attention.scale import Scale, scale_to_unit

Layer = Literal["sum", 1, 2, 3, 4]


def informativeness_score(
    activations: Sequence[Float[Tensor, "b filters rows"]],
    present: Bool[Tensor, "b bodies"],
    *,
    layer: Layer = "sum",
    scale: Scale = "min_max",
) -> Float[Tensor, "b bodies joints"]:
    """How much each joint's rows make the bottom filters of Res-BJCN respond, scaled to [0, 1].

    Parameters
    ----------
    activations : four (b, filters, rows) tensors
        BJCN-1..4 after batch normalization and ReLU; rows are bodies x joints x 3 axes.
    present : (b, bodies) bool
        Bodies that the sequence holds; the others take no part and score 0.
    layer : one of the four, or 'sum' of their raw responses.
    scale : 'min_max' over the joints of the present bodies, or 'max' (divide by the largest).

    Returns
    -------
    (b, bodies, joints) float. Ones where all joints respond alike, zeros for absent bodies.

    Notes
    -----
    Source: the paper's Eq. 2 and the linear normalization after it.
    """
    chosen = activations if layer == "sum" else activations[layer - 1 : layer]
    rows = torch.stack([layer_rows.sum(dim=1) for layer_rows in chosen]).sum(dim=0)
    response = rows.reshape(*present.shape, -1, 3).sum(dim=-1)
    return scale_to_unit(response, present, scale=scale)


def shuffled_score(
    activations: Sequence[Float[Tensor, "b filters rows"]],
    present: Bool[Tensor, "b bodies"],
    *,
    layer: Layer = "sum",
    scale: Scale = "min_max",
) -> Float[Tensor, "b bodies joints"]:
    """The informativeness score in another order of the joints, always the same.

    A control: attention as strong and varied, without knowing which joints tell the action.
    Arguments as of `informativeness_score`.
    """
    score = informativeness_score(activations, present, layer=layer, scale=scale)
    order = torch.randperm(score.shape[2], generator=torch.Generator().manual_seed(0))
    return score[:, :, order.to(score.device)]


@runtime_checkable
class Score(Protocol):
    """How a guide weighs the joints; `informativeness_score` is one."""

    def __call__(
        self,
        activations: Sequence[Float[Tensor, "b filters rows"]],
        present: Bool[Tensor, "b bodies"],
        *,
        layer: Layer,
        scale: Scale,
    ) -> Float[Tensor, "b bodies joints"]:
        """In [0, 1], and 0 for absent bodies; arguments as of `informativeness_score`."""


_SCORES = Registry[Score]("score")
_SCORES.add("informativeness", informativeness_score)
_SCORES.add("shuffled", shuffled_score)


def register_score(name: str, score: Score) -> None:
    """Let Res-TCN-BJCN weigh the joints by a function, as `model.score` says its name.

    Raises
    ------
    ConfigError
        The name is taken.
    """
    _SCORES.add(name, score)


def find_score(name: str) -> Score:
    """The score of that name; `ConfigError` with the nearest name if there is none."""
    return _SCORES.find(name)
