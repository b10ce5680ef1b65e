"""What the solver passes around at one pyramid level, and the constants of the energy."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float32

Field = Float32[np.ndarray, "h w"]
Resized = Float32[np.ndarray, "h2 w2"]  # another level's size

LAMBDA_I = np.float32(0.04)  # weight of the image-plane motion's total variation
LAMBDA_D = np.float32(0.35)  # weight of the depth motion's total variation
MU_0 = np.float32(75.0)  # weight of depth constancy on smooth, matching depth
MU_FALL = np.float32(1000.0)  # how fast it falls with depth gradients and residual, 1/m^2
EPSILON = np.float32(1e-10)
DEPTH_BAND_M = np.float32(0.1)  # depths further apart than this are different surfaces
MEDIAN_DEPTH = np.float32(5.0)  # how fast a median weight falls with the squared depth step
MEDIAN_RESIDUAL = np.float32(10.0)  # and with the squared depth residual

# of our own presets (`robust`), chosen by end-point error on scenes with known motion
DEPTH_FILTERS = ((3, 1, 0.1), (4, 3, 0.05))  # radius, pixels between neighbors, twice the band, m
NOISE_SHARE = np.float32(0.1)  # of the noise's deviation that a depth residual shrinks by
CONTRAST = np.float32(3.3)  # gray levels; local deviation of a texture that is left as it is
SPECKLE_PX = 2  # reach of the median that flying pixels are told by
SPECKLE = np.float32(0.06)  # how far from it, as a share of their depth, they are
CONTRAST_FLOOR = np.float32(0.8)  # gray levels of contrast that count as noise
OCCLUSION = np.float32(200.0)  # how fast brightness fades with the squared depth residual, 1/m^2
VIEW_MARGIN = np.float32(0.5)  # pixels that a motion may leave the image by
LOST_M = np.float32(100.0)  # depth residual of what left it: it has no weight


class Frame(NamedTuple):
    """One frame at one pyramid level."""

    intensity: Field
    depth: Field


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


class Guess(NamedTuple):
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
