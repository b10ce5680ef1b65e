"""From motion in the image to motion in space, compiled."""

from typing import Any, no_type_check

import numpy as np

from skelflow.flow.engines.jit import compiled, on_rows, pointer
from skelflow.flow.engines.numba.row_layout import GUARD, U_BAR, V_BAR, W_BAR

_ZERO = np.float32(0)


@compiled
@no_type_check
def lift(
    rows: Any,
    depth: Any,
    focal: Any,
    x_rays: Any,
    y_rays: Any,
    exact: Any,
    flow: Any,
    first: Any,
    last: Any,
) -> None:
    """Motion in pixels and depth to motion in meters.

    Twin of `skelflow.flow.engines.numpy.energy.lift`. Reads the filtered motion that `median`
    leaves in the place of the extrapolations.
    """
    fx, fy = focal
    for y in range(first, last):
        lift_row(
            pointer(flow, y, 0, 0),
            pointer(rows, y, U_BAR, GUARD),
            pointer(rows, y, V_BAR, GUARD),
            pointer(rows, y, W_BAR, GUARD),
            pointer(depth, y, 0),
            fx,
            fy,
            pointer(x_rays, 0),
            y_rays[y],
            exact,
            flow.shape[1],
        )


@on_rows
@no_type_check
def lift_row(
    flow: Any,
    u: Any,
    v: Any,
    w: Any,
    depth: Any,
    fx: Any,
    fy: Any,
    x_rays: Any,
    y_ray: Any,
    exact: Any,
    width: Any,
) -> None:
    """`lift` of one row."""
    for x in range(width):
        z = depth[x]
        reach = z + w[x] if exact else z
        flow[3 * x] = reach * u[x] / fx + w[x] * x_rays[x] if z > _ZERO else _ZERO
        flow[3 * x + 1] = reach * v[x] / fy + w[x] * y_ray if z > _ZERO else _ZERO
        flow[3 * x + 2] = w[x] if z > _ZERO else _ZERO
