"""How one pyramid level lies in memory: all fields of an image row side by side.

An iteration reads thirty fields of a pixel at once. In arrays of their own, whose sizes are often
multiples of a page, all thirty would compete for the same few places of the nearest cache.
"""

import numpy as np
from jaxtyping import Float32

LINE = 16  # floats of a cache line
GUARD = LINE  # zeros before each row of a field

_NAMES = (
    *("u", "v", "w", "u_bar", "v_bar", "w_bar"),
    *("p_d", "p_ux", "p_uy", "p_vx", "p_vy", "p_wx", "p_wy"),
    *("It", "Ix", "Iy", "Zt", "Zx", "Zy"),
    *("mu", "sigma", "rx", "ry", "tau_u", "tau_v", "tau_w", "shrink"),
    *("u0", "v0", "misfit"),
)
COUNT = len(_NAMES)
(U, V, W, U_BAR, V_BAR, W_BAR, P_D, P_UX, P_UY, P_VX, P_VY, P_WX, P_WY) = range(13)
(IT, IX, IY, ZT, ZX, ZY, MU, SIGMA, RX, RY, TAU_U, TAU_V, TAU_W, SHRINK) = range(13, 27)
(U0, V0, MISFIT) = range(27, COUNT)
CHANGING = IT  # the fields before this one change from iteration to iteration

Rows = Float32[np.ndarray, "h fields stride"]
View = Float32[np.ndarray, "h w"]


def allocate(height: int, width: int) -> Rows:
    """Rows of all fields, zero, each field's row at the start of a cache line.

    Zeros before a row stand for the missing left neighbor; the place after it is for the missing
    right one.
    """
    lines = 1 + (width // LINE + 1) | 1  # odd, so that no two fields share a place in the cache
    stride = lines * LINE
    flat = np.zeros(height * COUNT * stride + LINE, np.float32)
    start = -(flat.ctypes.data // flat.itemsize) % LINE
    return flat[start : start + height * COUNT * stride].reshape(height, COUNT, stride)


def view(rows: Rows, field: int, width: int) -> View:
    """One field as an image."""
    return rows[:, field, GUARD : GUARD + width]


def named(rows: Rows, width: int) -> dict[str, View]:
    """Every field as an image, by its name."""
    return {name: view(rows, field, width) for field, name in enumerate(_NAMES)}
