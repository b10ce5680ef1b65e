"""Joints over the frames of a clip: time halved as the network halves it, and frames weighed."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from skelflow.models.attention.scale import scale_to_unit

Joints = Float[Tensor, "b l bodies joints 2"]
Score = Float[Tensor, "b bodies joints"]


def is_valid(joints_px: Float[Tensor, "b l bodies joints n"]) -> Bool[Tensor, "b l bodies joints"]:
    """Which joints are there."""
    return joints_px.isfinite().all(dim=-1)


def halve_time(
    values: Float[Tensor, "b l bodies joints n"], *, keep_odd: bool = False
) -> Float[Tensor, "b half bodies joints n"]:
    """Midpoints of each two frames; of one that is missing, the other.

    Parameters
    ----------
    values : (b, l, bodies, joints, n) float, such as positions; NaN = missing.
    keep_odd : an odd last frame stays, by itself; otherwise it goes.

    Returns
    -------
    (b, l // 2, bodies, joints, n) float, l // 2 rounded up with `keep_odd`; NaN where both are
        missing.
    """
    if keep_odd and values.shape[1] % 2:
        values = torch.cat((values, values[:, -1:]), dim=1)
    length = values.shape[1] // 2 * 2
    early, late = values[:, 0:length:2], values[:, 1:length:2]
    early_valid, late_valid = is_valid(early)[..., None], is_valid(late)[..., None]
    either = torch.where(early_valid, early, late)
    return torch.where(early_valid & late_valid, (early + late) / 2, either)


def frame_weights(joints_px: Joints, score: Score | None = None) -> Float[Tensor, "b l"]:
    """How much the joints move in each frame of a clip, the informative ones more, in [0, 1].

    Parameters
    ----------
    joints_px : (b, l, bodies, joints, 2) float, (x, y) in the clip's pixels; NaN = missing.
    score : (b, bodies, joints) float for AT-2; None = all joints count alike, for AT-1.

    Returns
    -------
    (b, l) float. The sum over the joints of score times distance to the next frame's place, scaled
        from the least to the largest of the clip to 0 to 1; ones where all frames are alike. A
        joint that is missing in the next frame counts by its distance from the frame before, as
        the last frame does; one that is missing in both counts nothing. NaN where no joint's
        motion is known. Differentiable in the score.

    Notes
    -----
    Ours. The paper weighs joints and leaves to later work that frames tell the action unequally.
    `skelflow.models.attention.reference` is the plain twin.
    """
    distance = _distances(joints_px)
    known = distance.isfinite()
    distance = distance.where(known, 0)
    motion = distance if score is None else score[:, None] * distance
    frames = known.any(dim=3).any(dim=2)
    weights = scale_to_unit(motion.sum(dim=(2, 3))[..., None], frames, scale="min_max")[..., 0]
    return weights.where(frames, torch.nan)


def _distances(joints_px: Joints) -> Float[Tensor, "b l bodies joints"]:
    """Of each joint in pixels, to the next frame's place or else from the one before's; or NaN."""
    both = is_valid(joints_px[:, 1:]) & is_valid(joints_px[:, :-1])
    moved = (joints_px[:, 1:] - joints_px[:, :-1]).where(both[..., None], 0)
    step = torch.linalg.vector_norm(moved, dim=-1).where(both, torch.nan)
    nothing = torch.full_like(joints_px[:, :1, :, :, 0], torch.nan)
    ahead, behind = torch.cat((step, nothing), dim=1), torch.cat((nothing, step), dim=1)
    return torch.where(ahead.isfinite(), ahead, behind)
