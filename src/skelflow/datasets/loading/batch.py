"""The named tuple of tensors that data loaders give to networks."""

from typing import NamedTuple

from torch import Tensor


class Batch(NamedTuple):
    """Clips with the skeletons of their sequences; the axis `b` is absent in a single item.

    Parameters
    ----------
    flow : (b, 3, l, h, w) float32
        Colored scene flow in [-1, 1]: (value - 128) / 127. Shape (b, 0) where nothing reads it.
    joints_px : (b, l, bodies, joints, 2) float32
        (x, y) in the clip's own pixels after the crop, one for each flow frame; NaN = missing.
    joints_m : (b, frames, bodies, joints, 3) float32
        Meters in the camera's frame, the whole sequence; NaN = missing, and after its end.
    label : (b,) int64, class index from 0.
    index : (b,) int64, number of the sequence the clip was cut from.
    """

    flow: Tensor
    joints_px: Tensor
    joints_m: Tensor
    label: Tensor
    index: Tensor  # type: ignore[assignment]  # hides tuple.index
