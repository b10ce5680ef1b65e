"""The pool of attended features: the values and gradients of its three steps one by one."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from skelflow.models.attention import gated_max_pool as module
from skelflow.models.attention.gated_max_pool import gated_max_pool

SIZES = [
    ((2, 3, 4, 6, 6), (2, 2, 2), False),
    ((2, 3, 5, 7, 9), (2, 2, 2), False),
    ((3, 2, 5, 7, 4), (2, 2, 2), True),
    ((2, 4, 3, 8, 6), (1, 2, 2), False),
    ((1, 1, 1, 2, 2), (2, 2, 2), True),
]


def step_by_step(y: Tensor, gain: Tensor | None, kernel: tuple[int, ...], ceil: bool) -> Tensor:
    attended = y.relu() if gain is None else gain * y.relu()
    return functional.max_pool3d(attended, kernel, ceil_mode=ceil)


def drawn(shape: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(sum(shape))
    y = torch.randn(shape, generator=generator, dtype=torch.float64)
    y[0, 0] = -1  # windows without any positive value
    gain = 1 + torch.rand((shape[0], 1, *shape[2:]), generator=generator, dtype=torch.float64)
    return y, gain


@pytest.mark.parametrize(("shape", "kernel", "ceil"), SIZES)
@pytest.mark.parametrize("attended", [False, True])
@pytest.mark.parametrize("cached_bytes", [1, 700, 10**9])
def test_gated_max_pool_equals_its_steps_in_parts_of_any_size(
    shape: tuple[int, ...],
    kernel: tuple[int, int, int],
    ceil: bool,
    attended: bool,
    cached_bytes: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "CACHED_BYTES", cached_bytes)
    y, gain = drawn(shape)
    given = (y, gain) if attended else (y,)
    upstream = None
    found = []
    for walk in (gated_max_pool, None):
        inputs = [x.clone().requires_grad_() for x in given]
        own = inputs[1] if attended else None
        if walk is not None:
            pooled = walk(inputs[0], own, kernel=kernel, ceil_mode=ceil)
        else:
            pooled = step_by_step(inputs[0], own, kernel, ceil)
        upstream = torch.randn_like(pooled) if upstream is None else upstream
        found.append([pooled.detach(), *torch.autograd.grad(pooled, inputs, upstream)])
    torch.testing.assert_close(found[0][:2], found[1][:2], rtol=0, atol=0)
    torch.testing.assert_close(found[0], found[1])


@pytest.mark.parametrize(("shape", "kernel", "ceil"), SIZES)
def test_gated_max_pool_passes_gradcheck(
    shape: tuple[int, ...], kernel: tuple[int, int, int], ceil: bool
) -> None:
    inputs = tuple(x.requires_grad_() for x in drawn(shape))
    assert torch.autograd.gradcheck(
        lambda y, gain: gated_max_pool(y, gain, kernel=kernel, ceil_mode=ceil),
        inputs,
        fast_mode=True,  # along random directions; entry by entry takes minutes
    )


@pytest.mark.parametrize(("shape", "kernel", "ceil"), SIZES)
@pytest.mark.parametrize("attended", [False, True])
def test_gated_max_pool_is_the_same_by_torchs_operations(
    shape: tuple[int, ...], kernel: tuple[int, int, int], ceil: bool, attended: bool
) -> None:
    y, gain = drawn(shape)
    own = gain if attended else None
    fused, plain = (
        gated_max_pool(y, own, kernel=kernel, ceil_mode=ceil, fused=way) for way in (True, False)
    )
    torch.testing.assert_close(plain, fused, rtol=0, atol=0)


def test_gated_max_pool_leaves_its_input_and_answers_channels_last() -> None:
    y, gain = drawn((2, 3, 4, 6, 6))
    before = y.clone()
    pooled = gated_max_pool(y, gain, kernel=(1, 2, 2))
    assert torch.equal(y, before)
    assert pooled.is_contiguous(memory_format=torch.channels_last_3d)


def test_gated_max_pool_keeps_half_precision() -> None:
    y, gain = drawn((2, 3, 4, 6, 6))
    pooled = gated_max_pool(y.bfloat16(), gain.float(), kernel=(2, 2, 2))
    assert pooled.dtype == torch.bfloat16
    exact = step_by_step(y, gain, (2, 2, 2), False)
    torch.testing.assert_close(pooled.double(), exact, rtol=0.02, atol=0)
