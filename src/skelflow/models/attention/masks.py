"""Attention of the skeleton on flow features: the masks of Eq. 3 and 5, applied by Eq. 4."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from skelflow.models.attention.frames import Joints, Score, frame_weights, halve_time, is_valid

Mask = Float[Tensor, "b 1 l h w"]
Rounding = Literal["round", "floor"]


class Level(NamedTuple):
    """A resolution at which features are attended to.

    Parameters
    ----------
    side : cells.
    stride : pixels of the clip a cell.
    halvings : how often time was halved.
    """

    side: int
    stride: int
    halvings: int


def disc_radius(width: int, *, rounding: Rounding = "round") -> int:
    """r = [0.05 w] pixels, the paper's radius of a characteristic area (section 4.2).

    Examples
    --------
    >>> [disc_radius(width) for width in (112, 56, 28, 14, 7)]
    [6, 3, 1, 1, 0]
    """
    return (width + 10) // 20 if rounding == "round" else width // 20


def attention_mask(
    joints_px: Joints,
    score: Score | None = None,
    *,
    height: int,
    width: int,
    stride: int = 1,
    rounding: Rounding = "round",
) -> Mask:
    """The mask M of one resolution: AT-1 (Eq. 3), or AT-2 (Eq. 5) when a score is given.

    Parameters
    ----------
    joints_px : (b, l, bodies, joints, 2) float
        (x, y) in the clip's own pixels, one for each frame of this resolution; NaN = missing.
        Positions outside the clip count as far as their disc reaches into it.
    score : (b, bodies, joints) float or None.
    height, width : of the features, cells.
    stride : pixels a cell; a joint's disc is centered on the cell that holds it.
    rounding : see `disc_radius`.

    Returns
    -------
    (b, 1, l, height, width) float, of the score's type.
        0 outside all discs; inside 1 (AT-1), or 1 + the mean score of the joints whose disc
        covers the cell (AT-2). Differentiable in the score. Shapes follow from shapes alone, so
        that the mask can be exported.

    Notes
    -----
    Source: the paper, Eq. 3 and 5; `skelflow.models.attention.reference` is the plain twin.
    """
    radius = disc_radius(width, rounding=rounding)
    x, y = torch.floor((joints_px + 0.5) / stride).unbind(dim=-1)
    near = is_valid(joints_px) & _touches(x, width, radius) & _touches(y, height, radius)
    margin = 2 * radius  # no disc that touches the image reaches out of its margin
    rows, columns = height + 2 * margin, width + 2 * margin
    center = (y.where(near, 0) + margin).long() * columns + x.where(near, 0).long() + margin
    discs = center[..., None] + _disc(radius, columns, joints_px.device)
    cells = discs.where(near[..., None], rows * columns).flatten(2)  # the others' discs: beyond
    count = _sum_in_cells(cells, torch.ones_like(cells, dtype=joints_px.dtype), rows * columns)
    if score is None:
        mask = count.clamp(max=1)
    else:
        weight = (1 + score)[:, None, :, :, None].expand(discs.shape).flatten(2)
        mask = _sum_in_cells(cells, weight, rows * columns) / count.clamp(min=1)
    inside = mask.reshape(*mask.shape[:2], rows, columns)
    return inside[:, None, :, margin : margin + height, margin : margin + width]


def attention_masks(
    joints_px: Joints,
    score: Score | None = None,
    *,
    levels: Sequence[Level],
    rounding: Rounding = "round",
    keep_odd: bool = False,
    weigh_frames: bool = False,
) -> list[Float[Tensor, "b 1 _ _ _"]]:
    """M at the resolutions of a network, each computed once.

    Parameters
    ----------
    joints_px : (b, l, bodies, joints, 2) float, in the clip's pixels; NaN = missing.
    score : (b, bodies, joints) float for AT-2, None for AT-1.
    levels : in the network's order.
    rounding : see `disc_radius`.
    keep_odd : see `halve_time`.
    weigh_frames : M of each frame times 1 + w, its weight of `frame_weights`, halved as joints are.

    Returns
    -------
    A (b, 1, l, side, side) tensor for each level.

    Notes
    -----
    Weights of frames are ours, not the paper's. They multiply M and not 1 + M, so that attention
    stays where joints are: a frame's background keeps the gain 1 however much the joints move, and
    so does a clip without a body, which 1 + M times 1 + w would lift at every layer.
    """
    masks, halved = [], 0
    weights = frame_weights(joints_px, score)[..., None, None, None] if weigh_frames else None
    for side, stride, halvings in levels:
        for _ in range(halvings - halved):
            joints_px = halve_time(joints_px, keep_odd=keep_odd)
            weights = None if weights is None else halve_time(weights, keep_odd=keep_odd)
        halved = halvings
        mask = attention_mask(
            joints_px, score, height=side, width=side, stride=stride, rounding=rounding
        )
        masks.append(mask if weights is None else mask * _times(weights))
    return masks


def attend(features: Float[Tensor, "b c l h w"], gain: Mask) -> Float[Tensor, "b c l h w"]:
    """F = (1 + M) * Y (Eq. 4), whose gradient is (1 + M) times that of Y (Eq. 6).

    Parameters
    ----------
    features : (b, c, l, h, w) float, Y; c and memory format are kept.
    gain : (b, 1, l, h, w) float, 1 + M.
    """
    return features * gain.to(features.dtype)


def _times(weights: Float[Tensor, "b l 1 1 1"]) -> Float[Tensor, "b 1 l 1 1"]:
    """1 + w; 1 where the weight is not known."""
    return 1 + weights.where(weights.isfinite(), 0).transpose(1, 2)


def _touches(cell: Tensor, size: int, radius: int) -> Tensor:
    return (cell >= -radius) & (cell < size + radius)


def _disc(radius: int, columns: int, device: torch.device) -> Int[Tensor, " cells"]:
    """Offsets of a disc's cells in an image of so many columns, row by row."""
    side = range(-radius, radius + 1)
    cells = [dy * columns + dx for dy in side for dx in side if dx**2 + dy**2 <= radius**2]
    return torch.tensor(cells, device=device)


def _sum_in_cells(
    cells: Int[Tensor, "b l n"], values: Float[Tensor, "b l n"], size: int
) -> Float[Tensor, "b l size"]:
    """Sum of the values in each cell of each image; what lies beyond is left out."""
    sums = values.new_zeros(*cells.shape[:2], size + 1)
    return sums.scatter_add(2, cells, values)[..., :size]
