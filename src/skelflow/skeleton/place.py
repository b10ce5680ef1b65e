"""Where the people of a recording are: one point, by which recordings are told apart."""

import numpy as np
from jaxtyping import Float

SAME_PLACE_M = 0.05  # no farther apart: joints were rounded, or a publisher left out a body


def middle_m(joints_m: Float[np.ndarray, "*sizes 3"]) -> Float[np.ndarray, "3"]:
    """Median of all joints that are known, axis by axis, in meters; NaN where none is.

    Parameters
    ----------
    joints_m : (..., 3) float, meters; NaN = missing.

    Examples
    --------
    >>> middle_m(np.array([[0, 1, 2], [np.nan, 0, 0], [2, 1, 2]])).tolist()
    [1.0, 1.0, 2.0]
    """
    known = joints_m[np.isfinite(joints_m).all(axis=-1)]
    return np.asarray(np.median(known, axis=0)) if len(known) else np.full(3, np.nan)
