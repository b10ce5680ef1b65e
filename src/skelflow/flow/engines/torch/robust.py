"""What our own presets add to the authors' method, on tensors: filters, reweighted residuals.

The names and, to rounding, the results of `skelflow.flow.engines.numpy.robust`. No operation
depends on a value, so that a device is never waited for.
"""

import torch
from jaxtyping import Bool
from torch import Tensor
from torch.nn.functional import pad

from skelflow.flow import constants
from skelflow.flow.engines.numpy import robust
from skelflow.flow.engines.torch.camera import Fields, Motion
from skelflow.flow.engines.torch.energy import FrameBatch, Residuals

_CONTRAST, _FLOOR = float(constants.CONTRAST), float(constants.CONTRAST_FLOOR)
_NOISE_SHARE, _OCCLUSION = float(constants.NOISE_SHARE), float(constants.OCCLUSION)
_SPECKLE = float(constants.SPECKLE)
_LOST_M, _MARGIN = float(constants.LOST_M), float(constants.VIEW_MARGIN)
_NOWHERE_M = 1e6  # a neighbor that is null or out of the image: no mean with it is near a pixel


def smooth(frames: FrameBatch) -> tuple[FrameBatch, Fields]:
    """Frames with less noise, and the variance of their depth's noise.

    Twin of `skelflow.flow.engines.numpy.robust.smooth`.
    """
    fine, coarse = constants.DEPTH_FILTERS
    depth, noise = smooth_depth(frames.depth, *fine)
    depth, _ = smooth_depth(depth, *coarse)
    return FrameBatch(soften(frames.intensity), depth), noise


def soften(image: Fields) -> Fields:
    """The 3x3 binomial mean; the border is repeated.

    Twin of `skelflow.flow.engines.numpy.robust.soften`.
    """
    padded = pad(image, (1, 1, 1, 1), mode="replicate")
    rows = torch.add(padded[:, :-2], padded[:, 1:-1], alpha=2).add_(padded[:, 2:]).div_(4)
    columns = torch.add(rows[..., :-2], rows[..., 1:-1], alpha=2)
    return columns.add_(rows[..., 2:]).div_(4)


def smooth_depth(depth: Fields, radius: int, step: int, band: float) -> tuple[Fields, Fields]:
    """Depth without noise, and that noise's variance.

    Twin of `skelflow.flow.engines.numpy.robust.smooth_depth`.
    """
    height, width = depth.shape[1:]
    null, reach = depth <= 0, radius * step
    padded = pad(depth.masked_fill(null, _NOWHERE_M), (reach,) * 4, value=_NOWHERE_M)
    weight, moment, square = (torch.zeros_like(depth) for _ in range(3))
    bend, near = torch.empty_like(depth), torch.empty_like(depth)
    whole = depth.new_ones(())
    for down, right in robust.pairs(radius):
        y, x = down * step, right * step
        one = padded[:, reach + y : reach + y + height, reach + x : reach + x + width]
        other = padded[:, reach - y : reach - y + height, reach - x : reach - x + width]
        torch.add(one, other, out=bend).sub_(depth, alpha=2)
        torch.addcmul(whole, bend, bend, value=-1 / band**2, out=near).clamp_(min=0)
        weight.add_(near)
        moment.add_(near.mul_(bend))
        square.addcmul_(near, bend)
    smoothed = torch.div(moment, (2 * weight).add_(1), out=near).add_(depth)
    some = weight.clamp_(min=1e-6)
    mean = moment.div_(some)
    variance = square.div_(some).addcmul_(mean, mean, value=-1).clamp_(min=0).div_(2)
    return smoothed.masked_fill_(null, 0), variance.masked_fill_(null, 0)


def despeckle(depth: Fields) -> Fields:
    """Depth without flying pixels.

    Twin of `skelflow.flow.engines.numpy.robust.despeckle`.
    """
    height, width = depth.shape[1:]
    reach = constants.SPECKLE_PX
    padded = pad(depth.masked_fill(depth <= 0, torch.nan), (reach,) * 4, value=torch.nan)
    side = range(2 * reach + 1)
    taps = torch.stack([padded[:, y : y + height, x : x + width] for y in side for x in side])
    median = taps.nanmedian(dim=0).values
    flies = (median - depth).abs_() > _SPECKLE * depth  # never true of NaN
    return torch.where(flies & (depth > 0), median, depth)


def contrast_gain(image: Fields) -> Fields:
    """What makes brightness count alike on faint and on strong texture.

    Twin of `skelflow.flow.engines.numpy.robust.contrast_gain`.
    """
    height, width = image.shape[1:]
    padded = pad(image, (1, 1, 1, 1), mode="replicate")
    mean, variance = torch.zeros_like(image), torch.zeros_like(image)
    for y in range(3):
        for x in range(3):
            tap = padded[:, y : y + height, x : x + width] - image
            mean.add_(tap, alpha=1 / 9)
            variance.addcmul_(tap, tap, value=1 / 9)
    variance.addcmul_(mean, mean, value=-1).clamp_(min=0)
    return variance.add_(_FLOOR * _FLOOR).rsqrt_().mul_(_CONTRAST)


def reweight(
    residuals: Residuals, start: Motion, depth: Fields, gain: Fields, noise: Fields
) -> Residuals:
    """Residuals weighted by their reliability.

    Twin of `skelflow.flow.engines.numpy.robust.reweight`.

    Writes over `residuals` and returns them. `noise` may be one value for many pixels.
    """
    q, outside = residuals, _outside(start)
    square = (q.Zt * q.Zt).clamp_(min=1e-12)
    share = torch.div(noise, square, out=square).mul_(-_NOISE_SHARE * _NOISE_SHARE).add_(1)
    q.Zt.mul_(share.clamp_(min=0))
    disagreement = (q.Zt - start[2]).masked_fill_(depth <= 0, 0)
    brightness = gain / disagreement.mul_(disagreement).mul_(_OCCLUSION).add_(1)
    brightness.masked_fill_(outside, 0)
    for field in (q.It, q.Ix, q.Iy):
        field.mul_(brightness)
    q.Zt.masked_fill_(outside, _LOST_M)
    for slope in (q.Zx, q.Zy):
        slope.masked_fill_(outside, 0)
    return q


def _outside(start: Motion) -> Bool[Tensor, "b h w"]:
    height, width = start.shape[2:]
    columns = torch.arange(width, dtype=start.dtype, device=start.device)
    rows = torch.arange(height, dtype=start.dtype, device=start.device)
    across = _leaves(columns + start[0], width)
    return across.logical_or_(_leaves(rows[:, None] + start[1], height))


def _leaves(place: Fields, count: int) -> Bool[Tensor, "b h w"]:
    return (place < -_MARGIN).logical_or_(place > count - 1 + _MARGIN)
