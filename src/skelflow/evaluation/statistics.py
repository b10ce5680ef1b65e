"""How far a share would move if other recordings had been drawn."""

import numpy as np
from jaxtyping import Float64
from scipy import stats

Values = Float64[np.ndarray, " recordings"]
RESAMPLES = 9999


def bootstrap_interval(values: Values) -> tuple[float, float]:
    """95 % percentile bootstrap interval of the mean, by drawing recordings anew.

    Examples
    --------
    >>> low, high = bootstrap_interval(np.float64([1, 1, 1, 0]))
    >>> (low, high)
    (0.25, 1.0)
    """
    if np.ptp(values) == 0:
        return float(values[0]), float(values[0])
    found = stats.bootstrap(
        (values,),
        np.mean,
        n_resamples=RESAMPLES,
        method="percentile",
        rng=np.random.default_rng(0),
        batch=1000,
    )
    return float(found.confidence_interval.low), float(found.confidence_interval.high)
