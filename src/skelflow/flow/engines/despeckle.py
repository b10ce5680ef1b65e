"""Flying pixels out of depth, compiled; images made of depth need it as well as solvers."""

from typing import Any, no_type_check

import numpy as np

from skelflow.flow.constants import SPECKLE, SPECKLE_PX
from skelflow.flow.engines.jit import compiled, inner

_ZERO = np.float32(0)


@compiled
@no_type_check
def despeckle(depth: Any, cleaned: Any, first: Any, last: Any) -> None:
    """Depth without flying pixels; sorts only where few neighbors are near.

    Twin of `skelflow.flow.engines.numpy.robust.despeckle`.
    """
    height, width = depth.shape
    taps = np.empty((2 * SPECKLE_PX + 1) ** 2, np.float32)
    for y in range(first, last):
        top, bottom = max(y - SPECKLE_PX, 0), min(y + SPECKLE_PX + 1, height)
        for x in range(width):
            center = depth[y, x]
            cleaned[y, x] = center
            if center > _ZERO:
                known = near = 0
                for v in range(top, bottom):
                    for u in range(max(x - SPECKLE_PX, 0), min(x + SPECKLE_PX + 1, width)):
                        if depth[v, u] > _ZERO:
                            taps[known] = depth[v, u]
                            known += 1
                            near += abs(depth[v, u] - center) <= SPECKLE * center
                if 2 * near <= known:  # else the median is one of the near ones
                    median = _lower_median(taps, known)
                    if abs(median - center) > SPECKLE * center:
                        cleaned[y, x] = median


@inner
@no_type_check
def _lower_median(taps: Any, count: Any) -> Any:
    """The lower median of the first `count` taps, which are sorted in place by insertion."""
    for end in range(1, count):
        value, place = taps[end], end
        while place > 0 and taps[place - 1] > value:
            taps[place] = taps[place - 1]
            place -= 1
        taps[place] = value
    return taps[(count - 1) // 2]
