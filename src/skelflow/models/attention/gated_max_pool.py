"""Max pooling of features that attention multiplies, and gains that keep their strength."""

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional

Kernel = tuple[int, int, int]
Part = tuple[slice, slice, slice]
Gain = Float[Tensor, "b 1 l h w"]

CACHED_BYTES = 4_000_000  # of features at once on a processor, so that its caches hold them


def gated_max_pool(
    features: Float[Tensor, "b c l h w"],
    gain: Gain | None,
    *,
    kernel: Kernel,
    ceil_mode: bool = False,
    fused: bool = True,
) -> Float[Tensor, "b c _ _ _"]:
    """Max pool of relu(features) * gain: F = (1 + M) * Y (Eq. 4) and the pool that follows it.

    Parameters
    ----------
    features : (b, c, l, h, w) float, before the ReLU.
    gain : (b, 1, l, h, w) float, 1 + M, positive; None = 1.
    kernel : of the pool, which steps as far.
    ceil_mode : the last, incomplete windows count too.
    fused : compute in one pass, with a backward pass of its own that keeps less; False = by
        torch's operations one after the other, which can be exported.

    Returns
    -------
    (b, c, l', h', w') float, the same values either way, in the channels-last format if fused.
        Differentiable in the features and in the gain, if fused once.

    Notes
    -----
    max relu(gain * y) = relu(max gain * y), so that the ReLU has a quarter or an eighth of the
    work, and a backward pass needs only where the maxima were: the features are not kept. Fused,
    a few frames at a time are multiplied and pooled while they are in the processor's cache.
    """
    if fused:
        pooled: Tensor = _GatedMaxPool.apply(  # type: ignore[no-untyped-call]
            features, gain, kernel, ceil_mode
        )
        return pooled
    gated = features if gain is None else features * gain.to(features.dtype)
    if ceil_mode:  # incomplete windows alone: OpenVINO knows no window larger than what is pooled
        kernel = _no_larger(kernel, features.shape[2:])
    return functional.max_pool3d(gated, kernel, ceil_mode=ceil_mode).relu()


def rms_preserving_gain(features: Float[Tensor, "b c l h w"], gain: Gain) -> Gain:
    """`gain` times one constant a sample, so that F = gain * Y keeps the root mean square of Y.

    The gain is differentiated, the constant is not.

    Parameters
    ----------
    features : (b, c, l, h, w) float; Y is their ReLU.
    gain : (b, 1, l, h, w) float, 1 + M.
    """
    return gain * _rms_factor(features, gain)[:, None, None, None, None]


@torch.no_grad()
def _rms_factor(features: Tensor, gain: Tensor) -> Float[Tensor, " b"]:
    """Of each sample the root mean square of Y, in parts of that of gain * Y."""
    energy = torch.linalg.vector_norm(features.float().relu(), dim=1).square().to(gain.dtype)
    before = energy.sum(dim=(1, 2, 3))
    after = (energy * gain.squeeze(1).square()).sum(dim=(1, 2, 3))
    return torch.where(after > 0, before / after, 1).sqrt()


class _GatedMaxPool(torch.autograd.Function):
    """Keeps the maxima and their places; from these alone it computes the gradients."""

    @staticmethod
    def forward(
        ctx: Any, features: Tensor, gain: Tensor | None, kernel: Kernel, ceil_mode: bool
    ) -> Tensor:
        shape = _pooled_shape(features.shape, kernel, ceil_mode)
        pooled = _channels_last(features, shape)
        places = torch.empty_like(pooled, dtype=torch.int64)
        for there, here in _parts(features, kernel, ceil_mode):
            part = features[there] if gain is None else features[there] * gain[there].to(features)
            pooled[here], places[here] = functional.max_pool3d_with_indices(
                part, kernel, ceil_mode=ceil_mode
            )
        pooled.clamp_min_(0)
        ctx.save_for_backward(pooled, places, gain)
        ctx.shape, ctx.kernel, ctx.ceil_mode = features.shape, kernel, ceil_mode
        return pooled

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor | None, None, None]:
        pooled, places, gain = ctx.saved_tensors
        grad = torch.where(pooled > 0, grad, 0)
        to_gain = torch.zeros_like(gain) if ctx.needs_input_grad[1] else None
        to_features = _channels_last(grad, ctx.shape)
        to_features[:, :, pooled.shape[2] * ctx.kernel[0] :] = 0  # frames that no window holds
        for there, here in _parts(to_features, ctx.kernel, ctx.ceil_mode):
            part, pool = to_features[there], (ctx.kernel, ctx.ceil_mode, places[here])
            spread = _unpool(grad[here], part, *pool)
            if to_gain is not None:  # a maximum is gain * y, and y is not kept
                moment = _unpool(grad[here] * pooled[here], part, *pool)
                to_gain[there] = moment.sum(dim=1, keepdim=True) / gain[there]
            if gain is None:
                part.copy_(spread)
            else:
                torch.mul(spread, gain[there].to(spread), out=part)
        return to_features, to_gain, None, None


def _unpool(grad: Tensor, like: Tensor, kernel: Kernel, ceil_mode: bool, places: Tensor) -> Tensor:
    """Every value at the place of its maximum, in a tensor of the shape of `like`."""
    spread: Tensor = torch.ops.aten.max_pool3d_with_indices_backward(
        grad, like, kernel, kernel, (0, 0, 0), (1, 1, 1), ceil_mode, places
    )
    return spread


def _no_larger(kernel: Kernel, sides: Sequence[int]) -> Kernel:
    length, height, width = (min(k, n) for k, n in zip(kernel, sides, strict=True))
    return length, height, width


def _pooled_shape(shape: Sequence[int], kernel: Kernel, ceil_mode: bool) -> list[int]:
    more = [side - 1 if ceil_mode else 0 for side in kernel]
    sides = [(n + m) // k for n, m, k in zip(shape[2:], more, kernel, strict=True)]
    return [*shape[:2], *sides]


def _channels_last(like: Tensor, shape: Sequence[int]) -> Tensor:
    return torch.empty(
        shape, dtype=like.dtype, device=like.device, memory_format=torch.channels_last_3d
    )


def _parts(features: Tensor, kernel: Kernel, ceil_mode: bool) -> Iterator[tuple[Part, Part]]:
    """What is pooled at once: samples or runs of their frames, and where their maxima go."""
    frames = _pooled_shape(features.shape, kernel, ceil_mode)[2]
    samples, run = len(features), frames
    if features.device.type == "cpu":
        window_bytes = features[0, :, : kernel[0]].numel() * features.element_size()
        run = min(frames, max(1, CACHED_BYTES // window_bytes))
        samples = max(1, CACHED_BYTES // (window_bytes * frames))
    everything = slice(None)
    for first in range(0, len(features), samples):
        own = slice(first, first + samples)
        for start in range(0, frames, run):
            end = min(start + run, frames)
            there = slice(start * kernel[0], end * kernel[0])
            yield (own, everything, there), (own, everything, slice(start, end))
