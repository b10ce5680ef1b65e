"""From motion in the image to motion in space, compiled."""

from typing import Any, no_type_check

import numpy as np

from skelflow.flow.engines.jit import compiled, on_rows
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
    width = flow.shape[1]
    a, b = GUARD, GUARD + width
    for y in range(first, last):
        row = rows[y]
        motion = row[U_BAR, a:b], row[V_BAR, a:b], row[W_BAR, a:b]
        lift_row(flow[y], motion, depth[y], fx, fy, x_rays, y_rays[y], exact)


@on_rows
@no_type_check
def lift_row(
    flow: Any, motion: Any, depth: Any, fx: Any, fy: Any, x_rays: Any, y_ray: Any, exact: Any
) -> None:
    """`lift` of one row."""
    u, v, w = motion
    for x in range(flow.shape[0]):
        z = depth[x]
        reach = z + w[x] if exact else z
        flow[x, 0] = reach * u[x] / fx + w[x] * x_rays[x] if z > _ZERO else _ZERO
        flow[x, 1] = reach * v[x] / fy + w[x] * y_ray if z > _ZERO else _ZERO
        flow[x, 2] = w[x] if z > _ZERO else _ZERO
