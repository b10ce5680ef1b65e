"""The primal-dual iteration on tensors, every step in place in arrays made before.

u, v and w are one tensor, and what an iteration would multiply anew each time is multiplied once:
the fewer calls and passes over memory, the faster any device.
"""

from typing import NamedTuple

import torch
from jaxtyping import Float32
from torch import Tensor

from skelflow.flow import constants
from skelflow.flow.engines.torch.camera import Fields, Motion
from skelflow.flow.engines.torch.energy import Residuals

_LAMBDA_I, _LAMBDA_D = float(constants.LAMBDA_I), float(constants.LAMBDA_D)
_MU_0, _MU_FALL = float(constants.MU_0), float(constants.MU_FALL)
_EPSILON = float(constants.EPSILON)


class Steps(NamedTuple):
    """Weights and preconditioned step sizes at one level, multiplied out.

    `rx`, `ry` are zero in the last column and row, where no forward difference exists.
    """

    sigma: Fields  # sigma_d * mu
    rx: Fields
    ry: Fields
    coupling: Motion  # tau mu (Zx, Zy, -1)
    smoothing: Motion  # tau lambda
    brightness: Float32[Tensor, "2 b h w"]  # tau (Ix, Iy)
    shrink: Fields  # 1 / (tau_u Ix^2 + tau_v Iy^2)


class State(NamedTuple):
    """Primal variables, their extrapolation and duals; `start` (u0, v0, 0) is frozen."""

    start: Motion
    motion: Motion
    bar: Motion
    p_d: Fields
    p_x: Motion
    p_y: Motion


def steps(residuals: Residuals, rx: Fields, ry: Fields, *, step_ratio: float = 1.0) -> Steps:
    """Depth weight mu and step sizes of the diagonal preconditioning.

    Twin of `skelflow.flow.engines.numpy.energy.steps`.
    """
    q = residuals
    mean = rx + ry
    mean[:, :, 1:].add_(rx[:, :, :-1])
    mean[:, 1:].add_(ry[:, :-1])
    rx, ry = rx.clone(), ry.clone()
    rx[:, :, -1].zero_()
    ry[:, -1].zero_()
    z_x, z_y = q.Zx.abs(), q.Zy.abs()
    mu = _MU_0 / (1 + _MU_FALL * (z_x * z_x + z_y * z_y + q.Zt * q.Zt))
    tau_u = step_ratio / (mu * z_x + _LAMBDA_I * mean + _EPSILON)
    tau_v = step_ratio / (mu * z_y + _LAMBDA_I * mean + _EPSILON)
    tau_w = step_ratio / (mu + _LAMBDA_D * mean + _EPSILON)
    return Steps(
        sigma=mu / (mu * (1 + z_x + z_y) + _EPSILON) / step_ratio,
        rx=rx,
        ry=ry,
        coupling=torch.stack((tau_u * mu * q.Zx, tau_v * mu * q.Zy, -tau_w * mu)),
        smoothing=torch.stack((tau_u * _LAMBDA_I, tau_v * _LAMBDA_I, tau_w * _LAMBDA_D)),
        brightness=torch.stack((tau_u * q.Ix, tau_v * q.Iy)),
        shrink=1 / (tau_u * q.Ix * q.Ix + tau_v * q.Iy * q.Iy + _EPSILON),
    )


def iterate(
    state: State, residuals: Residuals, weights: Steps, count: int, *, step_ratio: float = 1.0
) -> State:
    """`count` primal-dual iterations (Chambolle-Pock, theta = 1); writes over `state`'s arrays."""
    spare, scratch = torch.empty_like(state.motion), torch.empty_like(state.motion)
    for _ in range(count):
        ascend(state, residuals, weights, spare, scratch, step_ratio=step_ratio)
        descend(state, residuals, weights, spare, scratch)
        state, spare = state._replace(motion=spare), state.motion
    return state


def ascend(
    state: State,
    residuals: Residuals,
    weights: Steps,
    spare: Motion,
    scratch: Motion,
    *,
    step_ratio: float = 1.0,
) -> None:
    """Dual step; writes over `spare` and `scratch`.

    Twin of `skelflow.flow.engines.numpy.energy.ascend`.
    """
    s, q = state, residuals
    rho = torch.addcmul(q.Zt, q.Zx, s.bar[0], out=scratch[0])
    rho.addcmul_(q.Zy, s.bar[1]).sub_(s.bar[2])
    s.p_d.addcmul_(weights.sigma, rho).clamp_(-1, 1)
    total = torch.add(s.start, s.bar, out=spare)
    step = torch.sub(total[..., 1:], total[..., :-1], out=scratch[..., :-1])
    s.p_x[..., :-1].add_(step, alpha=0.5 / step_ratio)
    step = torch.sub(total[..., 1:, :], total[..., :-1, :], out=scratch[..., :-1, :])
    s.p_y[..., :-1, :].add_(step, alpha=0.5 / step_ratio)
    length = torch.mul(s.p_x, s.p_x, out=scratch)
    length.addcmul_(s.p_y, s.p_y).sqrt_().clamp_(min=1)
    s.p_x.div_(length)
    s.p_y.div_(length)


def divergence(p_x: Motion, p_y: Motion, rx: Fields, ry: Fields, *, out: Motion) -> Motion:
    """Negative adjoint of the gradient, of u, v and w at once.

    Twin of `skelflow.flow.engines.numpy.energy.divergence`.
    """
    torch.mul(p_x, rx, out=out)
    out.addcmul_(p_y, ry)
    out[..., 1:].addcmul_(p_x[..., :-1], rx[..., :-1], value=-1)
    out[..., 1:, :].addcmul_(p_y[..., :-1, :], ry[..., :-1, :], value=-1)
    return out


def descend(
    state: State, residuals: Residuals, weights: Steps, new: Motion, scratch: Motion
) -> None:
    """Primal step; the moved motion goes to `new`, `bar` is updated.

    Twin of `skelflow.flow.engines.numpy.energy.descend`.
    """
    s, q, k = state, residuals, weights
    spread = divergence(s.p_x, s.p_y, k.rx, k.ry, out=scratch)
    torch.addcmul(s.motion, k.coupling, s.p_d, value=-1, out=new)
    new.addcmul_(k.smoothing, spread)
    pull = torch.addcmul(q.It, q.Ix, new[0], out=scratch[0])
    pull.addcmul_(q.Iy, new[1]).mul_(k.shrink).clamp_(-1, 1)
    new[:2].addcmul_(k.brightness, pull, value=-1)
    torch.lerp(s.motion, new, 2.0, out=s.bar)
