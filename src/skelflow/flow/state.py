"""What a solver passes around at one pyramid level."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float32

Field = Float32[np.ndarray, "h w"]
Resized = Float32[np.ndarray, "h2 w2"]  # another level's size


class PyramidFrame(NamedTuple):
    """One frame at one pyramid level."""

    intensity: Field
    depth: Field


class Motion(NamedTuple):
    """Motion in the image and in depth: pixels right and down, meters away."""

    u: Field
    v: Field
    w: Field


class Residuals(NamedTuple):
    """Linearized constancy at one level: `I_t + I_x u + I_y v`, `Z_t + Z_x u + Z_y v - w`."""

    It: Field
    Ix: Field
    Iy: Field
    Zt: Field
    Zx: Field
    Zy: Field


class Steps(NamedTuple):
    """Weights and preconditioned step sizes at one level.

    `rx`, `ry` are zero in the last column and row, where no forward difference exists.
    """

    mu: Field
    sigma: Field  # sigma_d * mu
    rx: Field
    ry: Field
    tau_u: Field
    tau_v: Field
    tau_w: Field
    shrink: Field  # 1 / (tau_u Ix^2 + tau_v Iy^2)


class State(NamedTuple):
    """Primal variables, their extrapolations (`_bar`) and duals; `u0`, `v0` are frozen."""

    u0: Field
    v0: Field
    u: Field
    v: Field
    w: Field
    u_bar: Field
    v_bar: Field
    w_bar: Field
    p_d: Field
    p_ux: Field
    p_uy: Field
    p_vx: Field
    p_vy: Field
    p_wx: Field
    p_wy: Field


class Estimate(NamedTuple):
    """The ten fields that travel from one level to the next finer one."""

    u: Field
    v: Field
    w: Field
    p_d: Field
    p_ux: Field
    p_uy: Field
    p_vx: Field
    p_vy: Field
    p_wx: Field
    p_wy: Field
